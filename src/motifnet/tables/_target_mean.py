"""Many levels: the shrunken mean of the target in each level, and the logarithm of its weight.

With S the rows in use, W_l the weight and M_l the mean of the target in level l, M the mean over all, the effect of a level is

    e_l = (M_l − M) · W_l τ² / (W_l τ² + σ²)

where σ² (within levels) and τ² (between them) are estimated in closed form from the same rows by analysis of variance:

    σ² = Σ_i w_i (y_i − M_l(i))² / (N − L),    τ² = [ Σ_l W_l (M_l − M)² − (L − 1) σ² ] / (N − Σ_l W_l² / N),    N = Σ w

and τ² ≤ 0 means: no effect. An unseen level has the effect 0. No row meets its own target: the rows of a fold are encoded by the other folds, and for
the view of fold k that fold's targets have no part in anything, moments included, just as if all had been fitted without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._column import Column, Level
from motifnet.tables._feature import Feature, moments, standardise
from motifnet.tables._folds import Folds
from motifnet.tables._level import codes_of, levels_of
from motifnet.tables._sample import Matrix


@dataclass(frozen=True, eq=False)
class TargetMean(Feature):
    """`table` with shape (len(levels) + 1, k): the standardised statistics of each level by all rows, and of an unseen one in the last row."""

    levels: tuple[Level | None, ...]
    labels: tuple[str, ...]
    table: Matrix

    @classmethod
    def fit(cls, column: Column, y: Matrix, weight: Matrix, folds: Folds) -> tuple[TargetMean, Matrix, tuple[Matrix, ...]]:
        """The feature, its columns for the rows of the fit (each fold by the others), and the same in the view of every fold."""
        levels = levels_of(column)
        source = _Source(codes_of(column, levels), len(levels), y, weight * max(1.0, len(weight) / weight.sum()))
        every = np.ones(len(weight), dtype=bool)
        X = source.crossed(every, folds.of)
        views = [source.crossed(folds.train(k), folds.of) for k in range(folds.count)]
        centre = np.array([moments(x, weight) for x in X.T])
        kept = centre[:, 1] > 0
        mean, sd = centre[kept].T
        q = y.shape[1]
        labels = [f"{column.name} effect" + (f" {j}" if q > 1 else "") for j in range(q)] + [f"{column.name} frequency"]
        feature = cls(
            column.name,
            levels,
            tuple(label for label, keep in zip(labels, kept, strict=True) if keep),
            standardise(source.table(every)[:, kept], mean, sd),
        )
        return feature, standardise(X[:, kept], mean, sd), tuple(_by_rows(view[:, kept], weight, folds.train(k)) for k, view in enumerate(views))

    @property
    def names(self) -> tuple[str, ...]:
        return self.labels

    @property
    def numeric(self) -> NDArray[np.bool_]:
        return np.ones(len(self.labels), dtype=bool)

    def encode(self, column: Column) -> Matrix:
        return self.table[codes_of(column, self.levels)]


def _by_rows(x: Matrix, weight: Matrix, rows: NDArray[np.bool_]) -> Matrix:
    """Standardised by the moments of some rows; 0 where these are constant."""
    out = np.zeros_like(x)
    for j, column in enumerate(x.T):
        mean, sd = moments(column[rows], weight[rows])
        if sd > 0:
            out[:, j] = standardise(column, mean, sd)
    return out


@dataclass(frozen=True, eq=False)
class _Source:
    """Rows from which statistics are taken: level codes below `count`, targets with shape (n, q), weights."""

    codes: NDArray[np.int64]
    count: int
    y: Matrix
    weight: Matrix

    def table(self, rows: NDArray[np.bool_]) -> Matrix:
        """Statistics with shape (count + 1, q + 1) of every level by some of the rows."""
        codes, y, w = self.codes[rows], self.y[rows], self.weight[rows]
        out = np.zeros((self.count + 1, self.y.shape[1] + 1))
        N = float(w.sum())
        if N == 0:
            return out
        W: Matrix = np.bincount(codes, w, self.count).astype(np.float64)
        # as if all rows were in use, so that the column means the same in every view
        out[:-1, -1] = np.log1p(W * (self.weight.sum() / N))
        for j in range(self.y.shape[1]):
            out[:-1, j] = _effects(codes, y[:, j], w, W, N)
        return out

    def crossed(self, base: NDArray[np.bool_], part: NDArray[np.int64]) -> Matrix:
        """Statistics of all n rows by the rows of `base`, where rows of `base` are encoded by the other parts of it."""
        out = self.table(base)[self.codes]
        parts = part.copy()
        if len(np.unique(part[base])) == 1:  # a single fold is cut into four
            parts[base] = np.arange(int(base.sum())) % 4
        for p in np.unique(parts[base]):
            own = base & (parts == p)
            out[own] = self.table(base & ~own)[self.codes[own]]
        return out


def _effects(codes: NDArray[np.int64], y: Matrix, w: Matrix, W: Matrix, N: float) -> Matrix:
    seen = W > 0
    M = np.divide(np.bincount(codes, w * y, len(W)), W, out=np.zeros_like(W), where=seen)
    grand, free = float(w @ y) / N, N - int(seen.sum())
    if free <= 0:
        return np.zeros_like(W)
    within = float(w @ (y - M[codes]) ** 2) / free
    spread = float(W @ (M - grand) ** 2) - (int(seen.sum()) - 1) * within
    between = spread / (N - float(W @ W) / N) if seen.sum() > 1 else 0.0
    if between <= 0:
        return np.zeros_like(W)
    return np.where(seen, (M - grand) * W * between / (W * between + within + ~seen), 0.0)
