"""A typed column: numbers, yes/no, categories or dates, with one mark for a gap each.

    numeric, boolean   float64, a gap is NaN
    categorical        objects, a gap is None; all levels of a column are of one type (str, int, float or bool)
    date               int64 microseconds since 1970 UTC, a gap is `GAP`

A text of no letters is a gap, as it is in a file.
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
_DAY = 86_400e6
_UNITS = {
    "Y": 366 * _DAY,
    "M": 31 * _DAY,
    "W": 7 * _DAY,
    "D": _DAY,
    "h": 3_600e6,
    "m": 60e6,
    "s": 1e6,
    "ms": 1e3,
    "us": 1.0,
}  # at most, in microseconds
_MOST_MICROSECONDS = 9.2e18
LEVEL_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


@dataclass(frozen=True, eq=False)
class Column:
    """One column; `level_type` names the type of the levels of a categorical column."""

    name: str
    kind: Kind
    values: NDArray[Any]
    level_type: str | None = None

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """Rows without a value."""
        if self.kind == "date":
            return self.values == GAP
        if self.kind == "categorical":
            return is_gap(self.values)
        return np.isnan(self.values)

    def take(self, rows: NDArray[Any] | slice) -> Column:
        """The column on some rows (indices, mask or slice)."""
        return replace(self, values=self.values[rows])

    def without(self, rows: NDArray[np.bool_]) -> Column:
        """The column with gaps in some rows."""
        if not rows.any():
            return self
        values = self.values.copy()
        values[rows] = {"date": GAP, "categorical": None}.get(self.kind, np.nan)
        return replace(self, values=values)


def is_gap(values: NDArray[Any]) -> NDArray[np.bool_]:
    """True where an array of any type holds None, NaN, NaT or NA."""
    import pandas as pd

    return np.asarray(pd.isna(values), dtype=bool)


def numbers(name: str, values: NDArray[Any], kind: Kind = "numeric") -> Column:
    """A column of floats, in which -0.0 and 0.0 are the same."""
    return Column(name, kind, values + 0.0)


def levels(name: str, values: NDArray[Any], level_type: str) -> Column:
    """A column of categories from an array of objects."""
    gaps = is_gap(values)
    out = values.copy()
    out[gaps] = None
    if level_type == "str":
        _make_texts(out, gaps)
        out[out == ""] = None
    return Column(name, "categorical", out, level_type)


def as_text(value: Any) -> str:
    """A level as text: 1 and 1.0 are the same level."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value)


def _make_texts(values: NDArray[Any], gaps: NDArray[np.bool_]) -> None:
    from pandas.api.types import infer_dtype

    if infer_dtype(values, skipna=True) not in ("string", "empty"):
        rows = np.flatnonzero(~gaps)
        values[rows] = [as_text(v) for v in values[rows]]


def dates(name: str, values: NDArray[Any]) -> Column:
    """A column of dates from an array of datetime64."""
    return Column(name, "date", _microseconds(name, values))


def seconds(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """Durations as numbers."""
    steps = _microseconds(name, values)
    return np.where(steps == GAP, np.nan, steps / 1e6)


def _microseconds(name: str, values: NDArray[Any]) -> NDArray[np.int64]:
    """Dates or durations in whole microseconds; numpy itself would let what is beyond int64 come back at the other end."""
    unit, count = np.datetime_data(values.dtype)
    size = np.abs(values.view(np.int64).astype(np.float64)) * count * _UNITS.get(unit, 0.0)
    beyond = (size > _MOST_MICROSECONDS) & ~is_gap(values)
    if beyond.any():
        row = int(np.argmax(beyond))
        raise DataError(
            f"Column {name!r}, {row_name(row)} holds {values[row]} ({values.dtype}), which is more than 290,000 years from 1970. "
            "Pass such a column as numbers, or leave the cell empty if the value is not known."
        )
    return values.astype(f"{values.dtype.kind}8[us]").astype(np.int64)


def objects(column: Column) -> NDArray[Any]:
    """The values as Python objects: floats, truth values, levels, or dates as ISO text."""
    if column.kind == "boolean":
        return np.where(column.values == 1, True, False).astype(object)
    if column.kind != "date":
        return column.values.astype(object)
    day = 86_400_000_000
    whole = (column.values[~column.gaps] % day == 0).all()
    return np.datetime_as_string(column.values.astype("datetime64[us]"), unit="D" if whole else "auto").astype(object)
