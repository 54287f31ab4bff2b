"""The report of a fitted model.

Comes in: a frozen `FittedModel`, `Evidence` and a profile. Goes out: one dict of facts, shown as
HTML, Markdown, JSON and text; the style and the axes of pages. Never knows about: fits, estimators.
"""

from motifnet.model.report._facts import held_out_scores
from motifnet.model.report._notebook import fitted_html, show_calibration
from motifnet.model.report._report import Report, check_target, make_report, page_style
from motifnet.model.report._svg import Plot
from motifnet.model.report._words import inputs, privacy, summary

__all__ = [
    "Plot",
    "Report",
    "check_target",
    "fitted_html",
    "held_out_scores",
    "inputs",
    "make_report",
    "page_style",
    "privacy",
    "show_calibration",
    "summary",
]
