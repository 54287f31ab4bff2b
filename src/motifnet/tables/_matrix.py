"""Anything that is not a data frame as an array with shape (n, d), or an error in scikit-learn's words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError

_RESHAPE = (
    "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or array.reshape(1, -1) if it contains a single sample."
)
_READ = "Pass a data frame or an array with one row for each observation; a file is read by pandas.read_csv or motifnet.tables.read_table."


def as_matrix(X: Any) -> NDArray[Any]:
    """The array of X; rows that mix texts and numbers become objects, so that each column keeps its own type."""
    if hasattr(X, "toarray"):
        raise DataError("Sparse data was passed, but dense data is required. Use X.toarray() to convert it, or keep only the columns that matter.")
    if hasattr(X, "collect_schema"):
        raise DataError("A lazy frame was passed, but its rows are needed. Pass X.collect().")
    array = as_array(X)
    if array.ndim != 2:
        if not array.ndim:
            raise DataError(f"Expected 2D array, got scalar array instead: a value of type {type(X).__name__}. {_READ}")
        found = "1D array" if array.ndim == 1 else f"{array.ndim}D array"
        raise DataError(f"Expected 2D array, got {found} instead: shape {array.shape}. {_RESHAPE}")
    return array


def as_array(X: Any) -> NDArray[Any]:
    """The array of X; a list that mixes texts and numbers, or holds large numbers, becomes an array of objects."""
    if isinstance(X, np.ma.MaskedArray):
        filled = np.asarray(X.data, dtype=object).copy()
        filled[np.ma.getmaskarray(X)] = None
        return filled
    try:
        array = np.asarray(X)
        large = array.dtype.kind == "f" and (np.abs(array) >= 2.0**53).any()  # may be whole numbers on both sides of 2^63, rounded
        if (array.dtype.kind in "US" or large) and not hasattr(X, "dtype"):
            array = np.array(X, dtype=object)
    except ValueError as error:
        raise DataError(f"X is not a table: its rows have different lengths ({error}). Pass rows of equal length, or a data frame.") from None
    except Exception as error:  # an object's own way to become an array can raise anything
        raise DataError(f"An object of type {type(X).__name__} cannot be read as an array: {error} Pass a data frame or a numpy array.") from error
    if array.dtype.names is not None:
        raise DataError("X is a structured array. Pass a data frame instead, such as pandas.DataFrame(X).")
    return array
