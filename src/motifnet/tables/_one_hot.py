"""One indicator a level; two levels need one. A level that the fit has not seen gets every indicator's value for "absent"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._column import Column, Level
from motifnet.tables._feature import Feature, moments, standardise
from motifnet.tables._level import codes_of
from motifnet.tables._sample import Matrix


@dataclass(frozen=True, eq=False)
class OneHot(Feature):
    """`table` with shape (len(levels) + 1, k): the standardised indicators of each level, and of an unseen one in the last row."""

    levels: tuple[Level | None, ...]
    table: Matrix

    @classmethod
    def fit(cls, column: Column, levels: tuple[Level | None, ...], weight: Matrix) -> OneHot:
        count = len(levels)
        codes = codes_of(column, levels)
        table = np.eye(count + 1, count)[:, shown_levels(count)]
        for j, level in enumerate(shown_levels(count)):
            mean, sd = moments((codes == level).astype(np.float64), weight)
            table[:, j] = standardise(table[:, j], mean, sd)
        return cls(column.name, levels, table)

    @property
    def names(self) -> tuple[str, ...]:
        shown = [self.levels[i] for i in shown_levels(len(self.levels))]
        return tuple(f"{self.name} is missing" if level is None else f"{self.name}={level}" for level in shown)

    @property
    def numeric(self) -> NDArray[np.bool_]:
        return np.zeros(self.table.shape[1], dtype=bool)

    def encode(self, column: Column) -> Matrix:
        return self.table[codes_of(column, self.levels)]


def shown_levels(count: int) -> range:
    """Which of `count` levels get an indicator."""
    return range(1, 2) if count == 2 else range(count if count > 2 else 0)
