"""The rows that detectors look at: the encoded table and its target on a random sample of stated size, and the smooth reading of two halves of it.

What a detector searches for it searches on the first half; what it claims it tests on the second, which the search has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from motifnet.profiling._smooth import SETTING_ROWS, Prior, Smooth, choose_prior
from motifnet.tables import Encoder, Matrix, Numeric, Target, as_table, as_target, canonical, make_folds, note_strings, standardised

HALF = 1_500  # rows of each half: an inverse of this size takes a second
FEW_ROWS = 60


@dataclass(frozen=True, eq=False)
class Rows:
    """X with shape (n, d): encoded, in random order; y with shape (n, q): standardised, or classes one-hot; the target is y sd + mean.

    `names` and `numeric` with shape (d,): columns of X, and whether they are numbers; raw value = `centre` + `unit` x, with shape (d,);
    `total`: rows of the table that differ; `classes`: the target is a class.
    """

    X: Matrix
    y: Matrix
    mean: Matrix
    sd: Matrix
    names: tuple[str, ...]
    numeric: NDArray[np.bool_]
    centre: Matrix
    unit: Matrix
    targets: tuple[str, ...]
    total: int
    classes: bool
    seed: int

    @property
    def n(self) -> int:
        return len(self.X)

    @property
    def d(self) -> int:
        return self.X.shape[1]

    def first(self, most: int) -> Rows:
        """At most so many of the rows."""
        return replace(self, X=self.X[:most], y=self.y[:most])

    def columns_that_matter(self, most: int) -> NDArray[np.intp]:
        """At most that many columns, those of the largest relevance, in their order."""
        if self.d <= most:
            return np.arange(self.d)
        relevance = self.prior.scale.numpy()
        return np.sort(np.argsort(-relevance, kind="stable")[:most])

    def of_columns(self, kept: NDArray[np.intp]) -> Rows:
        """With some of the columns."""
        names = tuple(self.names[j] for j in kept)
        return replace(self, X=self.X[:, kept], names=names, numeric=self.numeric[kept], centre=self.centre[kept], unit=self.unit[kept])

    def raw(self, j: int, value: float) -> float:
        """A value of column j in the unit of the table."""
        return float(self.centre[j] + self.unit[j] * value)

    @cached_property
    def prior(self) -> Prior:
        """Settings of the smooth reading, from the first rows, which are of the first half."""
        few = self.halves_rows[0][:SETTING_ROWS]
        return choose_prior(self.X[few], self.y[few], self.seed)

    @property
    def halves_rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row numbers of the two halves, at most 1,500 each."""
        size = min(HALF, self.n // 2)
        return np.arange(size), np.arange(size, 2 * size)

    @cached_property
    def halves(self) -> tuple[Smooth, Smooth]:
        """The smooth reading of either half."""
        first, second = (Smooth.fit(self.X[rows], self.y[rows], self.prior) for rows in self.halves_rows)
        return first, second


def as_rows(X: object, y: object, *, classes: bool, most: int, seed: int) -> Rows:
    """At most `most` rows of a table of any kind, typed, sorted, encoded as a fit would, and in random order."""
    table = as_table(X)
    note_strings(table, X)
    target = as_target(y, table.n, "classification" if classes else "regression")
    rows = canonical(table, target.values, np.ones(table.n))
    chosen = np.random.default_rng(seed).permutation(rows.table.n)[:most]
    table, values, weight = rows.table.take(chosen), rows.y[chosen], rows.weight[chosen]
    coded, mean, sd = _coded(values, weight, target)
    encoder, matrix, _ = Encoder.fit(table, coded, np.ones(len(chosen)), make_folds(len(chosen), 5, seed))
    centre, unit = units_of(encoder)
    return Rows(matrix, coded, mean, sd, encoder.names, encoder.numeric, centre, unit, target.names, rows.table.n, classes, seed)


def units_of(encoder: Encoder) -> tuple[Matrix, Matrix]:
    """Centre and unit of each column of the matrix, with shape (d,); 0 and 1 where it is no number."""
    scales = {f.name: (f.mean, f.sd) for f in encoder.features if isinstance(f, Numeric) and f.sd}
    centre, unit = (np.array([scales.get(name, (0.0, 1.0))[i] for name in encoder.names]) for i in (0, 1))
    return centre, unit


def _coded(values: Matrix, weight: Matrix, target: Target) -> tuple[Matrix, Matrix, Matrix]:
    """The target as detectors see it, its mean and its unit."""
    if target.classes is None:
        return standardised(values, weight)
    one_hot = np.eye(len(target.classes))[values[:, 0].astype(np.int64)]
    coded = one_hot[:, 1:] if len(target.classes) == 2 else one_hot
    return coded, np.zeros(coded.shape[1]), np.ones(coded.shape[1])
