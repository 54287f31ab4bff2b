"""Arrays of a fit, checked before any work: X with shape (n, p), y with shape (n,) and instruments
Z with shape (n, q). Columns of X that are also columns of Z are exogenous.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, Matrix, UsageError, as_floats

MIN_ROWS = 10


def as_matrix(name: str, values: Any, columns: int | None = None) -> Matrix:
    """Finite numbers with shape (n, columns). Raises DataError."""
    matrix = as_floats(name, values, "Code strings as numbers, and pass an array or a data frame.")
    if matrix.ndim != 2 or not matrix.size:
        hint = f"{name}.reshape(-1, 1)" if matrix.ndim == 1 else f"{name} with rows and columns"
        raise DataError(
            f"{name} has shape {matrix.shape}, expected (n, columns) with at least one row and "
            f"one column. Pass {hint}."
        )
    if columns is not None and matrix.shape[1] != columns:
        raise DataError(
            f"{name} has {matrix.shape[1]} columns, but the fit had {columns}. Pass the same "
            "columns in the same order."
        )
    _check_finite(name, matrix)
    return matrix


def as_fit(X: Any, y: Any, Z: Any) -> tuple[Matrix, Matrix, Matrix]:
    """X, y and Z of a fit. Raises UsageError where Z is missing, DataError for bad numbers."""
    if Z is None:
        raise UsageError(
            "Z is missing: fit(X, y, Z) takes the instruments with shape (n, q). Without "
            "instruments the mean of y given X is what MotifRegressor estimates."
        )
    X, Z = as_matrix("X", X), as_matrix("Z", Z)
    y = as_target(y)
    if not len(X) == len(y) == len(Z):
        raise DataError(
            f"X has {len(X)} rows, y {len(y)} and Z {len(Z)}, expected equal numbers. Pass the "
            "same rows in each."
        )
    if len(y) < MIN_ROWS:
        raise DataError(
            f"X has {len(y)} rows, expected at least {MIN_ROWS} for moments given instruments. "
            "Pass more rows."
        )
    _check_varies("X", X)
    _check_varies("Z", Z)
    if not np.ptp(y) > 0:
        raise DataError(f"y is {y[0]:g} in every row, so that there is nothing to estimate.")
    return X, y, Z


def as_target(y: Any) -> Matrix:
    """Finite numbers with shape (n,)."""
    values = as_floats("y", y, "Pass one number a row.")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(f"y has shape {values.shape}, expected (n,). Fit one target at a time.")
    _check_finite("y", values)
    return values


def endogenous_columns(X: Matrix, Z: Matrix, linear: bool = False) -> NDArray[np.bool_]:
    """True for the columns of X that are no columns of Z, with shape (p,). DataError where there
    are some, and no column of Z is an excluded instrument; for a linear model where there are
    fewer of these, or more coefficients than rows.
    """
    same = (X[:, :, None] == Z[:, None, :]).all(0)
    endogenous = ~same.any(1)
    excluded = (np.ptp(Z, axis=0) > 0) & ~same.any(0)
    least = int(endogenous.sum()) if linear else int(endogenous.any())
    if excluded.sum() < least:
        raise DataError(
            f"Z has {int(excluded.sum())} excluded instruments for {int(endogenous.sum())} "
            f"endogenous columns of X, expected at least {least}. Pass at least {least} columns "
            "that vary and are no regressors."
        )
    if linear and X.shape[1] + 1 > len(X):
        raise DataError(
            f"The linear model has {X.shape[1] + 1} coefficients for {len(X)} rows. Pass fewer "
            "columns or more rows."
        )
    return endogenous


def _check_varies(name: str, matrix: Matrix) -> None:
    if not (np.ptp(matrix, axis=0) > 0).any():
        raise DataError(
            f"{name} is constant: all {matrix.shape[1]} columns hold one value. Pass columns that "
            "vary."
        )


def _check_finite(name: str, values: Matrix) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        rows = np.flatnonzero(bad.reshape(len(values), -1).any(1))
        raise DataError(
            f"{name} has NaN or infinite values in {len(rows)} rows (first: row {rows[0]}). "
            "Moments need complete rows: drop these rows in X, y and Z, or fill them."
        )
