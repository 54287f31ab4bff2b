"""The report of a fitted model.

Comes in: a frozen `FittedModel`, rows with what is known of them, a profile. Goes out: one dict of facts, and it as HTML, Markdown, JSON and text.
Never knows about: estimators.
"""

from motifnet.report._report import Report, check_target, make_report, suffix_of
from motifnet.report._words import inputs, privacy, summary

__all__ = ["Report", "check_target", "inputs", "make_report", "privacy", "suffix_of", "summary"]
