"""Vectors with one value for each row of a table: weights, groups, times, offsets.

An offset is the log of the exposure of a row (years insured, hours observed, people at risk), in
the units in which the target was counted. Groups and times are compared exactly (see `_exact`).
"""

from __future__ import annotations

import warnings
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, Matrix, MotifnetWarning, as_floats
from motifnet.tables._column import Column, is_missing
from motifnet.tables._errors import row_name, shown
from motifnet.tables._exact import exact, instants, ranked
from motifnet.tables._infer import column_of
from motifnet.tables._input import as_array, column_of_series

MIN_WEIGHT_SHARE = 1e-12  # of the largest weight; smaller ones are lost in rounding
MAX_OFFSET = 300.0


def as_weight(sample_weight: Any, n: int) -> Matrix:
    """Weights with shape (n,). None is 1 for every row; a number is the same for every row."""
    if sample_weight is None:
        return np.ones(n)
    if isinstance(sample_weight, Number):
        sample_weight = np.full(n, sample_weight)
    weight = as_floats(
        "sample_weight", sample_weight, "Pass one number of at least 0 for each row."
    ).copy()
    if weight.ndim != 1:
        raise DataError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array. Expected "
            f"either a scalar value or a 1D array of length {n}."
        )
    if weight.shape != (n,):
        raise DataError(
            f"sample_weight.shape == {weight.shape}, expected {(n,)}! Pass one weight for each row."
        )
    check_finite(weight, "sample_weight")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise DataError(
            f"Negative values in data passed to `sample_weight`: {row_name(row)} has "
            f"{weight[row]}. Use 0 to leave a row out."
        )
    if not (weight > 0).any():
        raise DataError(
            "Sample weights must contain at least one non-zero number: with every "
            "weight zero there is no row to learn from."
        )
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not np.isfinite(total):
        raise DataError(
            "The sum of sample_weight is infinite. Divide the weights by their largest value."
        )
    return weight


def sensible_weight(weight: Matrix) -> Matrix:
    """Weights with shape (n,) in a range for floating point.

    Weights below MIN_WEIGHT_SHARE of the largest become 0. If the mean of the others cannot be a
    number of repetitions, they are divided by it.
    """
    largest = weight.max()
    lost = (weight > 0) & (weight < MIN_WEIGHT_SHARE * largest)
    if lost.any():
        warnings.warn(
            f"{int(lost.sum()):,} rows have weights below {MIN_WEIGHT_SHARE:g} of the largest "
            f"({largest:g}), too little to count, and are left out.",
            MotifnetWarning,
            stacklevel=4,
        )
    kept = np.where(lost, 0.0, weight)
    mean = float(np.mean(kept[kept > 0] / largest)) * largest
    return kept if 1e-9 <= mean <= 1e9 else kept / mean


def as_groups(groups: Any, n: int) -> NDArray[np.int64] | None:
    """Codes 0, 1, … of the groups in their own order. '007', '7' and 7 are three groups, and whole
    numbers and dates are compared exactly.
    """
    if groups is None:
        return None
    values = exact("groups", groups, n)
    check_length(len(values), n)
    remedy = "give each of these rows a group, such as one of its own"
    check_no_missing("groups", is_missing(values), remedy)
    return ranked("groups", values)[0]


def as_time(time: Any, n: int) -> Matrix | None:
    """The order of the rows in time, 0, 1, … for the distinct times. Times are numbers of any size,
    dates in their own unit, or ISO strings.
    """
    if time is None:
        return None
    values = exact("time", time, n)
    check_length(len(values), n)
    check_no_missing("time", is_missing(values), "leave rows without a time out")
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.dtype.kind in "UO" and n:
        values = instants("time", values.astype(object))
    if values.dtype.kind == "f":
        check_finite(values, "time")
    return ranked("time", values)[0].astype(np.float64)


def as_numbers(y: Any, n: int) -> Matrix:
    """Targets with shape (n, q) for n rows, from an array with shape (n,) or (n, q)."""
    values = as_floats("y", y, "Pass one finite number a row for each output.")
    if values.ndim not in (1, 2) or len(values) != n or not np.isfinite(values).all():
        raise DataError(
            f"y has shape {values.shape} for {n} rows, or holds NaN or infinity. Pass "
            "one finite target for each row."
        )
    return values if values.ndim == 2 else values[:, None]


def vector(name: str, values: Any, n: int) -> Column:
    """A typed column from a series, an array or a list with one value a row."""
    import narwhals as nw

    if nw.dependencies.is_into_series(values):
        column = column_of_series(name, nw.from_native(values, series_only=True))
    else:
        array = as_array(values)
        if array.ndim != 1:
            raise DataError(
                f"{name} has shape {array.shape}, but one value for each row is "
                f"expected. Pass a list or an array with shape ({n},)."
            )
        column = column_of(name, array)
    check_length(len(column.values), n)
    return column


def check_length(found: int, n: int) -> None:
    """Refuse a vector of another length than the table."""
    if found != n:
        raise DataError(
            f"Found input variables with inconsistent numbers of samples: [{n}, "
            f"{found}]. Pass one value for each row of the table."
        )


def check_finite(values: Matrix, name: str) -> None:
    """Refuse NaN and infinity."""
    if not np.isfinite(values).all():
        row = int(np.argmax(~np.isfinite(values)))
        what = (
            "NaN" if np.isnan(values[row]) else "infinity or a value too large for dtype('float64')"
        )
        raise DataError(
            f"Input {name} contains {what}. {row_name(row).capitalize()} holds "
            f"{shown(values[row])}; every row needs a finite number."
        )


def check_no_missing(name: str, missing: NDArray[np.bool_], remedy: str) -> None:
    """Refuse rows without a value; `missing` with shape (n,)."""
    if missing.any():
        row = int(np.argmax(missing))
        raise DataError(
            f"Input {name} contains NaN. {row_name(row).capitalize()} has no value: {remedy}."
        )


def as_offset(offset: Any, n: int) -> Matrix:
    """Offsets with shape (n,). None is 0 for every row, an exposure of 1."""
    if offset is None:
        return np.zeros(n)
    column = vector("offset", offset, n)
    remedy = "give it the log of its exposure, 0 for an exposure of 1"
    check_no_missing("offset", column.missing, remedy)
    if column.kind in ("categorical", "date"):
        raise DataError(
            "offset holds strings or dates. Pass one number for each row, the log of its exposure."
        )
    values = column.values.astype(np.float64)
    check_finite(values, "offset")
    if (np.abs(values) > MAX_OFFSET).any():
        row = int(np.argmax(np.abs(values) > MAX_OFFSET))
        raise DataError(
            f"offset is {values[row]:g} in {row_name(row)}: an exposure of "
            f"e^{values[row]:g}. Pass the log of the exposure."
        )
    return values
