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

Kind = Literal["numeric", "boolean", "categorical", "date"]
Level = str | int | float | bool
GAP = int(np.iinfo(np.int64).min)
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

    def take(self, rows: NDArray[Any]) -> Column:
        """The column on some rows (indices or mask)."""
        return replace(self, values=self.values[rows])


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
    return Column(name, "date", values.astype("datetime64[us]").astype(np.int64))


def seconds(values: NDArray[Any]) -> NDArray[np.float64]:
    """Durations as numbers."""
    steps = values.astype("timedelta64[us]").astype(np.int64)
    return np.where(steps == GAP, np.nan, steps / 1e6)


def objects(column: Column) -> NDArray[Any]:
    """The values as Python objects: floats, truth values, levels, or dates as ISO text."""
    if column.kind == "boolean":
        return np.where(column.values == 1, True, False).astype(object)
    if column.kind != "date":
        return column.values.astype(object)
    day = 86_400_000_000
    whole = (column.values[~column.gaps] % day == 0).all()
    return np.datetime_as_string(column.values.astype("datetime64[us]"), unit="D" if whole else "auto").astype(object)
