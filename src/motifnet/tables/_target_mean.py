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
from motifnet.tables._level import codes_of
from motifnet.tables._level_means import LevelMeans
from motifnet.tables._sample import Matrix


@dataclass(frozen=True, eq=False)
class TargetMean(Feature):
    """`table` with shape (len(levels) + 1, q + 1): standardised statistics of each level, and of an unseen one in the last row.

    A statistic that does not vary stays as a column of zeros: leaving it out would be a choice made with the targets of every fold.
    """

    levels: tuple[Level | None, ...]
    table: Matrix

    @classmethod
    def fit(
        cls, column: Column, levels: tuple[Level | None, ...], y: Matrix, weight: Matrix, folds: Folds, n_views: int
    ) -> tuple[TargetMean, Matrix, tuple[Matrix, ...]]:
        """The feature, its columns for the rows of the fit (each fold by the others), and the same in the views of the first folds."""
        # weights that sum to less than the number of rows are no repetitions: only their proportions count
        source = LevelMeans(codes_of(column, levels), len(levels), y, weight * max(1.0, len(weight) / weight.sum()))
        every = np.ones(len(weight), dtype=bool)
        X = source.crossed(every, folds.of)
        centre = _moments(X, weight)
        views = []
        for k in range(n_views):
            base = folds.train(k)
            view = source.crossed(base, folds.of)
            views.append(_standardised(view, *_moments(view[base], weight[base])))
        return cls(column.name, levels, _standardised(source.table(every), *centre)), _standardised(X, *centre), tuple(views)

    @property
    def names(self) -> tuple[str, ...]:
        q = self.table.shape[1] - 1
        effects = (f"{self.name} effect",) if q == 1 else tuple(f"{self.name} effect {j}" for j in range(q))
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
    """Columns without spread become 0."""
    return np.where(sd > 0, standardise(x, mean, np.where(sd > 0, sd, 1.0)), 0.0)
