"""Rows of mixed columns as points, whose Euclidean distance is a distance of rows.

    d(a, b)² = Σ over columns of
        number, date     ((a − b) / sd)², within 8 sd of the mean; a missing value is at the mean
        category         1 where the levels differ; a missing value is a level
        missing number   + 1 where the value of one row is missing

It is Gower's dissimilarity (Biometrics 27, 1971) with squares and standard deviations in place of
ranges, which one outlier sets. Levels that occur once or are not among the 60 most frequent
are one level, and unknown levels belong to it: a column of names or row numbers as strings adds
nothing to the distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.engine import Matrix
from motifnet.tables import Column, Level, Table, codes_of

MAX_LEVELS = 60
_LIMIT = 8.0  # standard deviations


@dataclass(frozen=True)
class Numbers:
    """Location and scale of a column of numbers or dates."""

    mean: float
    sd: float

    @classmethod
    def of(cls, column: Column) -> Numbers:
        x = column.values[~column.missing].astype(np.float64)
        if not len(x) or x.min() == x.max():
            return cls(float(x[0]) if len(x) else 0.0, np.inf)
        scale = np.abs(x).max()  # squares of large numbers overflow
        return cls(float(scale * (x / scale).mean()), float(scale * (x / scale).std()))

    def points(self, column: Column) -> Matrix:
        """With shape (n, 2): the value and whether it is missing."""
        missing = column.missing
        with np.errstate(over="ignore"):
            z = (column.values.astype(np.float64) - self.mean) / self.sd
        return np.stack(
            [np.where(missing, 0.0, np.clip(z, -_LIMIT, _LIMIT)), missing.astype(np.float64)], 1
        )


@dataclass(frozen=True)
class Levels:
    """The levels of a column that have a coordinate of their own."""

    names: tuple[Level, ...]

    @classmethod
    def of(cls, column: Column) -> Levels:
        values, counts = np.unique(column.values[~column.missing], return_counts=True)
        order = np.argsort(-counts, kind="stable")[: min(MAX_LEVELS, int((counts > 1).sum()))]
        return cls(tuple(values[order]))

    def points(self, column: Column) -> Matrix:
        """With shape (n, L + 2): 1/√2 at the level, two rows of different levels are 1 apart."""
        codes = codes_of(column, self.names)
        codes[column.missing] = len(self.names) + 1
        return np.eye(len(self.names) + 2)[codes] / np.sqrt(2.0)


@dataclass(frozen=True)
class Space:
    """The points of tables with the columns of the fitted one."""

    parts: tuple[Numbers | Levels, ...]

    @classmethod
    def of(cls, table: Table) -> Space:
        """Units and levels of a table."""
        return cls(
            tuple(
                Levels.of(column)
                if column.kind in ("categorical", "boolean")
                else Numbers.of(column)
                for column in table.columns
            )
        )

    def points(self, table: Table) -> Matrix:
        """With shape (n, d)."""
        return np.concatenate(
            [part.points(c) for part, c in zip(self.parts, table.columns, strict=True)], 1
        )
