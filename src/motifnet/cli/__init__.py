"""The command line: motifnet fit | predict | report | show | export | compress | compare | profile, one file a command.

Comes in: arguments and files. Goes out: files, text, and an exit code. Never holds: anything that Python users would miss.
"""

from motifnet.cli._main import main

__all__ = ["main"]
