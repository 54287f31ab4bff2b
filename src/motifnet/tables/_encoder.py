"""The encoder maps a table to the matrix that teachers and networks see.

It has one feature for each raw column.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, MotifnetWarning
from motifnet.tables._column import Column, levels_of
from motifnet.tables._feature import Calendar, Feature, Numeric, OneHot
from motifnet.tables._folds import Folds
from motifnet.tables._table import Table
from motifnet.tables._target_mean import TargetMean

MAX_LEVELS = 60  # a column with more levels gets target statistics in place of indicators


@dataclass(frozen=True, eq=False)
class Encoder:
    """`features`: one for each raw column, in the order of the table. If nothing varies, the matrix
    is one column of zeros, named "constant".
    """

    features: tuple[Feature, ...]

    @classmethod
    def fit(
        cls, table: Table, y: Matrix, weight: Matrix, folds: Folds, n_views: int | None = None
    ) -> tuple[Encoder, Matrix, tuple[Matrix, ...] | None]:
        """The encoder, the matrix of the fitted rows, and the views of the first `n_views` folds
        (None: of all folds) for `Sample.views`.

        y with shape (n, q) is the coded target of `Sample.y`. Target statistics of a row are
        computed without the targets of its own fold.
        """
        n_views = folds.count if n_views is None else n_views
        _warn_of_empty(table)
        fitted = [_fit(column, y, weight, folds, n_views) for column in table.columns]
        encoder = cls(tuple(feature for feature, _, _ in fitted))
        X = _joined([X for _, X, _ in fitted], table.n)
        if all(views is None for _, _, views in fitted):
            return encoder, X, None
        views = tuple(
            _joined([X if own is None else own[k] for _, X, own in fitted], table.n)
            for k in range(n_views)
        )
        return encoder, X, views

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the d columns of the matrix."""
        return tuple(name for feature in self.features for name in feature.names) or ("constant",)

    @cached_property
    def numeric(self) -> NDArray[np.bool_]:
        """With shape (d,): True for a number, False for the indicator of a category or a missing
        value.
        """
        found = np.concatenate([feature.numeric for feature in self.features])
        return found if found.size else np.ones(1, dtype=bool)

    def transform(self, table: Table) -> Matrix:
        """The matrix with shape (n, d) of a table with the columns of the fit."""
        return _joined(
            [
                feature.encode(column)
                for feature, column in zip(self.features, table.columns, strict=True)
            ],
            table.n,
        )

    def to_state(self) -> dict[str, Any]:
        """The state as plain JSON and float64 arrays."""
        return {"features": [feature.to_state() for feature in self.features]}


def _fit(
    column: Column, y: Matrix, weight: Matrix, folds: Folds, n_views: int
) -> tuple[Feature, Matrix, tuple[Matrix, ...] | None]:
    feature: Feature
    if column.kind == "categorical":
        levels = levels_of(column)
        if len(levels) > MAX_LEVELS:
            return TargetMean.fit(column, levels, y, weight, folds, n_views)
        feature = OneHot.fit(column, levels, weight)
    elif column.kind == "date":
        feature = Calendar.fit(column, weight)
    else:
        feature = Numeric.fit(column, weight)
    return feature, feature.encode(column), None


def _joined(blocks: list[Matrix], n: int) -> Matrix:
    X = np.concatenate(blocks, 1)
    return X if X.shape[1] else np.zeros((n, 1))


def _warn_of_empty(table: Table) -> None:
    empty = [column.name for column in table.columns if column.missing.all()]
    if empty:
        warnings.warn(
            f"Columns without any value are left out: {', '.join(map(repr, empty))}.",
            MotifnetWarning,
            stacklevel=3,
        )
