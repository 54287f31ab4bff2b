"""What the target says about the levels of a column, by empirical Bayes, and how rows get it without meeting their own target.

With W_l the weight and M_l the mean of the target in level l, and M the mean over all rows in use, the effect of a level is

    e_l = (M_l − M) · W_l τ² / (W_l τ² + σ²)

where σ² (within levels) and τ² (between them) come in closed form from the same rows, by analysis of variance:

    σ² = Σ_i w_i (y_i − M_l(i))² / (N − L),    τ² = [ Σ_l W_l (M_l − M)² − (L − 1) σ² ] / (N − Σ_l W_l² / N),    N = Σ w

and τ² ≤ 0 means: no effect. A level without rows has the effect 0: it is a difference from M, so that no value betrays which rows were in use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._sample import Matrix


@dataclass(frozen=True, eq=False)
class LevelMeans:
    """Rows to learn from: level codes below `count`, targets with shape (n, q), weights in the sense of repeated rows."""

    codes: NDArray[np.int64]
    count: int
    y: Matrix
    weight: Matrix

    def table(self, rows: NDArray[np.bool_]) -> Matrix:
        """With shape (count + 1, q + 1): effect of each level on each target, and log(1 + weight), by some of the rows; zeros for an unseen level."""
        codes, y, w = self.codes[rows], self.y[rows], self.weight[rows]
        out = np.zeros((self.count + 1, self.y.shape[1] + 1))
        N = float(w.sum())
        if N == 0:
            return out
        W: Matrix = np.bincount(codes, w, self.count).astype(np.float64)
        # scaled as if all rows were in use, so that the column means the same whichever are
        out[:-1, -1] = np.log1p(W * (self.weight.sum() / N))
        for j, column in enumerate(y.T):
            out[:-1, j] = effects(codes, column, w, W)
        return out

    def crossed(self, base: NDArray[np.bool_], part: NDArray[np.int64]) -> Matrix:
        """The table's row of each row, with shape (n, q + 1), by the rows of `base`, each part of which is encoded by its other parts."""
        out = self.table(base)[self.codes]
        parts = part.copy()
        if len(np.unique(part[base])) == 1:  # a single part is cut into four
            parts[base] = np.arange(int(base.sum())) % 4
        for p in np.unique(parts[base]):
            own = base & (parts == p)
            out[own] = self.table(base & ~own)[self.codes[own]]
        return out


def effects(codes: NDArray[np.int64], y: Matrix, w: Matrix, W: Matrix) -> Matrix:
    """Effect of each level with shape (len(W),), from rows with level codes, target and weight; W is the weight of each level."""
    seen = W > 0
    N, L = float(w.sum()), int(seen.sum())
    if L < 2 or N <= L:
        return np.zeros_like(W)
    M = np.divide(np.bincount(codes, w * y, len(W)), W, out=np.zeros_like(W), where=seen)
    grand = float(w @ y) / N
    within = float(w @ (y - M[codes]) ** 2) / (N - L)
    between = (float(W @ (M - grand) ** 2) - (L - 1) * within) / (N - float(W @ W) / N)
    if between <= 0:
        return np.zeros_like(W)
    return np.divide((M - grand) * W * between, W * between + within, out=np.zeros_like(W), where=seen)
