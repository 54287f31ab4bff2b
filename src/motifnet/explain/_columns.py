"""A raw column in the matrix that the network sees: where its columns lie, what values rows have, and what other values look like.

A raw column is changed as a whole: all indicators of a category together, a date with its phases, a gap with its mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from motifnet.explain._rows import Evidence
from motifnet.tables import Calendar, Column, Encoder, Feature, Kind, Matrix, Numeric, OneHot, Schema, TargetMean, codes_of

MISSING, UNSEEN = "missing", "unseen"
DIGITS = 9  # of a number in units of its sd: what the encoding keeps


@dataclass(frozen=True)
class RawColumn:
    """`where`: its columns of the matrix; `place`: its number in the table."""

    feature: Feature
    kind: Kind
    where: slice
    place: int

    @property
    def name(self) -> str:
        return self.feature.name

    @property
    def is_number(self) -> bool:
        """Whether it has an order that its encoding keeps: numbers and dates."""
        feature = self.feature
        return (isinstance(feature, Numeric) and not feature.boolean and feature.sd is not None) or (
            isinstance(feature, Calendar) and "time" in feature.parts
        )

    def numbers(self, X: Matrix) -> Matrix:
        """Values with shape (n,) of encoded rows with shape (n, d), dates in microseconds since 1970; NaN for a gap."""
        z, feature = X[:, self.where], self.feature
        if isinstance(feature, Numeric) and feature.sd is not None:
            values = np.round(feature.mean + feature.sd * z[:, 0], DIGITS - int(np.floor(np.log10(feature.sd))))
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
        """Values with shape (n,), NaN for a gap: those of the table where it is known."""
        if rows.table is None:
            return self.numbers(rows.X)
        column = rows.table.columns[self.place]
        return np.where(column.gaps, np.nan, column.values.astype(np.float64))

    def levels(self) -> tuple[list[str], Matrix]:
        """Its groups in words, and their columns with shape (G, k): the levels of the fit, then those that it has not seen, a gap among these."""
        feature = self.feature
        if isinstance(feature, Calendar):
            return [], np.empty((0, len(feature.names)))
        if isinstance(feature, OneHot | TargetMean):
            names = [_mark(MISSING, feature.levels) if level is None else str(level) for level in feature.levels]
            new = [_mark(UNSEEN, names)] + ([] if None in feature.levels else [_mark(MISSING, names)])
            return names + new, feature.table[[*range(len(names)), *[-1] * len(new)]]
        assert isinstance(feature, Numeric)
        values = [0.0, 1.0, np.nan] if feature.sd else [0.0, np.nan]
        return (["false", "true"] if feature.sd else ["present"]) + [MISSING], self.at(np.array(values))

    def codes(self, X: Matrix) -> NDArray[np.int64]:
        """The level of each row of the fit, with shape (n,): that whose columns are nearest."""
        known = self.levels()[1][: self._known]
        return np.asarray(cdist(X[:, self.where], known).argmin(1))

    def codes_of(self, rows: Evidence) -> NDArray[np.int64]:
        """The group of each row, with shape (n,): by the table where it is known."""
        if rows.table is None:
            return self.codes(rows.X)
        feature, column = self.feature, rows.table.columns[self.place]
        if isinstance(feature, OneHot | TargetMean):
            codes = codes_of(column, feature.levels)
            return np.where(column.gaps & (codes == len(feature.levels)), len(feature.levels) + 1, codes)
        assert isinstance(feature, Numeric)
        return np.where(column.gaps, 2, column.values == 1) if feature.sd else column.gaps.astype(np.int64)

    @property
    def _known(self) -> int:
        """How many of `levels` the fit has seen."""
        feature = self.feature
        if isinstance(feature, OneHot | TargetMean):
            return len(feature.levels)
        assert isinstance(feature, Numeric)
        return (2 if feature.sd else 1) + (feature.gap_sd is not None)


def _mark(word: str, levels: Sequence[object]) -> str:
    """A name for what is no level, unlike that of every level."""
    return word if word not in levels else _mark(f"({word})", levels)


def raw_columns(encoder: Encoder, schema: Schema) -> list[RawColumn]:
    """The raw columns that the network sees, in the order of the table."""
    found, start = [], 0
    for place, (feature, kind) in enumerate(zip(encoder.features, schema.kinds, strict=True)):
        stop = start + len(feature.names)
        if stop > start:
            found.append(RawColumn(feature, kind, slice(start, stop), place))
        start = stop
    return found
