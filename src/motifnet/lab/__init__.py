"""The experiments of the theory, one figure a file, each with a comparison to its closed form.

Comes in: a folder and whether to be quick. Goes out: figures, facts as JSON, a page. Never knows
about: the command line.
"""

from motifnet.lab._fig7 import draw_arrivals, draw_errors
from motifnet.lab._figure import Check, Estimate, Facts, exponent, files, panels, ratio, slope
from motifnet.lab._registry import FIGURES, figures, write_page

__all__ = [
    "FIGURES",
    "Check",
    "Estimate",
    "Facts",
    "draw_arrivals",
    "draw_errors",
    "exponent",
    "figures",
    "files",
    "panels",
    "ratio",
    "slope",
    "write_page",
]
