"""Features map one raw column to columns of the matrix, without use of the target.

Every feature is a frozen dataclass. Its fields are plain JSON values, tuples of them, or float64
arrays, so its state is the dict of its fields. Every encoded column is standardised with the
weighted moments of the fit and clipped. A constant column is left out.

    z = (x − mean) / sd, clipped to [−8, 8]

    `Numeric`    a number or a truth value: x → (x − mean) / sd, missing → 0 (the mean)
    `OneHot`     one indicator for each level, a single one for two levels. An unseen level gets
                 the value for "absent" in every indicator
    `Calendar`   a date: the time t in whole microseconds since 1970 UTC, and sine and cosine of
                 its phase in the year, the week and the day, if the dates vary within them,
                 phase = (t mod period) / period · 2π; missing → 0

`Numeric` and `Calendar` add an indicator of missing values if the fit has seen some.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.tables._column import Column, Level, codes_of

LIMIT = 8.0
PERIODS = {  # in microseconds
    "year": 31_556_952_000_000,
    "week": 604_800_000_000,
    "day": 86_400_000_000,
}
PARTS = ("time", *(f"{wave} of the {period}" for period in PERIODS for wave in ("sine", "cosine")))
FEATURES: dict[str, type[Feature]] = {}  # by the name of the class
_MIN_SD = 1e-9  # of a sine or cosine; anything below is rounding error


@dataclass(frozen=True, eq=False)
class Feature(ABC):
    """Encodes the column `name`."""

    name: str

    def __init_subclass__(cls) -> None:
        FEATURES[cls.__name__] = cls

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the k encoded columns; k may be 0."""

    @property
    @abstractmethod
    def numeric(self) -> NDArray[np.bool_]:
        """With shape (k,): True for a number, False for the indicator of a category or a missing
        value.
        """

    @abstractmethod
    def encode(self, column: Column) -> Matrix:
        """The encoded columns, with shape (n, k)."""

    def to_state(self) -> dict[str, Any]:
        """The fields, with tuples as lists, and the name of the class: plain JSON and float64
        arrays.
        """
        state = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"feature": type(self).__name__} | {
            key: list(v) if isinstance(v, tuple) else v for key, v in state.items()
        }


def moments(x: Matrix, weight: Matrix) -> tuple[float, float]:
    """Weighted mean and standard deviation of x with shape (n,). The sd of a constant x is
    exactly 0.

    They are computed from x / 2^e, which is exact and below 1, so nothing overflows. The mean is
    corrected once by the mean of its residuals, so only its last bit depends on the order of the
    rows.
    """
    if x.size == 0 or x.min() == x.max():
        return (float(x[0]) if x.size else 0.0), 0.0
    exponent = int(np.frexp(np.abs(x).max())[1])
    z, total = np.ldexp(x, -exponent), float(weight.sum())
    mean = float(weight @ z) / total
    mean += float(weight @ (z - mean)) / total
    sd = float(np.sqrt(weight @ (z - mean) ** 2 / total))
    return float(np.ldexp(mean, exponent)), float(np.ldexp(sd, exponent))


def standardise(x: Matrix, mean: float | Matrix, sd: float | Matrix) -> Matrix:
    """(x − mean) / sd, clipped to [−8, 8]; an overflow is clipped too."""
    with np.errstate(over="ignore"):
        z = (x - mean) / sd
    return np.clip(z, -LIMIT, LIMIT)


def _indicator_moments(missing: NDArray[np.bool_], weight: Matrix) -> tuple[float, float | None]:
    """Mean and sd of the indicator of missing values; sd is None if it does not vary."""
    mean, sd = moments(missing.astype(np.float64), weight)
    return mean, sd or None


def _with_indicator(
    parts: list[Matrix], missing: NDArray[np.bool_], mean: float, sd: float | None
) -> Matrix:
    """The parts as columns with shape (n, k), then the standardised indicator if it varied."""
    if sd:
        parts = [*parts, standardise(missing.astype(np.float64), mean, sd)]
    return np.stack(parts, 1) if parts else np.empty((len(missing), 0))


