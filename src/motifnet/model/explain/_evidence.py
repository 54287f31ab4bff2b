"""The data of an explanation: rows of the encoded matrix, and the raw columns in it.

`Evidence` holds rows and, where they are known, targets and out-of-fold predictions. `RawColumn`
locates a raw column in the matrix that the network sees, reads its values in rows, and encodes
other values. A raw column is changed as a whole: all indicators of a category together, a date with
its phases, a missing value with its indicator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from motifnet.engine import Matrix
from motifnet.tables import (
    Calendar,
    Column,
    Encoder,
    Feature,
    Kind,
    Numeric,
    OneHot,
    Schema,
    Table,
    TargetMean,
    codes_of,
)
from motifnet.uncertainty import LawScores

Origin = Literal["out of fold", "new rows", "rows of the fit", "centres"]
MISSING, UNSEEN = "missing", "unseen"
DIGITS = 9  # that the encoding keeps of a number in units of its sd


@dataclass(frozen=True)
class ScoredRows:
    """A predictor with held-out rows.

    X are encoded rows with shape (k, d). `target` has shape (k, q), in the coding of `predict`.
    """

    X: Matrix
    target: Matrix
    predict: Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Evidence:
    """n rows of the encoded matrix, with shape (n, d).

    `observed` and `predicted` have shape (n, q), in units of the network, one-hot and probabilities
    for classes. They are None where unknown, and NaN in rows without a score. `covered` has shape
    (n, L): 1 where the observation is inside the interval, or set, of each of `levels`, 0 where it
    is outside, NaN where that is unknown. `law_scores` computes PIT value, NLL and CRPS of each
    observation of the first target on request. `folds` has
    shape (n,). `held_out` makes predictors with held-out rows on request. `table` holds the raw
    rows. It is None where only their encoding is known, which does not distinguish unseen levels
    from known ones, or numbers beyond its limit from that limit. All rows count equally, whatever
    their weight.
    """

    X: Matrix
    origin: Origin
    observed: Matrix | None = None
    predicted: Matrix | None = None
    covered: Matrix | None = None
    levels: tuple[float, ...] = ()
    folds: NDArray[np.int64] | None = None
    held_out: Callable[[], list[ScoredRows]] | None = None
    law_scores: Callable[[], LawScores] | None = None
    table: Table | None = None

    def take(self, rows: NDArray[Any]) -> Evidence:
        """Some of the rows (indices or mask), without held-out predictors and scores of laws."""
        table = None if self.table is None else self.table.take(rows)
        parts = [
            None if part is None else part[rows]
            for part in (self.observed, self.predicted, self.covered, self.folds)
        ]
        observed, predicted, covered, folds = parts
        return replace(
            self,
            X=self.X[rows],
            observed=observed,
            predicted=predicted,
            covered=covered,
            folds=folds,
            held_out=None,
            law_scores=None,
            table=table,
        )

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Rows with shape (n,) that have an observation and a prediction."""
        if self.observed is None or self.predicted is None:
            return np.zeros(len(self.X), dtype=bool)
        return np.asarray(np.isfinite(self.predicted).all(1))


