"""Other methods on the same rows: a *method* is one entry of the registry, ours or a *peer*; a *result* is one fit of it on one split.

Comes in: a table with a target. Goes out: results, a summary, a picture. Never holds: anything that a fit of ours needs. Of the peers, those of kind
*default* run as their users run them; those of kind *strong* are averages and stacks of these over five folds,
searches of their settings, and AutoGluon.
"""

from motifnet.compare._compare import Listen, compare, default_methods, find_methods
from motifnet.compare._course import retrained, stage_outputs, tree_share
from motifnet.compare._inputs import Inputs
from motifnet.compare._measure import DONE, TIMED_OUT, Result, measure
from motifnet.compare._method import Method, Setting
from motifnet.compare._metrics import accuracy, auc, expected_calibration_error, log_loss, nrmse, scores
from motifnet.compare._picture import picture
from motifnet.compare._registry import METHODS
from motifnet.compare._split import Split, split_at, split_rows, split_table
from motifnet.compare._summary import cells, complete, markdown, not_installed, report, score_of, summary, unfinished

__all__ = [
    "DONE",
    "METHODS",
    "TIMED_OUT",
    "Inputs",
    "Listen",
    "Method",
    "Result",
    "Setting",
    "Split",
    "accuracy",
    "auc",
    "cells",
    "compare",
    "complete",
    "default_methods",
    "expected_calibration_error",
    "find_methods",
    "log_loss",
    "markdown",
    "measure",
    "not_installed",
    "nrmse",
    "picture",
    "report",
    "retrained",
    "score_of",
    "scores",
    "split_at",
    "split_rows",
    "split_table",
    "stage_outputs",
    "summary",
    "tree_share",
    "unfinished",
]
