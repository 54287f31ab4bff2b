"""The theory's experiments, one figure a file, each with a comparison to its closed form.

Comes in: a folder and whether to be quick. Goes out: figures, facts as JSON, a page. Never knows about: the command line.
"""

from motifnet.lab._facts import Check, Facts
from motifnet.lab._page import write_page
from motifnet.lab._registry import FIGURES, figures

__all__ = ["FIGURES", "Check", "Facts", "figures", "write_page"]
