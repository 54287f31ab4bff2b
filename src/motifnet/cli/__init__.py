"""The command line; `motifnet --help` lists the commands.

Comes in: arguments and files. Goes out: files, text, and an exit code. Never holds: anything that
Python users would miss.
"""

from motifnet.cli._main import main

__all__ = ["main"]
