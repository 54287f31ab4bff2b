"""The one reader of curves: values on a grid, with the weights of the trapezoidal rule.

    ⟨x, z⟩ = ∫ x(t) z(t) dt ≈ Σ_k w_k x(t_k) z(t_k),    w_k = (t_{k+1} − t_{k−1}) / 2

with one-sided differences at both ends, so that Σ_k w_k = t_T − t_1. The rule is exact where the
product is linear between the points of the grid.

A missing value, which is also how irregular points stand on a common grid, comes from a cubic
smoothing spline through the observed points of its curve, with the penalty of generalised
cross-validation (`scipy.interpolate.make_smoothing_spline`; Wahba 1990). Observed values stay. Four
points are interpolated. Beyond the observed points the spline goes on as a line. The result does
not depend on which other libraries are installed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from motifnet.engine import DataError, Matrix, UsageError, as_floats

MIN_OBSERVED = 4  # points of a curve with missing values
_NUMBERED = re.compile(r"(?P<name>.*_)?(?P<point>-?\d+(\.\d+)?(e[-+]?\d+)?)")
_READ = (
    "Pass an array with shape (n, T), one row for each curve, a data frame, or an FDataGrid of "
    "scikit-fda."
)


@dataclass(frozen=True)
class Curves:
    """Curves on a common grid.

    Attributes
    ----------
    values : array with shape (n, T)
        Without missing values.
    grid : array with shape (T,)
        Strictly increasing, in the unit of the curves' argument.
    weights : array with shape (T,)
        The trapezoidal weights of the grid.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.functional import read_curves
    >>> curves = read_curves(np.ones((3, 5)), grid=np.linspace(0, 2, 5))
    >>> len(curves), curves.length
    (3, 2.0)
    >>> curves.inner(np.ones(5))  # integrals of 1 over [0, 2]
    array([2., 2., 2.])
    """

    values: Matrix
    grid: Matrix
    weights: Matrix

    def __len__(self) -> int:
        return len(self.values)

    @property
    def length(self) -> float:
        """Length of the domain, in the unit of the grid."""
        return float(self.grid[-1] - self.grid[0])

    def inner(self, other: Matrix) -> Matrix:
        """Inner products ∫ x(t) z(t) dt of each curve with functions on the same grid.

        Parameters
        ----------
        other : array with shape (T,) or (m, T)

        Returns
        -------
        array with shape (n,) or (n, m)
        """
        return np.asarray(self.values @ (self.weights * other).T)

    @cached_property
    def norm(self) -> Matrix:
        """L2 norms (∫ x(t)² dt)^½, with shape (n,)."""
        return np.sqrt(self.values**2 @ self.weights)


def read_curves(X: Any, grid: Any = None) -> Curves:
    """Curves from whatever a caller has.

    Parameters
    ----------
    X : array with shape (n, T), data frame or FDataGrid
        A data frame of pandas, polars or pyarrow has a column for each point; a univariate
        FDataGrid of scikit-fda is any object with `data_matrix` and `grid_points`, or with
        `to_grid`. NaN is a missing value.
    grid : array with shape (T,), optional
        Points, strictly increasing. Default: those of the FDataGrid; the column names if they are
        numbers, alone or after a common name (`height_1.5`), except for 0, 1, …, T − 1; else T
        equidistant points of [0, 1].

    Returns
    -------
    Curves

    Raises
    ------
    DataError
        For values that are not numbers, infinite values, curves with missing values and fewer than
        four observed points, and another grid than `grid`.
    UsageError
        For a `grid` that does not increase.

    Examples
    --------
    >>> import pandas as pd
    >>> from motifnet.functional import read_curves
    >>> table = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["height_0", "height_1", "height_1.5"])
    >>> read_curves(table).grid
    array([0. , 1. , 1.5])
    """
    values, own = _read(X)
    _check_values(values, min_points=2 if grid is None else 0)
    points = _grid_of(grid, own, values.shape[1])
    return Curves(_filled(values, points), points, trapezoid(points))


def trapezoid(grid: Matrix) -> Matrix:
    """Weights of the trapezoidal rule with shape (T,)."""
    steps = np.diff(grid) / 2
    return np.append(steps, 0.0) + np.append(0.0, steps)


def _read(X: Any) -> tuple[Matrix, Matrix | None]:
    """Values with shape (n, T), and the points that X itself names."""
    import narwhals as nw

    if not hasattr(X, "data_matrix") and hasattr(X, "to_grid"):  # a basis, or irregular points
        X = X.to_grid()
    if hasattr(X, "data_matrix") and hasattr(X, "grid_points"):
        return _of_grid_data(X)
    if nw.dependencies.is_into_dataframe(X):
        return _of_frame(X)
    if hasattr(X, "toarray"):
        raise DataError("Sparse data was passed, but curves are dense. Use X.toarray().")
    if getattr(getattr(X, "dtype", None), "kind", None) == "c":
        raise DataError("Complex data not supported: pass the real part, X.real.")
    return as_floats("X", X, _READ), None


def _of_grid_data(X: Any) -> tuple[Matrix, Matrix]:
    values = as_floats("X.data_matrix", X.data_matrix, _READ)
    if len(X.grid_points) != 1 or values.ndim != 3 or values.shape[2] != 1:
        raise DataError(
            f"X holds functions of {len(X.grid_points)} variables with values of shape "
            f"{values.shape}, but curves have one variable and one value. Pass one coordinate, "
            "such as X.coordinates[0]."
        )
    return values[:, :, 0], as_floats("X.grid_points", X.grid_points[0])


def _of_frame(X: Any) -> tuple[Matrix, Matrix | None]:
    import narwhals as nw

    try:
        frame: Any = nw.from_native(X, eager_only=True)
        names = list(frame.columns)
        columns = [column.cast(nw.Float64).to_numpy() for column in frame.iter_columns()]
    except Exception as error:  # each library of frames has its own
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise DataError(
            f"X of type {type(X).__name__} has columns that are not numbers ({reason}). Keep "
            "the columns of the curves: one for each point."
        ) from None
    values = np.column_stack(columns) if columns else np.empty((len(frame), 0))
    return np.asarray(values, dtype=np.float64), points_of_names(names)


def points_of_names(names: list[Any]) -> Matrix | None:
    """The points that column names give, or None. Names 0, 1, …, T − 1 count the columns."""
    found = [_NUMBERED.fullmatch(str(name)) for name in names]
    if not names or None in found or len({match["name"] for match in found if match}) > 1:
        return None
    points = np.array([float(match["point"]) for match in found if match])
    return None if np.array_equal(points, np.arange(len(points))) else points


def _check_values(values: Matrix, min_points: int) -> None:
    """The words are those that scikit-learn's checks look for."""
    if values.ndim != 2:
        raise DataError(
            f"Expected 2D array, got {values.ndim}D array instead: shape {values.shape}. Reshape "
            f"your data using array.reshape(1, -1) if it is a single curve. {_READ}"
        )
    for axis, least, what in ((0, 1, "sample(s)"), (1, min_points, "feature(s)")):
        if values.shape[axis] < least:
            raise DataError(
                f"Found array with {values.shape[axis]} {what} (shape={values.shape}) while a "
                f"minimum of {least} is required. {_READ}"
            )
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise DataError(
            f"X contains infinity, the first at curve {row}, point {column}. Replace it by a "
            "finite number, or by NaN for a missing value."
        )


