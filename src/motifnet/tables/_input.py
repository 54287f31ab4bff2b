"""The X of a caller, as columns or as an array.

A data frame of any library (pandas, polars, pyarrow, …) is read through narwhals, without an import
of that library. Anything else becomes an array with shape (n, d). Errors use the words of
scikit-learn. Values keep their type: an array holds objects if rows mix strings and numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._column import Column, categories, numbers
from motifnet.tables._errors import ValueTypeError
from motifnet.tables._infer import column_of, floats

_INFERRED = {
    "string": "str",
    "empty": "str",
    "integer": "int",
    "floating": "float",
    "boolean": "bool",
}
_RESHAPE = (
    "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or "
    "array.reshape(1, -1) if it contains a single sample."
)
_READ = (
    "Pass a data frame or an array with one row for each observation; a file is read by "
    "pandas.read_csv or motifnet.tables.read_table."
)


def is_frame(X: Any) -> bool:
    """Whether X is a data frame. No library of frames is imported."""
    import narwhals as nw

    return bool(nw.dependencies.is_into_dataframe(X))


def parts_of_frame(X: Any) -> tuple[list[str] | None, list[Any]]:
    """Column names (None if they are not strings) and columns, as narwhals series."""
    import narwhals as nw

    try:
        frame: Any = nw.from_native(X, eager_only=True)
        names = list(frame.columns)
    except nw.exceptions.DuplicateError:
        raise DataError(
            f"Duplicate column names: {_duplicates(X)}. Each name may occur once: "
            "rename or drop the others."
        ) from None
    types = sorted({type(name).__name__ for name in names})
    if len(types) > 1 and "str" in types:
        raise ValueTypeError(
            "Feature names are only supported if all input features have string names, "
            f"but your input has {types} as feature name / column name types. Convert them all, "
            "such as by X.columns = X.columns.astype(str)."
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
        return categories(name, np.asarray(series.to_numpy(), dtype=object), "str")
    values = np.asarray(series.to_numpy())
    if values.ndim != 1:  # cells that are arrays or records
        cells = series.to_list()
        values = np.empty(len(cells), dtype=object)
        values[:] = cells
    return column_of(name, values)


def _floats(series: Any) -> NDArray[np.float64]:
    import narwhals as nw

    if series.dtype == nw.Decimal:  # pyarrow's own conversion to float is off in the last bit
        return floats(np.array([*series.to_list(), None], dtype=object)[:-1])
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


def _categories(name: str, series: Any) -> Column:
    """Levels keep their type in libraries whose categories need not be strings."""
    from pandas.api.types import infer_dtype

    native = series.to_native()
    if hasattr(getattr(native, "cat", None), "codes"):
        found = np.array([*native.cat.categories.tolist(), None], dtype=object)
        values = found[native.cat.codes.to_numpy()]
    else:
        values = np.array([*series.to_list(), None], dtype=object)[:-1]
    # pandas before 3 takes None among floats for an integer
    present = [value for value in values if value is not None]
    return categories(name, values, _INFERRED.get(infer_dtype(present, skipna=True), "str"))


def as_matrix(X: Any) -> NDArray[Any]:
    """The array of X, with shape (n, d). Rows that mix strings and numbers become objects, so each
    column keeps its own type.
    """
    if hasattr(X, "toarray"):
        raise DataError(
            f"Sparse data was passed, {X.shape[0]:,} rows and {X.shape[-1]:,} columns, but dense "
            "data is required. Pass X.toarray() where there are at most some hundred columns; of "
            "more, make_pipeline(TruncatedSVD(50), MotifRegressor()) of scikit-learn takes the "
            "sparse X."
        )
    if hasattr(X, "collect_schema"):
        raise DataError("A lazy frame was passed, but its rows are needed. Pass X.collect().")
    array = as_array(X)
    if array.ndim != 2:
        if not array.ndim:
            raise DataError(
                f"Expected 2D array, got scalar array instead: a value of type "
                f"{type(X).__name__}. {_READ}"
            )
        found = "1D array" if array.ndim == 1 else f"{array.ndim}D array"
        raise DataError(f"Expected 2D array, got {found} instead: shape {array.shape}. {_RESHAPE}")
    return array


def as_array(X: Any) -> NDArray[Any]:
    """The array of X. A list that mixes strings and numbers, or holds large numbers, becomes an
    array of objects.
    """
    if isinstance(X, np.ma.MaskedArray):
        filled = np.asarray(X.data, dtype=object).copy()
        filled[np.ma.getmaskarray(X)] = None
        return filled
    try:
        array = np.asarray(X)
        # large floats may be whole numbers on both sides of 2^63 that numpy has rounded
        large = array.dtype.kind == "f" and (np.abs(array) >= 2.0**53).any()
        if (array.dtype.kind in "US" or large) and not hasattr(X, "dtype"):
            array = np.array(X, dtype=object)
    except ValueError as error:
        raise DataError(
            f"X is not a table: its rows have different lengths ({error}). Pass rows "
            "of equal length, or a data frame."
        ) from None
    except Exception as error:  # an object's own conversion to an array can raise anything
        raise DataError(
            f"An object of type {type(X).__name__} cannot be read as an array: "
            f"{error} Pass a data frame or a numpy array."
        ) from error
    if array.dtype.names is not None:
        raise DataError(
            "X is a structured array. Pass a data frame instead, such as pandas.DataFrame(X)."
        )
    return array
