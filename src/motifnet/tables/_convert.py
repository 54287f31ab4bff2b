"""Conversion of a column of a new table to the kind that it had at the fit.

Where a value does not fit, the error names column, row, value and the next step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import GAP, LEVEL_TYPES, Column, Kind, as_string, numbers, objects
from motifnet.tables._errors import row_name, shown
from motifnet.tables._infer import datetimes
from motifnet.tables._reading import PLAIN, Reading, is_mark, iso_date

_TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
_WANTED = {
    "numeric": "numbers",
    "boolean": "true or false",
    "date": "dates (such as 2024-05-31, 2024-05-31T12:00:00 or 31.5.2024)",
}


def convert(column: Column, kind: Kind, level_type: str | None, reading: Reading = PLAIN) -> Column:
    """The column as `kind`: numbers from numeric strings, truth values from 0 and 1, levels from
    numbers, dates from ISO strings.
    """
    if reading.missing:
        column = column.without(read_as_missing(column, reading))
    if kind == "categorical":
        return _to_levels(column, level_type or "str")
    if column.kind == kind or (kind == "numeric" and column.kind == "boolean"):
        return Column(column.name, kind, column.values)
    if column.missing.all():
        empty = (
            np.full(len(column.values), GAP)
            if kind == "date"
            else np.full(len(column.values), np.nan)
        )
        return Column(column.name, kind, empty)
    if kind == "boolean" and column.kind == "numeric":
        return _to_truth(column)
    if column.kind == "categorical":
        return _from_levels(column, kind, reading)
    raise _wrong(column, kind, int(np.argmax(~column.missing)))


def read_as_missing(column: Column, reading: Reading) -> NDArray[np.bool_]:
    """True in rows whose value is one of `reading.missing`, with shape (n,)."""
    if column.kind == "categorical":
        return np.array(
            [value is not None and as_string(value) in reading.missing for value in column.values],
            dtype=bool,
        )
    if column.kind == "date":
        return np.isin(
            column.values, [date for mark in reading.missing if (date := _date(mark)) is not None]
        )
    return np.isin(column.values, reading.missing_numbers)


def _to_truth(column: Column) -> Column:
    bad = ~(column.missing | (column.values == 0) | (column.values == 1))
    if bad.any():
        raise _wrong(column, "boolean", int(np.argmax(bad)))
    return Column(column.name, "boolean", column.values)


def _from_levels(column: Column, kind: Kind, reading: Reading) -> Column:
    """Reads each distinct level once. Marks of a missing value are missing."""
    import pandas as pd

    codes, found = pd.factorize(column.values)
    readers: dict[str, Callable[[Any], float | int | None]] = {
        "numeric": partial(_number, reading),
        "boolean": _truth,
        "date": _date,
    }
    read = readers[kind]
    missing = GAP if kind == "date" else np.nan
    parsed = [
        missing if isinstance(value, str) and is_mark(value) else read(value) for value in found
    ]
    for i, value in enumerate(parsed):
        if value is None:
            raise _wrong(column, kind, int(np.argmax(codes == i)))
    values = np.array([*parsed, missing], dtype=np.int64 if kind == "date" else np.float64)[codes]
    return (
        numbers(column.name, values, kind)
        if kind == "numeric"
        else Column(column.name, kind, values)
    )


def _number(reading: Reading, value: Any) -> float | None:
    return reading.number(value) if isinstance(value, str) else float(value)


def _truth(value: Any) -> float | None:
    return _TRUTH.get(str(value).strip().lower())


def _date(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        return int(
            datetimes(np.array([iso_date(value) or value], dtype=object)).astype(np.int64)[0]
        )
    except ValueError:
        return None


def _to_levels(column: Column, level_type: str) -> Column:
    if column.kind == "categorical" and column.level_type == level_type:
        return column
    values, present = objects(column), ~column.missing
    out = np.full(len(values), None, dtype=object)
    out[present] = [_level(v, level_type) for v in values[present]]
    return Column(column.name, "categorical", out, level_type)


def _level(value: Any, level_type: str) -> Any:
    """The value as a level of that type. A value that cannot be one is returned unchanged, as an
    unseen level.
    """
    if level_type == "str":
        return as_string(value)
    if isinstance(value, str) and is_mark(value):
        return None
    if level_type == "bool":
        found = _truth(value)
        return value if found is None else bool(found)
    if isinstance(value, str):
        plain = PLAIN.literal(value)
        if plain is None:
            return value
        value = float(plain) if set(plain) & set(".eEnN") else int(plain)
    try:
        level = LEVEL_TYPES[level_type](value)
        return level if level == value else value
    except (ValueError, OverflowError):
        return value


def _wrong(column: Column, kind: Kind, row: int) -> DataError:
    value = objects(column)[row]
    return DataError(
        f"Column {column.name!r}, {row_name(row)} holds {shown(value)}, but this column takes "
        f"{_WANTED[kind]}. "
        "Replace such values; if one stands for a missing value, leave the cell empty, or say so "
        "by --missing."
    )
