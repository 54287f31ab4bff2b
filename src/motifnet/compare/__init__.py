"""Other methods on the same rows. A *method* is one entry of the registry, ours or a *peer*. A
*result* is one fit of a method on one split.

Comes in: a table with a target. Goes out: results, a summary, a picture. Never holds: anything that
a fit of ours needs. Peers of kind *default* run as their users run them. Peers of kind *strong* are
averages and stacks of these over five folds, searches of their settings, and AutoGluon.
"""

from motifnet.compare._autogluon import AutoGluon
from motifnet.compare._compare import Listen, compare, default_methods, find_methods
from motifnet.compare._ensemble import CrossFitted, Tuned, catboost_model, lightgbm_model
from motifnet.compare._evaluation import (
    Split,
    accuracy,
    auc,
    expected_calibration_error,
    log_loss,
    nrmse,
    scores,
    split_at,
    split_rows,
    split_table,
)
from motifnet.compare._measure import (
    DONE,
    TIMED_OUT,
    Result,
    measure,
    retrained,
    stage_outputs,
    tree_share,
)
from motifnet.compare._method import MISSING, Inputs, Method, Setting
from motifnet.compare._registry import METHODS
from motifnet.compare._summary import (
    cells,
    complete,
    markdown,
    not_installed,
    picture,
    report,
    score_of,
    summary,
    unfinished,
)

__all__ = [
    "DONE",
    "METHODS",
    "MISSING",
    "TIMED_OUT",
    "AutoGluon",
    "CrossFitted",
    "Inputs",
    "Listen",
    "Method",
    "Result",
    "Setting",
    "Split",
    "Tuned",
    "accuracy",
    "auc",
    "catboost_model",
    "cells",
    "compare",
    "complete",
    "default_methods",
    "expected_calibration_error",
    "find_methods",
    "lightgbm_model",
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
