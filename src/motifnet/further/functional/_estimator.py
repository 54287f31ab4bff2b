"""What all estimators on curves share: the grid, the names of the points, axes to draw on.

The grid is a setting of the estimator, so that clones and cross-validation keep it. A fit stores
the points as `grid_`, and prediction refuses curves on other points.
"""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from motifnet.engine import DataError, Matrix
from motifnet.further.functional._curves import Curves, read_curves


class CurveEstimator(BaseEstimator):
    """Base of estimators that take curves and have a parameter `grid`."""

    grid: Any
    grid_: Matrix
    n_features_in_: int

    def _curves_of_fit(self, X: Any) -> Curves:
        """The curves of a fit. It sets `grid_`, `n_features_in_`, and `feature_names_in_` where X
        names its columns by strings.
        """
        curves = read_curves(X, self.grid)
        self._check_names(X, reset=True)
        self.grid_, self.n_features_in_ = curves.grid, len(curves.grid)
        return curves

    def _curves_of_predict(self, X: Any) -> Curves:
        """Curves on the points of the fit. DataError for others."""
        check_is_fitted(self)
        curves = read_curves(X, self.grid_)
        self._check_names(X, reset=False)
        return curves

    def _check_names(self, X: Any, *, reset: bool) -> None:
        if hasattr(X, "grid_points") or hasattr(X, "to_grid"):
            return  # an object of scikit-fda names no columns
        try:
            validate_data(self, X, reset=reset, skip_check_array=True)
        except (TypeError, ValueError) as error:
            raise DataError(f"{error} Pass the columns of the fit, in their order.") from None

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def axes_of(ax: Any) -> Any:
    """The axes to draw on: those of the caller, or a new figure's."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]
