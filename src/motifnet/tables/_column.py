"""A typed column: numbers, yes/no, categories or dates, with one mark for a gap each.

    numeric, boolean   float64, a gap is NaN
    categorical        objects, a gap is None; all levels of a column are of one type (str, int, float or bool)
    date               int64 microseconds since 1970 UTC, a gap is `GAP`

A text of no letters is a gap, as it is in a file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Number
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._errors import ValueTypeError, shown

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


def column_of(name: str, values: NDArray[Any]) -> Column:
    """A typed column from an array of any type."""
    kind = values.dtype.kind
    if kind == "c":
        raise _complex(name)
    if kind == "b":
        return numbers(name, values.astype(np.float64), "boolean")
    if kind in "fiu":
        return numbers(name, values.astype(np.float64))
    if kind == "M":
        return dates(name, values)
    if kind == "m":
        return numbers(name, seconds(values))
    if kind in "US":
        return _column_of_texts(name, values)
    return _column_of_objects(name, values.astype(object))


def _column_of_texts(name: str, values: NDArray[Any]) -> Column:
    """An array of texts cannot mix types, so a column of it whose texts are all numbers is numeric."""
    try:
        return numbers(name, values.astype(np.float64))
    except ValueError:
        return levels(name, (np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values).astype(object), "str")


def _column_of_objects(name: str, values: NDArray[Any]) -> Column:
    import pandas as pd
    from pandas.api.types import infer_dtype

    found = infer_dtype(values, skipna=True)
    if found == "string":
        return levels(name, values, "str")
    if found in ("integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return numbers(name, floats(values))
    if found == "boolean":
        return numbers(name, floats(values), "boolean")
    if found in ("datetime", "datetime64", "date"):
        return dates(name, datetimes(values))
    if found == "timedelta":
        return numbers(name, seconds(pd.to_timedelta(values).to_numpy()))
    return _column_of_mixture(name, values)


def _column_of_mixture(name: str, values: NDArray[Any]) -> Column:
    scalars = (Number, np.bool_)
    types = {type(v) for v in values[~is_gap(values)]}
    if any(issubclass(t, complex | np.complexfloating) for t in types):
        raise _complex(name)
    if all(issubclass(t, scalars) for t in types):
        return numbers(name, floats(values))
    strange = {t for t in types if not issubclass(t, (*scalars, str))}
    if not strange:
        return levels(name, values, "str")
    row = next(i for i, v in enumerate(values) if type(v) in strange)
    raise ValueTypeError(
        f"Column {name!r}, row {row} (the first row is 0) holds {shown(values[row])} of type {type(values[row]).__name__}: each argument must be "
        "a string or a number, a truth value, a date or a gap. Convert the column, or leave it out."
    )


def floats(values: NDArray[Any]) -> NDArray[np.float64]:
    """Objects that are numbers or gaps as floats; integers that no float can hold become infinite."""
    gaps = is_gap(values)
    out = np.full(len(values), np.nan)
    try:
        out[~gaps] = values[~gaps].astype(np.float64)
    except OverflowError:
        out[~gaps] = [_float(v) for v in values[~gaps]]
    return out


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def datetimes(values: NDArray[Any]) -> NDArray[Any]:
    """Objects that are dates, datetimes or gaps, or ISO texts, as datetime64; without a zone they are taken as UTC."""
    import pandas as pd

    gaps = is_gap(values)
    out = np.full(len(values), np.datetime64("NaT", "us"))
    found = pd.to_datetime(list(values[~gaps]), utc=True, format="ISO8601")
    out[~gaps] = found.tz_localize(None).to_numpy().astype("datetime64[us]")
    return out


def objects(column: Column) -> NDArray[Any]:
    """The values as Python objects: floats, truth values, levels, or dates as ISO text."""
    if column.kind == "boolean":
        return np.where(column.values == 1, True, False).astype(object)
    if column.kind != "date":
        return column.values.astype(object)
    day = 86_400_000_000
    whole = (column.values[~column.gaps] % day == 0).all()
    return np.datetime_as_string(column.values.astype("datetime64[us]"), unit="D" if whole else "auto").astype(object)


def _complex(name: str) -> DataError:
    return DataError(f"Complex data not supported: column {name!r} holds complex numbers. Pass the real and the imaginary part as two columns.")