def _grid_of(grid: Any, own: Matrix | None, T: int) -> Matrix:
    if grid is None:
        return np.linspace(0, 1, T) if own is None else _checked_grid("The grid of X", own)
    points = _checked_grid("grid", as_floats("grid", grid))
    if len(points) != T:
        raise DataError(
            f"X has {T} features, but grid is expecting {len(points)} features as input: one "
            "value for each point. Pass curves on the points of the grid."
        )
    if own is not None and not np.allclose(own, points, rtol=1e-9, atol=1e-9 * np.ptp(points)):
        k = int(np.argmax(np.abs(own - points)))
        raise DataError(
            f"X has its own points, which differ from grid: {own[k]:g} in place of {points[k]:g} "
            f"at point {k}. Evaluate the curves on the points of the grid."
        )
    return points


def _checked_grid(name: str, points: Matrix) -> Matrix:
    if points.ndim != 1 or len(points) < 2 or not np.isfinite(points).all():
        raise UsageError(
            f"{name} with shape {points.shape} must be at least two finite numbers, one for each "
            "point of the curves, such as numpy.linspace(0, 1, T)."
        )
    falls = np.flatnonzero(np.diff(points) <= 0)
    if len(falls):
        k = int(falls[0])
        raise UsageError(
            f"{name} must increase, but point {k} is {points[k]:g} and point {k + 1} is "
            f"{points[k + 1]:g}. Sort the points with their columns, and keep one of equal points."
        )
    return points


def _filled(values: Matrix, grid: Matrix) -> Matrix:
    """The values with each missing one from the spline of its curve."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    few = np.flatnonzero(missing.any(1) & ((~missing).sum(1) < MIN_OBSERVED))
    if len(few):
        raise DataError(
            f"Input X contains NaN: curve {few[0]} has {(~missing[few[0]]).sum()} observed points, "
            f"but smoothing needs at least {MIN_OBSERVED} ({len(few)} curves have fewer). Leave "
            "these curves out."
        )
    filled = values.copy()
    for row in np.flatnonzero(missing.any(1)):
        at, seen = missing[row], ~missing[row]
        filled[row, at] = _spline(grid[seen], values[row, seen], grid[at])
    return filled


def _spline(points: Matrix, values: Matrix, at: Matrix) -> Matrix:
    """The smoothing spline of the values, at other points. It is linear beyond the outer points."""
    from scipy.interpolate import CubicSpline, make_smoothing_spline

    spline = (
        make_smoothing_spline(points, values)
        if len(points) > MIN_OBSERVED
        else CubicSpline(points, values, bc_type="natural")
    )
    inside = np.clip(at, points[0], points[-1])
    return np.asarray(spline(inside) + (at - inside) * spline(inside, 1))
