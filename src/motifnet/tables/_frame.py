"""Columns of a data frame of any library (pandas, polars, pyarrow, …), seen through narwhals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import Column, levels, numbers
from motifnet.tables._errors import ValueTypeError
from motifnet.tables._infer import column_of, floats

_INFERRED = {"string": "str", "empty": "str", "integer": "int", "floating": "float", "boolean": "bool"}


def is_frame(X: Any) -> bool:
    """Whether X is a data frame; asked without importing any library of frames."""
    import narwhals as nw

    return bool(nw.dependencies.is_into_dataframe(X))


def parts_of_frame(X: Any) -> tuple[list[str] | None, list[Any]]:
    """Column names (None where they are not texts) and columns, as narwhals series."""
    import narwhals as nw

    try:
        frame: Any = nw.from_native(X, eager_only=True)
        names = list(frame.columns)
    except nw.exceptions.DuplicateError:
        raise DataError(f"Duplicate column names: {_duplicates(X)}. Each name may occur once: rename or drop the others.") from None
    types = sorted({type(name).__name__ for name in names})
    if len(types) > 1 and "str" in types:
        raise ValueTypeError(
            "Feature names are only supported if all input features have string names, "
            f"but your input has {types} as feature name / column name types. Convert them all, such as by X.columns = X.columns.astype(str)."
        )
    return (names if types == ["str"] else None), list(frame.iter_columns())


def _duplicates(X: Any) -> str:
    names = [str(name) for name in (X.column_names if hasattr(X, "column_names") else X.columns)]
    return ", ".join(repr(name) for name in dict.fromkeys(names) if names.count(name) > 1)


def column_of_series(name: str, series: Any) -> Column:
    """A typed column from a narwhals series."""
    import narwhals as nw

    dtype = series.dtype
    if dtype == nw.Boolean:
        return numbers(name, _floats(series), "boolean")
    if dtype.is_numeric():
        return numbers(name, _floats(series))
    if dtype in (nw.Categorical, nw.Enum):
        return _categories(name, series)
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if dtype == nw.String:
        return levels(name, np.asarray(series.to_numpy(), dtype=object), "str")
    values = np.asarray(series.to_numpy())
    if values.ndim != 1:  # cells that are arrays or records
        cells = series.to_list()
        values = np.empty(len(cells), dtype=object)
        values[:] = cells
    return column_of(name, values)


def _floats(series: Any) -> NDArray[np.float64]:
    import narwhals as nw

    if series.dtype == nw.Decimal:  # pyarrow's own way to a float is off in the last bit
        return floats(np.array([*series.to_list(), None], dtype=object)[:-1])
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


def _categories(name: str, series: Any) -> Column:
    """Levels keep their type where the library has categories of other types than text."""
    from pandas.api.types import infer_dtype

    native = series.to_native()
    if hasattr(getattr(native, "cat", None), "codes"):
        found = np.array([*native.cat.categories.tolist(), None], dtype=object)
        values = found[native.cat.codes.to_numpy()]
    else:
        values = np.array([*series.to_list(), None], dtype=object)[:-1]
    return levels(name, values, _INFERRED.get(infer_dtype(values, skipna=True), "str"))
