"""The report of a fitted model.

Comes in: a frozen `FittedModel`, `Evidence` and a profile. Goes out: one dict of facts, shown as
HTML, Markdown, JSON and text. Never knows about: fits, estimators.
"""

from motifnet.model.report._facts import held_out_scores
from motifnet.model.report._report import Report, check_target, make_report, suffix_of
from motifnet.model.report._words import inputs, privacy, summary

__all__ = [
    "Report",
    "check_target",
    "held_out_scores",
    "inputs",
    "make_report",
    "privacy",
    "suffix_of",
    "summary",
]