@dataclass(frozen=True, eq=False)
class Numeric(Feature):
    """`sd` is None if the value did not vary, `gap_sd` if the indicator of missing values did not.
    `boolean` marks a truth value (0 or 1).
    """

    mean: float
    sd: float | None
    gap_mean: float
    gap_sd: float | None
    boolean: bool

    @classmethod
    def fit(cls, column: Column, weight: Matrix) -> Numeric:
        missing = column.missing
        mean, sd = moments(column.values[~missing], weight[~missing])
        gap_mean, gap_sd = _indicator_moments(missing, weight)
        return cls(column.name, mean, sd or None, gap_mean, gap_sd, column.kind == "boolean")

    @property
    def names(self) -> tuple[str, ...]:
        return ((self.name,) if self.sd else ()) + (
            (f"{self.name} is missing",) if self.gap_sd else ()
        )

    @property
    def numeric(self) -> NDArray[np.bool_]:
        return np.array(
            ([not self.boolean] if self.sd else []) + ([False] if self.gap_sd else []), dtype=bool
        )

    def encode(self, column: Column) -> Matrix:
        missing = column.missing
        parts = []
        if self.sd:
            parts.append(np.where(missing, 0.0, standardise(column.values, self.mean, self.sd)))
        return _with_indicator(parts, missing, self.gap_mean, self.gap_sd)


@dataclass(frozen=True, eq=False)
class OneHot(Feature):
    """`table` with shape (len(levels) + 1, k): the standardised indicators of each level, and of
    unseen levels in the last row.
    """

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
        return tuple(
            f"{self.name} is missing" if level is None else f"{self.name}={level}"
            for level in shown
        )

    @property
    def numeric(self) -> NDArray[np.bool_]:
        return np.zeros(self.table.shape[1], dtype=bool)

    def encode(self, column: Column) -> Matrix:
        return self.table[codes_of(column, self.levels)]


def shown_levels(count: int) -> range:
    """The numbers of the levels, among `count`, that get an indicator."""
    return range(1, 2) if count == 2 else range(count if count > 2 else 0)


@dataclass(frozen=True, eq=False)
class Calendar(Feature):
    """`parts`: those of `PARTS` that vary. `mean` and `sd`: their moments, each with shape
    (len(parts),). `gap_sd` is None if the indicator of missing values did not vary.
    """

    parts: tuple[str, ...]
    mean: Matrix
    sd: Matrix
    gap_mean: float
    gap_sd: float | None

    @classmethod
    def fit(cls, column: Column, weight: Matrix) -> Calendar:
        missing = column.missing
        t, w = column.values[~missing], weight[~missing]
        found = {part: moments(raw_part(t, part), w) for part in PARTS}
        kept = {part: m for part, m in found.items() if m[1] > (0 if part == "time" else _MIN_SD)}
        mean, sd = (np.array([m[i] for m in kept.values()]) for i in (0, 1))
        return cls(column.name, tuple(kept), mean, sd, *_indicator_moments(missing, weight))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.name} {part}" for part in self.parts) + (
            (f"{self.name} is missing",) if self.gap_sd else ()
        )

    @property
    def numeric(self) -> NDArray[np.bool_]:
        return np.array([True] * len(self.parts) + ([False] if self.gap_sd else []), dtype=bool)

    def encode(self, column: Column) -> Matrix:
        missing, t = column.missing, column.values
        parts = [
            np.where(missing, 0.0, standardise(raw_part(t, part), m, s))
            for part, m, s in zip(self.parts, self.mean, self.sd, strict=True)
        ]
        return _with_indicator(parts, missing, self.gap_mean, self.gap_sd)


def raw_part(t: NDArray[np.int64], part: str) -> Matrix:
    """One of `PARTS` at times t, not standardised."""
    if part == "time":
        return t.astype(np.float64)
    wave, period = part.split(" of the ")
    phase = (t % PERIODS[period]).astype(np.float64) / PERIODS[period] * (2 * np.pi)
    return np.sin(phase) if wave == "sine" else np.cos(phase)
