"""A typed column: numbers, truth values, categories or dates, each with one mark for missing.

    numeric, boolean   float64, missing is NaN
    categorical        objects, missing is None; all levels of one type (str, int, float or bool)
    date               int64 microseconds since 1970 UTC, missing is `GAP`

An empty string is a missing value, as it is in a file.

A column with L levels is encoded by a table with L + 1 rows: one for each level, and a last row for
values that the fit has not seen. If the fit has seen a missing value, it is the last level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._errors import row_name

Kind = Literal["numeric", "boolean", "categorical", "date"]
Level = str | int | float | bool
GAP = int(np.iinfo(np.int64).min)
LEVEL_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_DAY = 86_400e6
_UNITS = {  # the longest each can be, in microseconds
    "Y": 366 * _DAY,
    "M": 31 * _DAY,
    "W": 7 * _DAY,
    "D": _DAY,
    "h": 3_600e6,
    "m": 60e6,
    "s": 1e6,
    "ms": 1e3,
    "us": 1.0,
}
_MAX_MICROSECONDS = 9.2e18


@dataclass(frozen=True, eq=False)
class Column:
    """One column; `level_type` names the type of the levels of a categorical column."""

    name: str
    kind: Kind
    values: NDArray[Any]
    level_type: str | None = None

    @property
    def missing(self) -> NDArray[np.bool_]:
        """True in rows without a value, with shape (n,)."""
        if self.kind == "date":
            return self.values == GAP
        if self.kind == "categorical":
            return is_missing(self.values)
        return np.isnan(self.values)

    def take(self, rows: NDArray[Any] | slice) -> Column:
        """The column on some rows (indices, mask or slice)."""
        return replace(self, values=self.values[rows])

    def without(self, rows: NDArray[np.bool_]) -> Column:
        """The column with missing values in some rows."""
        if not rows.any():
            return self
        values = self.values.copy()
        values[rows] = {"date": GAP, "categorical": None}.get(self.kind, np.nan)
        return replace(self, values=values)


def is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """True where an array of any type holds None, NaN, NaT or NA."""
    import pandas as pd

    return np.asarray(pd.isna(values), dtype=bool)


def numbers(name: str, values: NDArray[Any], kind: Kind = "numeric") -> Column:
    """A column of floats, in which -0.0 and 0.0 are the same."""
    return Column(name, kind, values + 0.0)


def categories(name: str, values: NDArray[Any], level_type: str) -> Column:
    """A column of categories from an array of objects."""
    missing = is_missing(values)
    out = values.copy()
    out[missing] = None
    if level_type == "str":
        _make_strings(out, missing)
        out[out == ""] = None
    return Column(name, "categorical", out, level_type)


def as_string(value: Any) -> str:
    """A level as a string. 1 and 1.0 are the same level."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value)


def _make_strings(values: NDArray[Any], missing: NDArray[np.bool_]) -> None:
    """Convert the values that are not missing to strings, in place."""
    from pandas.api.types import infer_dtype

    if infer_dtype(values, skipna=True) not in ("string", "empty"):
        rows = np.flatnonzero(~missing)
        values[rows] = [as_string(v) for v in values[rows]]


def dates(name: str, values: NDArray[Any]) -> Column:
    """A column of dates from an array of datetime64."""
    return Column(name, "date", _microseconds(name, values))


def seconds(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """Durations in seconds, missing as NaN."""
    steps = _microseconds(name, values)
    return np.where(steps == GAP, np.nan, steps / 1e6)


def _microseconds(name: str, values: NDArray[Any]) -> NDArray[np.int64]:
    """Dates or durations in whole microseconds. DataError where int64 would overflow, since numpy
    would wrap around.
    """
    unit, count = np.datetime_data(values.dtype)
    size = np.abs(values.view(np.int64).astype(np.float64)) * count * _UNITS.get(unit, 0.0)
    too_large = (size > _MAX_MICROSECONDS) & ~is_missing(values)
    if too_large.any():
        row = int(np.argmax(too_large))
        raise DataError(
            f"Column {name!r}, {row_name(row)} holds {values[row]} ({values.dtype}), which is "
            "more than 290,000 years from 1970. "
            "Pass such a column as numbers, or leave the cell empty if the value is not known."
        )
    return values.astype(f"{values.dtype.kind}8[us]").astype(np.int64)


def objects(column: Column) -> NDArray[Any]:
    """The values as Python objects: floats, truth values, levels, or dates as ISO strings."""
    if column.kind == "boolean":
        return np.where(column.values == 1, True, False).astype(object)
    if column.kind != "date":
        return column.values.astype(object)
    day = 86_400_000_000
    whole = (column.values[~column.missing] % day == 0).all()
    return np.datetime_as_string(
        column.values.astype("datetime64[us]"), unit="D" if whole else "auto"
    ).astype(object)


def levels_of(column: Column) -> tuple[Level | None, ...]:
    """Distinct levels in ascending order, then None if values are missing."""
    import pandas as pd

    missing = column.missing
    as_level = LEVEL_TYPES[column.level_type or "str"]
    found = sorted(as_level(value) for value in pd.unique(column.values[~missing]))
    return (*found, None) if missing.any() else tuple(found)


def codes_of(column: Column, levels: tuple[Level | None, ...]) -> NDArray[np.int64]:
    """Row of the table for each value: the number of its level, or len(levels) for an unseen
    value.
    """
    import pandas as pd

    seen = np.empty(len(levels), dtype=object)
    seen[:] = levels
    known = seen[:-1] if levels and levels[-1] is None else seen
    codes: NDArray[Any] = (
        pd.Index(known, dtype=object)
        .get_indexer(pd.Index(column.values, dtype=object))
        .astype(np.int64)
    )
    codes[codes < 0] = len(levels)
    if len(known) < len(levels):
        codes[column.missing] = len(known)
    return codes
