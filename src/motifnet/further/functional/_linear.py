"""Functional linear regression by principal components.

    y = a + γᵀz + ∫ b(t) x(t) dt + ε,    b̂ = Σ_{j≤m} b̂_j φ_j

`_component_path` fits all numbers of components m, of which AIC chooses one. The band of `_band`
needs a bias below its width, hence one component more ("aic+1", undersmoothing). The noise has the
variance RSS_m / (n − m − p − 1).
"""

from __future__ import annotations

from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import (
    DataError,
    Matrix,
    UsageError,
    check_choice,
    check_count,
    check_share,
    seed_of,
)
from motifnet.further.functional._band import ActiveDomain, half_width, norm_quantile
from motifnet.further.functional._component_path import ComponentPath, design_of, fit_path
from motifnet.further.functional._curves import Curves
from motifnet.further.functional._estimator import CurveEstimator, axes_of
from motifnet.tables import as_target

AIC = ("aic", "aic+1")


class FunctionalLinearRegressor(RegressorMixin, CurveEstimator):
    """Linear regression of a number on a curve, with a band for the coefficient function.

    Parameters
    ----------
    n_components : "aic+1", "aic" or int, default "aic+1"
        Number of principal components m. "aic" predicts best. "aic+1" takes one more, so that the
        band holds more surely; it is 10 to 25 % wider. Where components of tiny variance
        still predict, as in spectra, AIC takes dozens, and the band is wide: an int takes fewer.
    grid : array with shape (T,), optional
        Points of the curves, increasing. Default: see `read_curves`.
    random_state : int, RandomState or None, default None
        Seed of the simulated quantile of the band. None is 0.

    Attributes
    ----------
    coef_ : array with shape (T,)
        The coefficient function b̂ on `grid_`, in units of y per unit of the curve and of the grid.
    intercept_ : float
    covariate_coef_ : array with shape (p,)
        γ of the scalar covariates.
    n_components_ : int
    components_ : array with shape (m, T)
        Eigenfunctions φ_j, with ∫ φ_j² dt = 1.
    eigenvalues_ : array with shape (m,)
        Variances κ_j of the scores.
    noise_std_ : float
        Standard deviation of ε, in units of y.
    aic_ : array
        AIC for m = 1, 2, …
    grid_ : array with shape (T,)

    References
    ----------
    Imaizumi and Kato, Statistica Sinica 29 (2019), arXiv:1612.07490.

    Examples
    --------
    >>> from motifnet.functional import FunctionalLinearRegressor, make_curve_regression
    >>> X, y, grid, coef = make_curve_regression(100, random_state=0)
    >>> linear = FunctionalLinearRegressor(grid=grid).fit(X, y)
    >>> lower, upper = linear.confidence_band(level=0.9, miss=0.1)
    >>> bool(((coef < lower) | (coef > upper)).mean() <= 0.1)
    True
    """

    def __init__(
        self, n_components: str | int = "aic+1", grid: Any = None, random_state: Any = None
    ) -> None:
        self.n_components = n_components
        self.grid = grid
        self.random_state = random_state

    def fit(self, X: Any, y: Any, covariates: Any = None) -> Self:
        """Fit to n curves.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        y : array with shape (n,)
        covariates : array with shape (n, p) or (n,), optional
            Numbers, which enter linearly.

        Returns
        -------
        self

        Raises
        ------
        DataError
            For unusable curves, targets or covariates.
        UsageError
            For more components than the curves allow.
        """
        if isinstance(self.n_components, str):
            check_choice("n_components", self.n_components, AIC)
        else:
            check_count("n_components", self.n_components, 1, example=3)
        curves = self._curves_of_fit(X)
        design = design_of(covariates, len(curves))
        path = fit_path(curves, _one_target(y, len(curves)), design)
        self.n_components_ = self._chosen(path)
        self._store(path, curves, design, self.n_components_)
        return self

    def _chosen(self, path: ComponentPath) -> int:
        self.aic_ = path.aic
        if isinstance(self.n_components, str):
            best = int(np.argmin(path.aic)) + 1
            return min(best + (self.n_components == "aic+1"), path.most)
        if self.n_components > path.most:
            raise UsageError(
                f"n_components={self.n_components} is above {path.most}, which is all that "
                f"{path.n} curves with {path.rank} distinct components allow. Take fewer."
            )
        return int(self.n_components)

    def _store(self, path: ComponentPath, curves: Curves, design: Matrix, m: int) -> None:
        self.components_, self.eigenvalues_ = path.components[:m], path.eigenvalues[:m]
        self.coef_ = path.weights[:m] @ self.components_
        rest = path.y - curves.inner(self.coef_)
        coefficients = np.linalg.lstsq(design, rest, rcond=None)[0]
        self.intercept_, self.covariate_coef_ = float(coefficients[0]), coefficients[1:]
        self.noise_std_ = float(np.sqrt(path.rss[m - 1] / (path.n - m - design.shape[1])))
        self.n_curves_ = path.n

    def predict(self, X: Any, covariates: Any = None) -> Matrix:
        """Predict the target of each curve.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        covariates : array with shape (n, p) or (n,), optional
            Those of the fit.

        Returns
        -------
        array with shape (n,)
            In units of y.

        Raises
        ------
        DataError
            For curves on other points than those of the fit, or other covariates.
        """
        curves = self._curves_of_predict(X)
        design = design_of(covariates, len(curves), check_rank=False)
        p = len(self.covariate_coef_)
        if design.shape[1] - 1 != p:
            raise DataError(
                f"{design.shape[1] - 1} covariates were passed, but the fit had {p}. Pass "
                "covariates= with the columns of the fit."
            )
        known = design @ np.append(self.intercept_, self.covariate_coef_)
        return np.asarray(curves.inner(self.coef_) + known)

    def confidence_band(self, level: float = 0.9, miss: float = 0.1) -> tuple[Matrix, Matrix]:
        """A band for the coefficient function, inside of which it lies with probability about
        `level`, but for at most the share `miss` of the domain. It says nothing about a single
        point.

        Parameters
        ----------
        level : float, default 0.9
        miss : float, default 0.1

        Returns
        -------
        lower, upper : arrays with shape (T,)

        Raises
        ------
        UsageError
            Where level or miss is not between 0 and 1.
        """
        self._check_band(level, miss)
        quantile = norm_quantile(self.eigenvalues_, level, seed_of(self.random_state))
        length = float(self.grid_[-1] - self.grid_[0])
        width = half_width(quantile, self.noise_std_, self.n_curves_, miss * length)
        return self.coef_ - width, self.coef_ + width

    def _check_band(self, level: float, miss: float) -> None:
        check_is_fitted(self)
        check_share("level", level)
        check_share("miss", miss)

    def active_domain(
        self, threshold: float = 0.0, level: float = 0.9, miss: float = 0.1
    ) -> ActiveDomain:
        """Where the coefficient function is above the threshold in absolute value.

        The band is inverted. With probability about `level`, the inner set is truly above but for a
        share `miss` of the domain, and the outer set leaves out at most such a share.

        Parameters
        ----------
        threshold : float, default 0.0
        level, miss : float
            As in `confidence_band`.

        Returns
        -------
        ActiveDomain

        Raises
        ------
        UsageError
            For a negative threshold.
        """
        lower, upper = self.confidence_band(level, miss)
        wrong = isinstance(threshold, bool) or not isinstance(threshold, Real)
        if wrong or not 0 <= threshold < np.inf:
            raise UsageError(
                f"threshold={threshold!r} must be a number of at least 0, such as 0.5: it bounds "
                "the absolute value of the coefficient function."
            )
        return ActiveDomain.of_band(self.grid_, lower, upper, float(threshold))

    def plot(self, ax: Any = None, level: float = 0.9, miss: float = 0.1) -> Any:
        """Draw the coefficient function with its band.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        level, miss : float
            As in `confidence_band`.

        Returns
        -------
        matplotlib Axes
        """
        lower, upper = self.confidence_band(level, miss)
        ax = axes_of(ax)
        label = f"{level:.0%} band for {1 - miss:.0%} of the points"
        ax.fill_between(self.grid_, lower, upper, alpha=0.25, linewidth=0, label=label)
        ax.plot(self.grid_, self.coef_, label=f"coefficient, {self.n_components_} components")
        ax.axhline(0, color="0.5", linewidth=0.8)
        ax.set(xlabel="t", ylabel="b(t)")
        ax.legend(frameon=False)
        return ax


def _one_target(y: Any, n: int) -> Matrix:
    target = as_target(y, n, "regression")
    if target.values.shape[1] > 1:
        raise DataError(
            f"y has {target.values.shape[1]} columns, but a functional regression has one target. "
            "Fit one model for each column."
        )
    return target.values[:, 0]
