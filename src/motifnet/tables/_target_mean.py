"""Target encoding of a column with many levels: the effect and the log weight of each level.

Let W_l be the weight and M_l the mean of the target in level l, and M the mean over all used rows.
The effect of a level is, by empirical Bayes,

    e_l = (M_l − M) · W_l τ² / (W_l τ² + σ²)

Analysis of variance on the same rows estimates σ² (within levels) and τ² (between levels):

    σ² = Σ_i w_i (y_i − M_l(i))² / (N − L)
    τ² = [ Σ_l W_l (M_l − M)² − (L − 1) σ² ] / (N − Σ_l W_l² / N),    N = Σ w

If τ² ≤ 0, every effect is 0. A level without rows also has the effect 0. The effect is a difference
from M, so it does not reveal which rows were used.

The rows of a fold are encoded by the other folds, so no row is encoded by its own target. The view
of fold k does not use the targets of fold k, not even for moments, as if everything were fitted
without them. New rows are encoded by all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.tables._column import Column, Level, codes_of
from motifnet.tables._feature import Feature, moments, standardise
from motifnet.tables._folds import Folds


@dataclass(frozen=True, eq=False)
class LevelMeans:
    """Rows of the fit: `codes` of levels below `count`, targets `y` with shape (n, q), and `weight`
    as numbers of repetitions.
    """

    codes: NDArray[np.int64]
    count: int
    y: Matrix
    weight: Matrix

    def table(self, rows: NDArray[np.bool_]) -> Matrix:
        """With shape (count + 1, q + 1): the effect of each level on each target, and
        log(1 + weight), by some of the rows. The last row, for unseen levels, is zero.
        """
        codes, y, w = self.codes[rows], self.y[rows], self.weight[rows]
        out = np.zeros((self.count + 1, self.y.shape[1] + 1))
        N = float(w.sum())
        if N == 0:
            return out
        W: Matrix = np.bincount(codes, w, self.count).astype(np.float64)
        # scaled to the weight of all rows, so the column does not depend on how many are used
        out[:-1, -1] = np.log1p(W * (self.weight.sum() / N))
        for j, column in enumerate(y.T):
            out[:-1, j] = effects(codes, column, w, W)
        return out

    def crossed(self, base: NDArray[np.bool_], part: NDArray[np.int64]) -> Matrix:
        """The statistics of each row, with shape (n, q + 1), by the rows of `base`. Each part of
        `base` is encoded by the other parts.
        """
        out = self.table(base)[self.codes]
        parts = part.copy()
        if len(np.unique(part[base])) == 1:  # a single part is cut into four
            parts[base] = np.arange(int(base.sum())) % 4
        for p in np.unique(parts[base]):
            own = base & (parts == p)
            out[own] = self.table(base & ~own)[self.codes[own]]
        return out


def effects(codes: NDArray[np.int64], y: Matrix, w: Matrix, W: Matrix) -> Matrix:
    """The effect of each level, with shape (len(W),), from the level codes, targets and weights of
    rows. W is the weight of each level.
    """
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
    return np.divide(
        (M - grand) * W * between, W * between + within, out=np.zeros_like(W), where=seen
    )


@dataclass(frozen=True, eq=False)
class TargetMean(Feature):
    """`table` with shape (len(levels) + 1, q + 1): standardised statistics of each level, and of
    unseen levels in the last row.

    A statistic that does not vary stays as a column of zeros. To leave it out would be a choice
    made with the targets of every fold.
    """

    levels: tuple[Level | None, ...]
    table: Matrix

    @classmethod
    def fit(
        cls,
        column: Column,
        levels: tuple[Level | None, ...],
        y: Matrix,
        weight: Matrix,
        folds: Folds,
        n_views: int,
    ) -> tuple[TargetMean, Matrix, tuple[Matrix, ...]]:
        """The feature, its columns for the rows of the fit (each fold encoded by the others), and
        the same in the views of the first folds.
        """
        # weights with a sum below the number of rows are no repetitions and are scaled up
        repetitions = weight * max(1.0, len(weight) / weight.sum())
        source = LevelMeans(codes_of(column, levels), len(levels), y, repetitions)
        every = np.ones(len(weight), dtype=bool)
        X = source.crossed(every, folds.of)
        centre = _moments(X, weight)
        views = []
        for k in range(n_views):
            base = folds.train(k)
            view = source.crossed(base, folds.of)
            views.append(_standardised(view, *_moments(view[base], weight[base])))
        return (
            cls(column.name, levels, _standardised(source.table(every), *centre)),
            _standardised(X, *centre),
            tuple(views),
        )

    @property
    def names(self) -> tuple[str, ...]:
        q = self.table.shape[1] - 1
        effects = (
            (f"{self.name} effect",)
            if q == 1
            else tuple(f"{self.name} effect {j}" for j in range(q))
        )
        return (*effects, f"{self.name} frequency")

    @property
    def numeric(self) -> NDArray[np.bool_]:
        return np.ones(self.table.shape[1], dtype=bool)

    def encode(self, column: Column) -> Matrix:
        return self.table[codes_of(column, self.levels)]


def _moments(x: Matrix, weight: Matrix) -> tuple[Matrix, Matrix]:
    """Means and standard deviations of the columns."""
    mean, sd = np.array([moments(column, weight) for column in x.T]).T
    return mean, sd


def _standardised(x: Matrix, mean: Matrix, sd: Matrix) -> Matrix:
    """The standardised columns; those with an sd of 0 become 0."""
    return np.where(sd > 0, standardise(x, mean, np.where(sd > 0, sd, 1.0)), 0.0)
