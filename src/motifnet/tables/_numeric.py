"""A number or a truth value: x → (x − mean) / sd, a gap → 0 (the mean), and a second column that tells gaps where the fit has seen some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._column import Column
from motifnet.tables._feature import Feature, moments, standardise
from motifnet.tables._sample import Matrix


@dataclass(frozen=True, eq=False)
class Numeric(Feature):
    """`sd` and `gap_sd` are None where the value, or the fact of a gap, did not vary; `boolean` marks a truth value (0 or 1)."""

    mean: float
    sd: float | None
    gap_mean: float
    gap_sd: float | None
    boolean: bool

    @classmethod
    def fit(cls, column: Column, weight: Matrix) -> Numeric:
        gaps = column.gaps
        mean, sd = moments(column.values[~gaps], weight[~gaps])
        gap_mean, gap_sd = moments(gaps.astype(np.float64), weight)
        return cls(column.name, mean, sd or None, gap_mean, gap_sd or None, column.kind == "boolean")

    @property
    def names(self) -> tuple[str, ...]:
        return ((self.name,) if self.sd else ()) + ((f"{self.name} is missing",) if self.gap_sd else ())

    @property
    def numeric(self) -> NDArray[np.bool_]:
        return np.array(([not self.boolean] if self.sd else []) + ([False] if self.gap_sd else []), dtype=bool)

    def encode(self, column: Column) -> Matrix:
        gaps = column.gaps
        parts = []
        if self.sd:
            parts.append(np.where(gaps, 0.0, standardise(column.values, self.mean, self.sd)))
        if self.gap_sd:
            parts.append(standardise(gaps.astype(np.float64), self.gap_mean, self.gap_sd))
        return np.stack(parts, 1) if parts else np.empty((len(gaps), 0))
