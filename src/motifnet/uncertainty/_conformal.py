"""Conformal prediction: intervals and sets of classes, from out-of-fold predictions.

The conformal quantile bounds the score of a new row from above,

    P( s_new ≤ q ) ≥ 1 − a      with   q = min { s : Σ_i w_i 1{s_i ≤ s} ≥ (1 − a) (Σ_i w_i + u) }

where rows 1 … m and the new one are exchangeable and the new one, of weight u, counts as +∞. A row
of weight 2 is the row twice, so that u = 1. Weights with a mean below 1 are shares, and u is their
mean. With groups, whole groups are exchangeable and rows are not. A new group then counts as the
average one, u = Σ w / G. Where (1 − a) (W + u) > W no finite bound has the coverage, and q = ∞.

Intervals are locally scaled:

    [ f(x) + ρ σ(x) q₋ ,  f(x) + ρ σ(x) q₊ ]       q: conformal quantiles of  s_i = r_i / σ(x_i)

with half of the share that may be missed on each side, so that skewed residuals give skewed
intervals. Scores are out-of-fold, for rows, groups or blocks of time (see `_residuals`). The
quantiles are monotone in the level, so that intervals are nested.

Sets of classes, from out-of-fold probabilities:

    C(x) = { k : score_k(x) ≤ q } ∪ { most probable class },   q of the scores of the true classes

    "lac"   score_k = 1 − p_k
            the smallest sets on average (Sadinle, Lei and Wasserman 2019)
    "aps"   score_k = Σ_{p_j > p_k} p_j + p_k / 2
            larger where rows are hard, smaller where they are easy (Romano, Sesia and Candès 2020)

The second is in its deterministic form: half of a class's own probability replaces a random share.
Every set contains the most probable class. So no set is empty, and more coverage only adds classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, UsageError, check_choice, warn_caller
from motifnet.motifs import Motif
from motifnet.tables import Sample
from motifnet.uncertainty._residuals import fit_scale

Side = Literal["both", "lower", "upper"]
_ROUNDING = 1e-12


def as_levels(coverage: Any) -> tuple[Matrix, bool]:
    """Coverages with shape (L,), each between 0 and 1, and whether `coverage` is a number."""
    try:
        levels = np.asarray(coverage, dtype=np.float64)
    except (TypeError, ValueError):
        levels = np.empty(0)
    if levels.ndim > 1 or not levels.size or not ((levels > 0) & (levels < 1)).all():
        raise UsageError(
            f"coverage={coverage!r} must be a number between 0 and 1, such as 0.9, or a list of "
            "such numbers."
        )
    return np.atleast_1d(levels), levels.ndim == 0


def misses(levels: Matrix, side: str) -> tuple[Matrix, Matrix]:
    """The shares with shape (L,) that may lie below and above the interval, 0 for an open side."""
    if side not in get_args(Side):
        raise UsageError(f"side={side!r} must be one of {', '.join(map(repr, get_args(Side)))}.")
    share = 1 - levels
    if side == "both":
        return share / 2, share / 2
    return (share, 0 * share) if side == "lower" else (0 * share, share)


def unit_of(weight: Matrix, groups: NDArray[np.int64] | None) -> float:
    """u, the weight of a new row, for rows with weights and codes of groups with shape (m,)."""
    if groups is not None:
        return float(weight.sum() / len(np.unique(groups)))
    return min(1.0, float(weight.mean()))


def upper_quantile(scores: Matrix, weight: Matrix, unit: float, miss: float) -> float:
    """q for scores and weights with shape (m,) and a = miss. It is +∞ without such a score."""
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weight[order])
    total = float(reached[-1])
    needed = (1 - miss) * (total + unit) - _ROUNDING * total
    return (
        float("inf") if needed > total else float(scores[order][np.searchsorted(reached, needed)])
    )


def lower_quantile(scores: Matrix, weight: Matrix, unit: float, miss: float) -> float:
    """The lower bound of the score of a new row, −q of −s."""
    return -upper_quantile(-scores, weight, unit, miss)


@dataclass(frozen=True)
class Intervals:
    """scale: the network (x, f(x)) → log σ, None where σ = 1; scores with shape (m, q), ρ included;
    weight with shape (m,); unit: the weight of a new row; narrowing: ρ, 1 where it is unknown.
    """

    scale: Motif | None
    scores: Matrix
    weight: Matrix
    unit: float
    narrowing: float = 1.0

    def bounds(
        self, values: Matrix, log_scale: Matrix | None, levels: Matrix, side: str = "both"
    ) -> Matrix:
        """Lower and upper ends with shape (n, q, L, 2) around predictions with shape (n, q). They
        are infinite, with a warning, where residuals are too few.
        """
        ends = self.quantiles(levels, side)
        sigma = np.ones_like(values) if log_scale is None else np.exp(log_scale)
        return np.asarray(values[:, :, None, None] + sigma[:, :, None, None] * ends)

    def quantiles(self, levels: Matrix, side: str = "both") -> Matrix:
        """ρ q₋ and ρ q₊ with shape (q, L, 2)."""
        below, above = misses(levels, side)
        self._warn(np.concatenate([below, above]))
        return np.array(
            [
                [self._ends(s, a, b) for a, b in zip(below, above, strict=True)]
                for s in self.scores.T
            ]
        )

    def _ends(self, scores: Matrix, below: float, above: float) -> tuple[float, float]:
        return lower_quantile(scores, self.weight, self.unit, below), upper_quantile(
            scores, self.weight, self.unit, above
        )

    def _warn(self, shares: Matrix) -> None:
        there = self.weight.sum() / self.unit
        needed = int(np.ceil((1 / shares[shares > 0].min() - 1) * (1 - 1e-9)))
        if needed > there * (1 + 1e-9):
            warn_caller(
                f"An interval of this coverage needs residuals of at least {needed} rows (with "
                f"groups: groups), the fit has {there:.0f}: it is infinite. Request less coverage, "
                "or fit more rows."
            )


def fit_intervals(
    sample: Sample,
    y: Matrix,
    predicted: Matrix,
    *,
    narrowing: float = 1.0,
    local: bool = True,
    seed: int = 0,
    n_jobs: int = 1,
) -> Intervals | None:
    """Intervals from a target and its out-of-fold predictions with shape (n, q), NaN where there
    are none. None where no row has one.
    """
    residuals = y - predicted
    scale = fit_scale(sample, predicted, residuals, seed=seed, n_jobs=n_jobs) if local else None
    scores = residuals if scale is None else residuals / np.exp(scale.oof)
    rows = np.isfinite(scores).all(1)
    if not rows.any():
        return None
    groups = None if sample.groups is None else sample.groups[rows]
    weight = sample.weight[rows]
    return Intervals(
        None if scale is None else scale.network,
        narrowing * scores[rows],
        weight,
        unit_of(weight, groups),
        narrowing,
    )


def _lac(p: Matrix) -> Matrix:
    return 1 - p


def _aps(p: Matrix) -> Matrix:
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, 1)
    scores = np.empty_like(p)
    np.put_along_axis(scores, order, np.cumsum(ranked, axis=1) - ranked / 2, 1)
    return scores


@dataclass(frozen=True)
class ClassSets:
    """Scores of the true classes with shape (m, 2), a column for each name in `SCORES`; weight with
    shape (m,); unit: the weight of a new row.
    """

    scores: Matrix
    weight: Matrix
    unit: float

    def members(
        self, probabilities: Matrix, levels: Matrix, method: str = "lac"
    ) -> NDArray[np.bool_]:
        """Whether a class is in the set, with shape (n, L, K), for probabilities with shape
        (n, K).
        """
        check_choice("method", method, tuple(SCORES))
        own = self.scores[:, list(SCORES).index(method)]
        limits = np.array(
            [upper_quantile(own, self.weight, self.unit, 1 - level) for level in levels]
        )
        inside = SCORES[method](probabilities)[:, None, :] <= limits[:, None]
        inside[np.arange(len(inside)), :, probabilities.argmax(1)] = True
        return np.asarray(inside)


def fit_sets(sample: Sample, probabilities: Matrix) -> ClassSets | None:
    """Sets from out-of-fold probabilities with shape (n, K), NaN where there are none. None where
    no row has one.
    """
    rows = np.isfinite(probabilities).all(1)
    if sample.labels is None or not rows.any():
        return None
    labels, weight = sample.labels[rows], sample.weight[rows]
    own = [score(probabilities[rows])[np.arange(len(labels)), labels] for score in SCORES.values()]
    return ClassSets(
        np.column_stack(own),
        weight,
        unit_of(weight, None if sample.groups is None else sample.groups[rows]),
    )


SCORES: dict[str, Callable[[Matrix], Matrix]] = {"lac": _lac, "aps": _aps}
