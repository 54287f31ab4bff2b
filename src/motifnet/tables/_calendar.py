"""A date: the time itself, and where the dates vary within the period its phase in the year, the week and the day.

    phase = (t mod period) / period · 2π,    t in whole microseconds since 1970 UTC

Columns: t, sin and cos of each phase, standardised; a gap → 0, and a further column that tells gaps where the fit has seen some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._column import Column
from motifnet.tables._feature import Feature, moments, standardise
from motifnet.tables._sample import Matrix

PERIODS = {"year": 31_556_952_000_000, "week": 604_800_000_000, "day": 86_400_000_000}  # microseconds
PARTS = ("time", *(f"{wave} of the {period}" for period in PERIODS for wave in ("sine", "cosine")))
_SMALL = 1e-9  # sd of a sine below which it is rounding alone


@dataclass(frozen=True, eq=False)
class Calendar(Feature):
    """`parts`: which of `PARTS` come out, with their moments `mean` and `sd`, each with shape (len(parts),); `gap_sd` is None without gaps."""

    parts: tuple[str, ...]
    mean: Matrix
    sd: Matrix
    gap_mean: float
    gap_sd: float | None

    @classmethod
    def fit(cls, column: Column, weight: Matrix) -> Calendar:
        gaps = column.gaps
        t, w = column.values[~gaps], weight[~gaps]
        found = {part: moments(raw_part(t, part), w) for part in PARTS}
        kept = {part: m for part, m in found.items() if m[1] > (0 if part == "time" else _SMALL)}
        mean, sd = (np.array([m[i] for m in kept.values()]) for i in (0, 1))
        gap_mean, gap_sd = moments(gaps.astype(np.float64), weight)
        return cls(column.name, tuple(kept), mean, sd, gap_mean, gap_sd or None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.name} {part}" for part in self.parts) + ((f"{self.name} is missing",) if self.gap_sd else ())

    @property
    def numeric(self) -> NDArray[np.bool_]:
        return np.array([True] * len(self.parts) + ([False] if self.gap_sd else []), dtype=bool)

    def encode(self, column: Column) -> Matrix:
        gaps, t = column.gaps, column.values
        parts = [np.where(gaps, 0.0, standardise(raw_part(t, part), m, s)) for part, m, s in zip(self.parts, self.mean, self.sd, strict=True)]
        if self.gap_sd:
            parts.append(standardise(gaps.astype(np.float64), self.gap_mean, self.gap_sd))
        return np.stack(parts, 1) if parts else np.empty((len(gaps), 0))


def raw_part(t: NDArray[np.int64], part: str) -> Matrix:
    """One of `PARTS` at times t, before it is standardised."""
    if part == "time":
        return t.astype(np.float64)
    wave, period = part.split(" of the ")
    phase = (t % PERIODS[period]).astype(np.float64) / PERIODS[period] * (2 * np.pi)
    return np.sin(phase) if wave == "sine" else np.cos(phase)
