"""Which classes are possible: conformal prediction sets from out-of-fold probabilities.

    C(x) = { k : score_k(x) ≤ q } ∪ { most probable class },      q: conformal quantile of the scores of the true classes

    "lac"   score_k = 1 − p_k                        the smallest sets on average (Sadinle, Lei and Wasserman 2019)
    "aps"   score_k = Σ_{p_j > p_k} p_j + p_k / 2     larger where rows are hard, smaller where they are easy (Romano, Sesia and Candès 2020)

The second in its deterministic form: half of a class's own probability in place of a random share. The most probable class is always in, so no set is
empty, and more coverage only adds classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.bands._conformal import unit_of, upper_quantile
from motifnet.engine import check_choice
from motifnet.tables import Sample

Matrix = NDArray[np.float64]


def _lac(p: Matrix) -> Matrix:
    return 1 - p


def _aps(p: Matrix) -> Matrix:
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, 1)
    scores = np.empty_like(p)
    np.put_along_axis(scores, order, np.cumsum(ranked, axis=1) - ranked / 2, 1)
    return scores


SCORES: dict[str, Callable[[Matrix], Matrix]] = {"lac": _lac, "aps": _aps}


@dataclass(frozen=True)
class ClassSets:
    """Scores of the true classes with shape (m, 2), a column for each name in `SCORES`; weight with shape (m,); `unit`: the weight of a new row."""

    scores: Matrix
    weight: Matrix
    unit: float

    def members(self, probabilities: Matrix, levels: Matrix, method: str = "lac") -> NDArray[np.bool_]:
        """Whether a class is in the set, with shape (n, L, K), for probabilities with shape (n, K)."""
        check_choice("method", method, tuple(SCORES))
        own = self.scores[:, list(SCORES).index(method)]
        limits = np.array([upper_quantile(own, self.weight, self.unit, 1 - level) for level in levels])
        inside = SCORES[method](probabilities)[:, None, :] <= limits[:, None]
        inside[np.arange(len(inside)), :, probabilities.argmax(1)] = True
        return np.asarray(inside)


def fit_sets(sample: Sample, probabilities: Matrix) -> ClassSets | None:
    """Sets from out-of-fold probabilities with shape (n, K), NaN where there are none; None where there are none at all."""
    rows = np.isfinite(probabilities).all(1)
    if sample.labels is None or not rows.any():
        return None
    labels, weight = sample.labels[rows], sample.weight[rows]
    own = [score(probabilities[rows])[np.arange(len(labels)), labels] for score in SCORES.values()]
    return ClassSets(np.column_stack(own), weight, unit_of(weight, None if sample.groups is None else sample.groups[rows]))
