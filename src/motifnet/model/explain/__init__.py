"""Explanations of a fitted model, from its network and rows of data.

Comes in: a frozen `FittedModel` and `Evidence`, rows with what is known of them. Goes out:
`Explanation`, and `RowExplanation` of one row. Never knows about: fits, estimators.
"""

from motifnet.model.explain._effects import Effect, Pair, Share
from motifnet.model.explain._evidence import Evidence, ScoredRows, raw_columns
from motifnet.model.explain._explain import (
    Explanation,
    Importance,
    centres_of,
    effects_of,
    explain,
    outputs_of,
    sensitivities,
)
from motifnet.model.explain._leakage import Leakage, duplicate_rows, warn_of_leaks, warn_of_twins
from motifnet.model.explain._novelty import Novelty
from motifnet.model.explain._row import RowExplanation, explain_row
from motifnet.model.explain._shown import named_columns, show_effects
from motifnet.model.explain._subgroups import Group, subgroups

__all__ = [
    "Effect",
    "Evidence",
    "Explanation",
    "Group",
    "Importance",
    "Leakage",
    "Novelty",
    "Pair",
    "RowExplanation",
    "ScoredRows",
    "Share",
    "centres_of",
    "duplicate_rows",
    "effects_of",
    "explain",
    "explain_row",
    "named_columns",
    "outputs_of",
    "raw_columns",
    "sensitivities",
    "show_effects",
    "subgroups",
    "warn_of_leaks",
    "warn_of_twins",
]
