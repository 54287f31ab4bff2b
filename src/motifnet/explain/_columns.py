"""A raw column in the matrix that the network sees: where its columns lie, what values rows have, and what other values look like.

A raw column is changed as a whole: all indicators of a category together, a date with its phases, a gap with its mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from motifnet.bundle import FittedModel
from motifnet.tables import Calendar, Column, Feature, Kind, Matrix, Numeric, OneHot, TargetMean

MISSING = "missing"
DIGITS = 9  # of a number in units of its sd: what the encoding keeps


@dataclass(frozen=True)
class RawColumn:
    """`where`: its columns of the matrix."""

    feature: Feature
    kind: Kind
    where: slice

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

    def levels(self) -> tuple[list[str], Matrix]:
        """Its levels in words, and their columns with shape (L, k)."""
        feature = self.feature
        if isinstance(feature, OneHot | TargetMean):
            return [MISSING if level is None else str(level) for level in feature.levels], feature.table[:-1]
        values = np.array([0.0, 1.0, np.nan]) if isinstance(feature, Numeric) and feature.sd else np.array([0.0, np.nan])
        if isinstance(feature, Calendar):
            return [], np.empty((0, len(feature.names)))
        assert isinstance(feature, Numeric)
        names = (["false", "true"] if feature.sd else ["present"]) + ([MISSING] if feature.gap_sd else [])
        return names, self.at(values if feature.gap_sd else values[:-1])

    def codes(self, X: Matrix) -> NDArray[np.int64]:
        """The level of each row, with shape (n,): that whose columns are nearest."""
        return np.asarray(cdist(X[:, self.where], self.levels()[1]).argmin(1))


def raw_columns(model: FittedModel) -> list[RawColumn]:
    """The raw columns that the network sees, in the order of the table."""
    found, start = [], 0
    for feature, kind in zip(model.encoder.features, model.schema.kinds, strict=True):
        stop = start + len(feature.names)
        if stop > start:
            found.append(RawColumn(feature, kind, slice(start, stop)))
        start = stop
    return found
