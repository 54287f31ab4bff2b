"""Many levels: the effect of each level on the target, shrunken, and the logarithm of its weight; the mathematics is in `_level_means`.

No row meets its own target: the rows of a fold are encoded by the other folds. In the view of fold k that fold's targets have no part in anything,
moments included, just as if all had been fitted without it. New rows are encoded by all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._column import Column, Level
from motifnet.tables._feature import Feature, moments, standardise
from motifnet.tables._folds import Folds
from motifnet.tables._level import codes_of, levels_of
from motifnet.tables._level_means import LevelMeans
from motifnet.tables._sample import Matrix


@dataclass(frozen=True, eq=False)
class TargetMean(Feature):
    """`table` with shape (len(levels) + 1, k): standardised statistics of each level, and of an unseen one in the last row; `parts`: their names."""

    levels: tuple[Level | None, ...]
    table: Matrix
    parts: tuple[str, ...]

    @classmethod
    def fit(cls, column: Column, y: Matrix, weight: Matrix, folds: Folds) -> tuple[TargetMean, Matrix, tuple[Matrix, ...]]:
        """The feature, its columns for the rows of the fit (each fold by the others), and the same in the view of every fold."""
        levels = levels_of(column)
        # weights that sum to less than the number of rows are no repetitions: only their proportions count
        source = LevelMeans(codes_of(column, levels), len(levels), y, weight * max(1.0, len(weight) / weight.sum()))
        every = np.ones(len(weight), dtype=bool)
        X, mean, sd = _standardised(source.crossed(every, folds.of), weight, every)
        kept = sd > 0
        bases = [folds.train(k) for k in range(folds.count)]
        views = tuple(_standardised(source.crossed(base, folds.of), weight, base)[0][:, kept] for base in bases)
        q = y.shape[1]
        parts = [*(["effect"] if q == 1 else [f"effect {j}" for j in range(q)]), "frequency"]
        table = standardise(source.table(every)[:, kept], mean[kept], sd[kept])
        return cls(column.name, levels, table, tuple(np.array(parts)[kept].tolist())), X[:, kept], views

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.name} {part}" for part in self.parts)

    @property
    def numeric(self) -> NDArray[np.bool_]:
        return np.ones(len(self.parts), dtype=bool)

    def encode(self, column: Column) -> Matrix:
        return self.table[codes_of(column, self.levels)]


def _standardised(x: Matrix, weight: Matrix, rows: NDArray[np.bool_]) -> tuple[Matrix, Matrix, Matrix]:
    """x by its moments over some of the rows, and these moments; columns that are constant there become 0."""
    mean, sd = np.array([moments(column[rows], weight[rows]) for column in x.T]).T
    return np.where(sd > 0, standardise(x, mean, np.where(sd > 0, sd, 1.0)), 0.0), mean, sd
