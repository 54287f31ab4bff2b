"""Explanations of a fitted model, from the network itself and rows for it.

Comes in: a frozen `FittedModel` and `Evidence`, rows with what is known of them. Goes out: `Explanation`. Never knows about: estimators.
"""

from motifnet.explain._columns import RawColumn, raw_columns
from motifnet.explain._effects import Effect
from motifnet.explain._explain import Explanation, Importance, centres_of, explain
from motifnet.explain._groups import Group
from motifnet.explain._leakage import Leakage, warn_of_leaks
from motifnet.explain._novelty import Novelty
from motifnet.explain._rows import Evidence, Judge
from motifnet.explain._sensitivity import Pair, Share
from motifnet.explain._twins import warn_of_twins

__all__ = [
    "Effect",
    "Evidence",
    "Explanation",
    "Group",
    "Importance",
    "Judge",
    "Leakage",
    "Novelty",
    "Pair",
    "RawColumn",
    "Share",
    "centres_of",
    "explain",
    "raw_columns",
    "warn_of_leaks",
    "warn_of_twins",
]
