"""What comes beside a table, one value a row: weights, groups, times."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, as_floats
from motifnet.tables._column import Column
from motifnet.tables._errors import row_name, shown
from motifnet.tables._exact import check_present, exact, ranked
from motifnet.tables._frame import column_of_series
from motifnet.tables._infer import column_of
from motifnet.tables._instants import instants
from motifnet.tables._matrix import as_array
from motifnet.tables._sample import Matrix


def as_weight(sample_weight: Any, n: int) -> Matrix:
    """Weights with shape (n,): None is 1 for every row, a number is that number."""
    if sample_weight is None:
        return np.ones(n)
    if isinstance(sample_weight, Number):
        sample_weight = np.full(n, sample_weight)
    weight = as_floats("sample_weight", sample_weight, "Pass one number of at least 0 for each row.").copy()
    if weight.ndim != 1:
        raise DataError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array. Expected either a scalar value or a 1D array of length {n}."
        )
    if weight.shape != (n,):
        raise DataError(f"sample_weight.shape == {weight.shape}, expected {(n,)}! Pass one weight for each row.")
    check_finite(weight, "sample_weight")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise DataError(f"Negative values in data passed to `sample_weight`: {row_name(row)} has {weight[row]}. Use 0 to leave a row out.")
    if not (weight > 0).any():
        raise DataError("Sample weights must contain at least one non-zero number: with every weight zero there is no row to learn from.")
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not np.isfinite(total):
        raise DataError("The sum of sample_weight is infinite. Divide the weights by their largest value.")
    return weight


def as_groups(groups: Any, n: int) -> NDArray[np.int64] | None:
    """Codes 0, 1, … of the groups in their own order; '007', '7' and 7 are three groups, whole numbers and dates are compared exactly."""
    if groups is None:
        return None
    values = exact("groups", groups, n)
    check_length(len(values), n)
    check_present("groups", values, "give each of these rows a group, such as one of its own")
    return ranked("groups", values)[0]


def as_time(time: Any, n: int) -> Matrix | None:
    """The order of the rows in time: 0, 1, … for the different times, which are numbers of any size, dates in their own unit, or ISO texts."""
    if time is None:
        return None
    values = exact("time", time, n)
    check_length(len(values), n)
    check_present("time", values, "leave rows without a time out")
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
        raise DataError(f"y has shape {values.shape} for {n} rows, or holds NaN or infinity. Pass one finite target for each row.")
    return values if values.ndim == 2 else values[:, None]


def vector(name: str, values: Any, n: int) -> Column:
    """A typed column from a series, an array or a list with one value a row."""
    import narwhals as nw

    if nw.dependencies.is_into_series(values):
        column = column_of_series(name, nw.from_native(values, series_only=True))
    else:
        array = as_array(values)
        if array.ndim != 1:
            raise DataError(f"{name} has shape {array.shape}, but one value for each row is expected. Pass a list or an array with shape ({n},).")
        column = column_of(name, array)
    check_length(len(column.values), n)
    return column


def check_length(found: int, n: int) -> None:
    """Refuse a target or a companion of another length than the table."""
    if found != n:
        raise DataError(f"Found input variables with inconsistent numbers of samples: [{n}, {found}]. Pass one value for each row of the table.")


def check_finite(values: Matrix, name: str) -> None:
    """Refuse NaN and infinity."""
    if not np.isfinite(values).all():
        row = int(np.argmax(~np.isfinite(values)))
        what = "NaN" if np.isnan(values[row]) else "infinity or a value too large for dtype('float64')"
        raise DataError(f"Input {name} contains {what}. {row_name(row).capitalize()} holds {shown(values[row])}; every row needs a finite number.")


def check_no_gaps(column: Column, remedy: str) -> None:
    """Refuse rows without a value."""
    if column.gaps.any():
        row = int(np.argmax(column.gaps))
        raise DataError(f"Input {column.name} contains NaN. {row_name(row).capitalize()} has no value: {remedy}.")