@dataclass(frozen=True)
class RawColumn:
    """A column of the table: `where` are its columns of the matrix, `number` its place."""

    feature: Feature
    kind: Kind
    where: slice
    number: int

    @property
    def name(self) -> str:
        return self.feature.name

    @property
    def is_number(self) -> bool:
        """Whether the encoding keeps an order, as for numbers and dates."""
        feature = self.feature
        return (
            isinstance(feature, Numeric) and not feature.boolean and feature.sd is not None
        ) or (isinstance(feature, Calendar) and "time" in feature.parts)

    def numbers(self, X: Matrix) -> Matrix:
        """Values with shape (n,) of encoded rows with shape (n, d).

        Dates are in microseconds since 1970; missing values are NaN.
        """
        z, feature = X[:, self.where], self.feature
        if isinstance(feature, Numeric) and feature.sd is not None:
            values = np.round(
                feature.mean + feature.sd * z[:, 0], DIGITS - int(np.floor(np.log10(feature.sd)))
            )
        else:
            assert isinstance(feature, Calendar)
            part = feature.parts.index("time")
            values = feature.mean[part] + feature.sd[part] * z[:, part]
        assert isinstance(feature, Numeric | Calendar)
        return np.where(z[:, -1] > 0, np.nan, values) if feature.gap_sd else values

    def at(self, values: Matrix) -> Matrix:
        """The columns with shape (m, k) of numbers with shape (m,)."""
        raw: NDArray[Any] = np.round(values).astype(np.int64) if self.kind == "date" else values
        return self.feature.encode(Column(self.name, self.kind, raw))

    def numbers_of(self, rows: Evidence) -> Matrix:
        """Values with shape (n,), NaN where missing; from the table where it is known."""
        if rows.table is None:
            return self.numbers(rows.X)
        column = rows.table.columns[self.number]
        return np.where(column.missing, np.nan, column.values.astype(np.float64))

    def levels(self) -> tuple[list[str], Matrix]:
        """The names of its groups, and their columns with shape (G, k).

        First come the levels of the fit, then "unseen" and "missing" where they are no levels.
        """
        feature = self.feature
        if isinstance(feature, Calendar):
            return [], np.empty((0, len(feature.names)))
        if isinstance(feature, OneHot | TargetMean):
            names = [
                _mark(MISSING, feature.levels) if level is None else str(level)
                for level in feature.levels
            ]
            new = [_mark(UNSEEN, names)] + (
                [] if None in feature.levels else [_mark(MISSING, names)]
            )
            return names + new, feature.table[[*range(len(names)), *[-1] * len(new)]]
        assert isinstance(feature, Numeric)
        values = [0.0, 1.0, np.nan] if feature.sd else [0.0, np.nan]
        return (["false", "true"] if feature.sd else ["present"]) + [MISSING], self.at(
            np.array(values)
        )

    def codes(self, X: Matrix) -> NDArray[np.int64]:
        """The level of each row of the fit, with shape (n,): the one with the nearest columns."""
        known = self.levels()[1][: self._known]
        return np.asarray(cdist(X[:, self.where], known).argmin(1))

    def codes_of(self, rows: Evidence) -> NDArray[np.int64]:
        """The group of each row, with shape (n,); from the table where it is known."""
        if rows.table is None:
            return self.codes(rows.X)
        feature, column = self.feature, rows.table.columns[self.number]
        if isinstance(feature, OneHot | TargetMean):
            codes = codes_of(column, feature.levels)
            return np.where(
                column.missing & (codes == len(feature.levels)), len(feature.levels) + 1, codes
            )
        assert isinstance(feature, Numeric)
        return (
            np.where(column.missing, 2, column.values == 1)
            if feature.sd
            else column.missing.astype(np.int64)
        )

    @property
    def _known(self) -> int:
        """The number of `levels` that the fit knows."""
        feature = self.feature
        if isinstance(feature, OneHot | TargetMean):
            return len(feature.levels)
        assert isinstance(feature, Numeric)
        return (2 if feature.sd else 1) + (feature.gap_sd is not None)


def _mark(word: str, levels: Sequence[object]) -> str:
    """A name for a group that is no level, different from every level."""
    return word if word not in levels else _mark(f"({word})", levels)


def raw_columns(encoder: Encoder, schema: Schema) -> list[RawColumn]:
    """The raw columns that the network sees, in the order of the table."""
    found, start = [], 0
    for number, (feature, kind) in enumerate(zip(encoder.features, schema.kinds, strict=True)):
        stop = start + len(feature.names)
        if stop > start:
            found.append(RawColumn(feature, kind, slice(start, stop), number))
        start = stop
    return found
