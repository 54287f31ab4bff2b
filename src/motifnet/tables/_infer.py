"""The kind of column that an array holds, by its dtype or by its objects.

Objects that are all numbers or missing are numeric. A mixture of strings and numbers is
categorical. Anything else raises an error that names its row.
"""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import Column, categories, dates, is_missing, numbers, seconds
from motifnet.tables._errors import ValueTypeError, row_name, shown
from motifnet.tables._reading import PLAIN


def column_of(name: str, values: NDArray[Any]) -> Column:
    """A typed column from an array of any type."""
    kind = values.dtype.kind
    if kind == "c":
        raise _complex(name)
    if kind == "b":
        return numbers(name, values.astype(np.float64), "boolean")
    if kind in "fiu":
        with np.errstate(over="ignore"):  # larger numbers than float64 holds become infinite
            return numbers(name, values.astype(np.float64))
    if kind == "M":
        return dates(name, values)
    if kind == "m":
        return numbers(name, seconds(name, values))
    if kind in "US":
        return _column_of_strings(name, values)
    try:
        return _column_of_objects(name, values.astype(object))
    except ArithmeticError as error:  # such as comparing a signalling NaN of `decimal`
        raise ValueTypeError(
            f"Column {name!r} holds a number that cannot be read ({type(error).__name__}): each "
            "argument must be a string or a number. "
            "Convert the column."
        ) from None


def _column_of_strings(name: str, values: NDArray[Any]) -> Column:
    """An array of strings cannot mix types, so it is numeric if all its strings are numbers."""
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    strings = values.astype(object)
    found = PLAIN.numbers(strings)
    if found is None:
        return categories(name, strings, "str")
    return numbers(name, found.astype(np.float64))


def _column_of_objects(name: str, values: NDArray[Any]) -> Column:
    import pandas as pd
    from pandas.api.types import infer_dtype

    found = infer_dtype(values, skipna=True)
    if found == "string":
        return categories(name, values, "str")
    if found in ("integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return numbers(name, floats(values))
    if found == "boolean":
        return numbers(name, floats(values), "boolean")
    if found in ("datetime", "datetime64", "date"):
        return dates(name, datetimes(values))
    if found == "timedelta":
        return numbers(name, seconds(name, pd.to_timedelta(values).to_numpy()))
    return _column_of_mixture(name, values)


def _column_of_mixture(name: str, values: NDArray[Any]) -> Column:
    scalars = (Number, np.bool_)
    types = {type(v) for v in values[~is_missing(values)]}
    if any(issubclass(t, complex | np.complexfloating) for t in types):
        raise _complex(name)
    if all(issubclass(t, scalars) for t in types):
        return numbers(name, floats(values))
    strange = {t for t in types if not issubclass(t, (*scalars, str))}
    if not strange:
        return categories(name, values, "str")
    row = next(i for i, v in enumerate(values) if type(v) in strange)
    raise ValueTypeError(
        f"Column {name!r}, {row_name(row)} holds {shown(values[row])} of type "
        f"{type(values[row]).__name__}: each argument must be "
        "a string or a number, a truth value, a date or missing. Convert the column, or leave it "
        "out."
    )


def floats(values: NDArray[Any]) -> NDArray[np.float64]:
    """Numbers and missing values as floats. Integers that no float can hold become infinite."""
    present = ~is_missing(values)
    out = np.full(len(values), np.nan)
    try:
        out[present] = values[present].astype(np.float64)
    except OverflowError:
        out[present] = [_float(v) for v in values[present]]
    return out


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def datetimes(values: NDArray[Any]) -> NDArray[Any]:
    """Dates, datetimes, ISO strings and missing values as datetime64. Without a time zone they are
    in UTC.
    """
    import pandas as pd

    present = ~is_missing(values)
    out = np.full(len(values), np.datetime64("NaT", "us"))
    found = pd.to_datetime(list(values[present]), utc=True, format="ISO8601")
    out[present] = found.tz_localize(None).to_numpy().astype("datetime64[us]")
    return out


def _complex(name: str) -> DataError:
    return DataError(
        f"Complex data not supported: column {name!r} holds complex numbers. Pass "
        "the real and the imaginary part as two columns."
    )
