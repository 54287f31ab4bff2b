"""Values that name something (classes, groups) or order rows (times), as they are: numbers are not rounded, texts are not read as numbers.

An array keeps its dtype, dates their own unit; a column of objects holds plain Python values, None where one is missing. An empty text is a text.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import is_gap
from motifnet.tables._errors import ValueTypeError, row_name, shown
from motifnet.tables._matrix import as_array

_PLAIN_TYPES = {str, bytes, bool, int, float, type(None)}
_KINDS = {bool: "truth value", int: "number", float: "number", str: "text", bytes: "text of bytes"}


def exact(name: str, values: Any, n: int | None = None) -> NDArray[Any]:
    """The values of a series, an array or a list with one value a row; NaT and None are gaps."""
    import narwhals as nw

    if not isinstance(values, nw.Series) and nw.dependencies.is_into_series(values):
        values = nw.from_native(values, series_only=True)
    array = _of_series(values) if isinstance(values, nw.Series) else as_array(values)
    if array.ndim != 1:
        raise DataError(f"{name} has shape {array.shape}, but one value for each row is expected. Pass a list or an array with shape ({n},).")
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
    """Objects without numpy's own scalars, and with one mark for a gap."""
    out = values.copy()
    out[is_gap(values)] = None
    if set(map(type, out)) <= _PLAIN_TYPES:
        return out
    for row, value in enumerate(out):
        if type(value) is not str and isinstance(value, str):
            out[row] = str(value)
        elif isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64):
            out[row] = value.item()
    return out


def whole_numbers(name: str, values: Any) -> NDArray[Any] | None:
    """The values as Python integers and None, or None where they are no whole numbers by type."""
    from pandas.api.types import infer_dtype

    array = exact(name, values)
    if array.dtype.kind == "O":
        return array if infer_dtype(array, skipna=True) == "integer" else None
    return array.astype(object) if array.dtype.kind in "iu" else None


def kind_of(value: Any) -> str:
    """What a value is, in words: values of different kinds are different though Python may call them equal (1 and True)."""
    return _kind_of_type(type(value))


def _kind_of_type(of: type) -> str:
    return next((word for kind, word in _KINDS.items() if issubclass(of, kind)), of.__name__)


def kinds_of(values: NDArray[Any]) -> dict[str, int]:
    """The kinds among the values that are there, and a row of each."""
    kinds: dict[str, int] = {}
    if values.dtype.kind in "mM":
        return {"date": 0}
    if values.dtype.kind != "O":
        return {kind_of(values[:1].tolist()[0]): 0} if len(values) else {}
    types = list(map(type, values))
    for row, of in sorted(((types.index(of), of) for of in set(types) - {type(None)}), key=itemgetter(0)):
        kinds.setdefault(_kind_of_type(of), row)
    return kinds


def ranked(name: str, values: NDArray[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """The number 0, 1, … of each value among the different ones in their own order, and these. Values without gaps; kinds one after the other."""
    import pandas as pd

    kind = values.dtype.kind
    source = values.view(np.int64) if kind in "mM" else values.astype(np.float64) if kind == "f" else values
    try:
        keys = source if source.dtype.kind != "O" else _keys(source)
        codes, found = pd.factorize(keys)
        order = sorted(range(len(found)), key=found.__getitem__)
    except TypeError:
        row = next((i for i, value in enumerate(values) if not isinstance(value, (str, bytes, int, float))), 0)
        raise ValueTypeError(
            f"{name}, {row_name(row)}, holds {shown(values[row])} of type {type(values[row]).__name__}, which has no order. "
            "Pass texts, numbers, truth values or dates."
        ) from None
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    first = np.full(len(order), -1)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return rank[codes], values[first[order]].tolist()


def _keys(values: NDArray[Any]) -> NDArray[Any]:
    """The values, each with its kind before it where there are several."""
    if len(kinds_of(values)) < 2:
        return values
    out = np.empty(len(values), dtype=object)
    out[:] = [(kind_of(value), value) for value in values]
    return out


def check_present(name: str, values: NDArray[Any], remedy: str) -> None:
    """Refuse rows without a value."""
    missing = is_gap(values)
    if missing.any():
        raise DataError(f"Input {name} contains NaN. {row_name(int(np.argmax(missing))).capitalize()} has no value: {remedy}.")
