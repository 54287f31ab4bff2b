"""Exact values: names (classes, groups) and times, without conversion.

Numbers are not rounded, and strings are not read as numbers. An array keeps its dtype, dates keep
their unit. An array of objects holds plain Python values, and None for a missing one. An empty
string is a string.

Times are numbers of any size, dates or durations in their own unit, or ISO strings to the
nanosecond.
"""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import is_missing
from motifnet.tables._errors import ValueTypeError, row_name, shown
from motifnet.tables._input import as_array
from motifnet.tables._reading import PLAIN

_PLAIN_TYPES = {str, bytes, bool, int, float, type(None)}
_KINDS = {
    bool: "truth value",
    int: "number",
    float: "number",
    str: "string",
    bytes: "string of bytes",
}


def exact(name: str, values: Any, n: int | None = None) -> NDArray[Any]:
    """The values of a series, an array or a list with one value a row. NaT and None are missing."""
    import narwhals as nw

    if not isinstance(values, nw.Series) and nw.dependencies.is_into_series(values):
        values = nw.from_native(values, series_only=True)
    array = _of_series(values) if isinstance(values, nw.Series) else as_array(values)
    if array.ndim != 1:
        raise DataError(
            f"{name} has shape {array.shape}, but one value for each row is expected. "
            f"Pass a list or an array with shape ({n},)."
        )
    if array.dtype.kind == "c":
        raise DataError(f"Complex data not supported: {name} holds complex numbers.")
    return _plain(array) if array.dtype.kind == "O" else array


def _of_series(series: Any) -> NDArray[Any]:
    import narwhals as nw

    dtype = series.dtype
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if (
        dtype in (nw.Categorical, nw.Enum, nw.String)
        or isinstance(dtype, nw.List | nw.Array | nw.Struct)
        or (series.null_count() and dtype.is_integer())
    ):
        out = np.empty(len(series), dtype=object)
        out[:] = series.to_list()
        return out
    return np.asarray(series.to_numpy())


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Objects with numpy scalars as Python values, and with None for a missing value."""
    out = values.copy()
    out[is_missing(values)] = None
    if set(map(type, out)) <= _PLAIN_TYPES:
        return out
    for row, value in enumerate(out):
        if type(value) is not str and isinstance(value, str):
            out[row] = str(value)
        elif isinstance(value, np.generic) and not isinstance(
            value, np.datetime64 | np.timedelta64
        ):
            out[row] = value.item()
    return out


def whole_numbers(name: str, values: Any) -> NDArray[Any] | None:
    """The values as Python integers and None, or None if they are no whole numbers by type."""
    from pandas.api.types import infer_dtype

    array = exact(name, values)
    if array.dtype.kind == "O":
        return array if infer_dtype(array, skipna=True) == "integer" else None
    return array.astype(object) if array.dtype.kind in "iu" else None


def kind_of(value: Any) -> str:
    """The kind of a value, in words. Values of different kinds differ, even where Python calls them
    equal (1 and True).
    """
    return _kind_of_type(type(value))


def _kind_of_type(of: type) -> str:
    return next((word for kind, word in _KINDS.items() if issubclass(of, kind)), of.__name__)


def kinds_of(values: NDArray[Any]) -> dict[str, int]:
    """The kinds of the values that are not missing, with the first row of each."""
    kinds: dict[str, int] = {}
    if values.dtype.kind in "mM":
        return {"date": 0}
    if values.dtype.kind != "O":
        return {kind_of(values[:1].tolist()[0]): 0} if len(values) else {}
    types = list(map(type, values))
    for row, of in sorted(
        ((types.index(of), of) for of in set(types) - {type(None)}), key=itemgetter(0)
    ):
        kinds.setdefault(_kind_of_type(of), row)
    return kinds


def ranked(name: str, values: NDArray[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """The rank 0, 1, … of each value among the distinct ones, and the distinct values in order.

    No value may be missing. Values of different kinds are ordered by kind first.
    """
    import pandas as pd

    kind = values.dtype.kind
    source = (
        values.view(np.int64)
        if kind in "mM"
        else values.astype(np.float64)
        if kind == "f"
        else values
    )
    try:
        keys = source if source.dtype.kind != "O" else _keys(source)
        codes, found = pd.factorize(keys)
        order = sorted(range(len(found)), key=found.__getitem__)
    except TypeError:
        row = next(
            (
                i
                for i, value in enumerate(values)
                if not isinstance(value, (str, bytes, int, float))
            ),
            0,
        )
        raise ValueTypeError(
            f"{name}, {row_name(row)}, holds {shown(values[row])} of type "
            f"{type(values[row]).__name__}, which has no order. "
            "Pass strings, numbers, truth values or dates."
        ) from None
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    first = np.full(len(order), -1)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return rank[codes], values[first[order]].tolist()


def _keys(values: NDArray[Any]) -> NDArray[Any]:
    """The values, or pairs (kind, value) if there are several kinds."""
    if len(kinds_of(values)) < 2:
        return values
    out = np.empty(len(values), dtype=object)
    out[:] = [(kind_of(value), value) for value in values]
    return out


def instants(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Objects as values that can be compared: Python numbers, or an array of dates or durations.

    No value may be missing.
    """
    if all(isinstance(value, str) and PLAIN.number(value) is not None for value in values):
        numbers = [Decimal(value.strip()) for value in values]
        return _finite(name, np.array(numbers, dtype=object))
    if all(isinstance(value, Real | Decimal | np.bool_) for value in values):
        return _finite(name, values)
    read = (
        _durations
        if hasattr(values[0], "total_seconds") or isinstance(values[0], np.timedelta64)
        else _dates
    )
    try:
        return read(values.tolist())
    except (TypeError, ValueError, OverflowError):
        row = next((row for row, value in enumerate(values) if not _is_read(read, value)), 0)
        raise ValueTypeError(
            f"Column {name!r}, {row_name(row)} holds {shown(values[row])}, but this column takes "
            "dates (ISO, such as 2024-05-31 or "
            "2024-05-31T12:00:00) or numbers, all of one kind. Replace such values, or leave the "
            "rows out."
        ) from None


def _finite(name: str, values: NDArray[Any]) -> NDArray[Any]:
    for row, value in enumerate(values):
        if isinstance(value, float | Decimal) and not Decimal(value).is_finite():
            raise DataError(
                f"Input {name} contains infinity. {row_name(row).capitalize()} holds "
                f"{shown(value)}; every row needs a finite time."
            )
    return values


def _dates(values: list[Any]) -> NDArray[Any]:
    import pandas as pd

    if any(isinstance(value, int | float) for value in values):
        raise TypeError("a number among dates")
    return pd.to_datetime(values, utc=True, format="ISO8601").tz_localize(None).to_numpy()


def _durations(values: list[Any]) -> NDArray[Any]:
    import pandas as pd

    return pd.to_timedelta(values).to_numpy()


def _is_read(read: Any, value: Any) -> bool:
    try:
        return bool(len(read([value])))
    except (TypeError, ValueError, OverflowError):
        return False
