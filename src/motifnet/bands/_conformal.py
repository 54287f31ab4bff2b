"""The conformal quantile: a bound that the score of a further row stays below.

    P( s_new ≤ q ) ≥ 1 − a      with   q = min { s : Σ_i w_i 1{s_i ≤ s} ≥ (1 − a) (Σ_i w_i + u) }

where rows 1 … m and the new one are exchangeable and the new one, of weight u, counts as +∞. A row of weight 2 is the row twice, so that u = 1;
weights that are on average smaller than 1 are shares, and u is their mean. Rows of one group are not exchangeable with those of another, whole groups
are: a new group then counts as the average one, u = Σ w / G. Where (1 − a) (W + u) > W no finite bound has the coverage, and q = ∞.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
_ROUNDING = 1e-12


def unit_of(weight: Matrix, groups: NDArray[np.int64] | None) -> float:
    """u, the weight at which a new row enters, of rows with weights and groups (codes) of shape (m,)."""
    if groups is not None:
        return float(weight.sum() / len(np.unique(groups)))
    return min(1.0, float(weight.mean()))


def upper_quantile(scores: Matrix, weight: Matrix, unit: float, miss: float) -> float:
    """q for scores and weights with shape (m,) and a = miss; +∞ where there is no such score."""
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weight[order])
    total = float(reached[-1])
    needed = (1 - miss) * (total + unit) - _ROUNDING * total
    return float("inf") if needed > total else float(scores[order][np.searchsorted(reached, needed)])


def lower_quantile(scores: Matrix, weight: Matrix, unit: float, miss: float) -> float:
    """The bound that the score of a further row stays above: −q of −s."""
    return -upper_quantile(-scores, weight, unit, miss)
