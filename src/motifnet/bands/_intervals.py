"""Where the next observation falls: conformal intervals from out-of-fold residuals, locally scaled.

    [ f(x) + ρ σ(x) q₋ ,  f(x) + ρ σ(x) q₊ ]       q: conformal quantiles of  s_i = r_i / σ(x_i)

with half of the share that may be missed on each side, so that skewed residuals give skewed intervals. Every row, group or block of time is scored by
fits that have not seen it (see `_scale`, `_narrowing`, `_conformal`). The quantiles are monotone in the level, so that intervals are nested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.bands._conformal import lower_quantile, unit_of, upper_quantile
from motifnet.bands._levels import misses
from motifnet.bands._scale import fit_scale
from motifnet.engine import warn_caller
from motifnet.motifs import Motif
from motifnet.tables import Sample

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Intervals:
    """`scale`: the network (x, f(x)) → log σ, None where σ = 1; scores with shape (m, q), ρ included; weight with shape (m,); `unit`: the weight of a
    new row."""

    scale: Motif | None
    scores: Matrix
    weight: Matrix
    unit: float

    def bounds(self, values: Matrix, log_scale: Matrix | None, levels: Matrix, side: str = "both") -> Matrix:
        """Lower and upper ends with shape (n, q, L, 2) around predictions with shape (n, q); infinite, with a warning, for too few residuals."""
        ends = self.quantiles(levels, side)
        sigma = np.ones_like(values) if log_scale is None else np.exp(log_scale)
        return np.asarray(values[:, :, None, None] + sigma[:, :, None, None] * ends)

    def quantiles(self, levels: Matrix, side: str = "both") -> Matrix:
        """ρ q₋ and ρ q₊ with shape (q, L, 2)."""
        below, above = misses(levels, side)
        self._warn(np.concatenate([below, above]))
        return np.array([[self._ends(s, a, b) for a, b in zip(below, above, strict=True)] for s in self.scores.T])

    def _ends(self, scores: Matrix, below: float, above: float) -> tuple[float, float]:
        return lower_quantile(scores, self.weight, self.unit, below), upper_quantile(scores, self.weight, self.unit, above)

    def _warn(self, shares: Matrix) -> None:
        there = self.weight.sum() / self.unit
        needed = int(np.ceil((1 / shares[shares > 0].min() - 1) * (1 - 1e-9)))
        if needed > there * (1 + 1e-9):
            warn_caller(
                f"An interval of this coverage needs residuals of at least {needed} rows (with groups: groups), the fit has {there:.0f}: "
                "it is infinite. Ask for less coverage, or fit more rows."
            )


def fit_intervals(
    sample: Sample, y: Matrix, predicted: Matrix, *, narrowing: float = 1.0, local: bool = True, seed: int = 0, n_jobs: int = 1
) -> Intervals | None:
    """Intervals from a target and its out-of-fold predictions with shape (n, q), NaN where there are none; None where there are none at all."""
    residuals = y - predicted
    scale = fit_scale(sample, predicted, residuals, seed=seed, n_jobs=n_jobs) if local else None
    scores = residuals if scale is None else residuals / np.exp(scale.oof)
    rows = np.isfinite(scores).all(1)
    if not rows.any():
        return None
    groups = None if sample.groups is None else sample.groups[rows]
    weight = sample.weight[rows]
    return Intervals(None if scale is None else scale.network, narrowing * scores[rows], weight, unit_of(weight, groups))
