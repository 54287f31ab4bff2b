"""The columns of a table as axes of a grid.

A column of numbers is an interval [low, high], cut into bins of equal width h. A column of
categories has one bin a level, of measure 1. So a density is with respect to the product of
Lebesgue measure in the units of the number columns, and counting measure on the levels.

Without bounds the interval is the range of the values, widened at each end by
(max − min)/(n − 1): the expected distance of the extreme of n uniform values from its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse

from motifnet.engine import DataError, Matrix, UsageError, as_floats

Codes = NDArray[np.int64]
Values = NDArray[Any]  # of one column
Bounds = Sequence[tuple[float, float] | None] | None


@dataclass(frozen=True)
class Axis:
    """One column. levels: its categories, sorted, or None for an interval."""

    name: str
    low: float = 0.0
    high: float = 1.0
    levels: tuple[Any, ...] | None = None

    def bins(self, requested: int) -> int:
        """The number of bins."""
        return requested if self.levels is None else len(self.levels)

    def measure(self, bins: int) -> float:
        """Of one bin: its width in the unit of the column, or 1 for a level."""
        return (self.high - self.low) / bins if self.levels is None else 1.0

    def codes(self, values: Values, bins: int) -> Codes:
        """The bin of each value, or −1 outside of the interval and for levels never seen."""
        if self.levels is not None:
            return np.asarray(pd.Index(self.levels).get_indexer(pd.Index(values)), dtype=np.int64)
        share = (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)
        inside = (share >= 0) & (share <= 1)
        found = np.minimum(np.where(inside, share, 0.0) * bins, bins - 1).astype(np.int64)
        return np.where(inside, found, -1)

    def draw(self, codes: Codes, bins: int, rng: np.random.Generator) -> Values:
        """A value in each of the bins, uniform within it."""
        if self.levels is not None:
            return np.array(self.levels, dtype=object)[codes]
        return self.low + (codes + rng.uniform(size=len(codes))) * self.measure(bins)

    def edges(self, bins: int) -> Matrix:
        """The ends of the bins; those of levels are at whole numbers less a half."""
        if self.levels is not None:
            return np.arange(bins + 1, dtype=np.float64) - 0.5
        return np.asarray(np.linspace(self.low, self.high, bins + 1), dtype=np.float64)


def read_columns(X: Any) -> dict[str, Values]:
    """The columns by name: floats, or objects where they are categories.

    A data frame (pandas, polars, pyarrow) has numbers and categories; of a plain array each column
    that is not numbers is one of categories.
    """
    if issparse(X):
        raise DataError(
            "X is a sparse matrix; PartitionDensity takes sparse data as a dense table only. Pass "
            "X.toarray()."
        )
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        frame = nw.from_native(_as_frame(X), eager_only=True)
    if not frame.shape[0] or not frame.shape[1]:
        raise DataError(
            f"X has {frame.shape[0]} sample(s) and {frame.shape[1]} feature(s) "
            f"(shape={frame.shape}) while a minimum of 1 is required. Pass at least one row and "
            "one column."
        )
    return {str(name): _read_column(str(name), frame[name]) for name in frame.columns}


def _as_frame(X: Any) -> pd.DataFrame:
    array = np.asarray(X, dtype=object) if isinstance(X, list | tuple) else np.asarray(X)
    if array.ndim != 2:
        raise DataError(
            f"X has shape {array.shape}; expected 2D, (n, d). Reshape your data: "
            "X.reshape(-1, 1) for one column."
        )
    if array.dtype.kind in "OSU":
        return pd.DataFrame({f"x{i}": list(column) for i, column in enumerate(array.T)})
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: X holds complex numbers. Pass real numbers.")
    numbers = as_floats("X", array)
    return pd.DataFrame(numbers, columns=[f"x{i}" for i in range(array.shape[1])])


def _read_column(name: str, column: Any) -> Values:
    numeric = column.dtype.is_numeric()
    values = column.to_numpy()
    if numeric:
        values = as_floats(f"Column {name!r}", values)
        bad = ~np.isfinite(values)
    else:
        bad = np.asarray(pd.isna(values))
    if bad.any():
        kind = "infinity" if numeric and not np.isnan(values).any() else "NaN"
        raise DataError(
            f"Column {name!r} contains {kind} in {int(bad.sum())} of {len(bad)} rows. Fill in or "
            "drop these rows first."
        )
    return np.asarray(values if numeric else values.astype(object))


def axes_of(columns: dict[str, Values], bounds: Bounds) -> tuple[Axis, ...]:
    """The axes of these columns; bounds: (low, high) or None, one a column."""
    given = [None] * len(columns) if bounds is None else list(bounds)
    if len(given) != len(columns):
        raise UsageError(
            f"bounds has {len(given)} entries and X has {len(columns)} columns. Give (low, high) "
            "or None for each column."
        )
    return tuple(
        _axis(name, values, bound)
        for (name, values), bound in zip(columns.items(), given, strict=True)
    )


def _axis(name: str, values: Values, bound: tuple[float, float] | None) -> Axis:
    if values.dtype == object:
        return Axis(name, levels=tuple(sorted(pd.unique(values), key=lambda v: (str(type(v)), v))))
    low, high = float(values.min()), float(values.max())
    if bound is None:
        if len(values) == 1 or low == high:
            raise DataError(
                f"Column {name!r} has the one value {low:g} in n_samples={len(values)} rows, and "
                "no density. Pass more rows, leave the column out, or give its bounds."
            )
        margin = (high - low) / (len(values) - 1)
        return Axis(name, low - margin, high + margin)
    ends = as_floats(f"The bounds of column {name!r}", bound, "Give (low, high).")
    if ends.shape != (2,) or not np.isfinite(ends).all() or not ends[0] < ends[1]:
        raise UsageError(
            f"The bounds {bound!r} of column {name!r} must be (low, high), low < high."
        )
    if low < ends[0] or high > ends[1]:
        raise DataError(
            f"Column {name!r} has values from {low:g} to {high:g}, outside of its bounds "
            f"({ends[0]:g}, {ends[1]:g}). Widen them."
        )
    return Axis(name, float(ends[0]), float(ends[1]))
