"""The estimator of conditional moment restrictions by importance weighting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from motifnet.engine import Matrix, UsageError
from motifnet.further.moments._estimator import MomentEstimator
from motifnet.further.moments._input import as_matrix
from motifnet.further.moments._moment import Moment
from motifnet.further.moments._ratio import DensityRatio


class ConditionalMomentRegressor(MomentEstimator):
    """The function f with E[m(y, f(X)) | Z] = 0, by importance weighting.

    A density ratio r(w, z) of w = (y, endogenous columns of X) and z turns conditional means into
    weighted ones (`DensityRatio`). The weights give E[P(X) | Z] for the features P of f, which are
    the instruments of its coefficients. Columns that X and Z share are exogenous: they are kept as
    they are. Kato et al. (ICLR 2022) also smooth y with the weights. Here y is not smoothed, so an
    error of the ratio makes f less precise and not inconsistent. The penalty is chosen by
    restricted likelihood.

    Parameters
    ----------
    moment : {"iv", "quantile"} or callable, default "iv"
        "iv": E[y − f(X) | Z] = 0. "quantile": P(y ≤ f(X) | Z) = level. Or a function of arrays
        (y, f) with shape (n,) that returns one residual a row, smooth in f.
    model : {"sieve", "network", "linear"} or estimator, default "sieve"
        "sieve": products of splines. "linear": 1 and X; with "iv" this is 2SLS. "network": the
        features of a MotifRegressor fitted to (X, y), or of the one given, or of a network of
        `motifnet.mimic`. A transformer of scikit-learn gives its outputs.
    ratio : "ulsif" or DensityRatio, default "ulsif"
        How the density ratio is estimated.
    n_centers : int, default 200
        Centres of the kernels of the ratio.
    level : float, default 0.5
        Of the quantile.
    size : int, optional
        Functions of one column of the sieve; by default n^.35 + 1.
    order : int, optional
        Columns in one product of the sieve; by default the most, up to 3, with 5 rows a product
        and at most 600 products.
    random_state : int, RandomState or None
        None is 0.

    Attributes
    ----------
    coefficients_ : array with shape (k,)
    ratio_ : the fitted DensityRatio
    identification_ : Identification
        What the instruments say of f; `print` gives words. A weak one is warned of.
    ridge_ : float
        The weight η of the penalty.
    converged_ : bool
        Whether the moments are solved.
    n_iter_ : int
        Number of steps.

    References
    ----------
    Kato, Imaizumi, McAlinn, Yasui and Kakehi, "Learning causal models from conditional moment
    restrictions by importance weighting", ICLR 2022, arXiv 2108.01312.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.moments import ConditionalMomentRegressor
    >>> rng = np.random.default_rng(0)
    >>> Z, e = rng.uniform(-3, 3, (300, 2)), rng.normal(size=300)
    >>> X = Z[:, :1] / 2 + e[:, None] / 2  # depends on e
    >>> y = np.sin(X[:, 0]) + e
    >>> model = ConditionalMomentRegressor().fit(X, y, Z)
    >>> model.predict(X[:3]).shape, model.predict_band(X[:3], level=0.9).shape
    ((3,), (3, 2))
    """

    def __init__(
        self,
        moment: str | Callable[[Matrix, Matrix], Any] = "iv",
        model: Any = "sieve",
        ratio: str | DensityRatio = "ulsif",
        *,
        n_centers: int = 200,
        level: float = 0.5,
        size: int | None = None,
        order: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.moment = moment
        self.model = model
        self.ratio = ratio
        self.n_centers = n_centers
        self.level = level
        self.size = size
        self.order = order
        self.random_state = random_state

    def fit(self, X: Any, y: Any, Z: Any = None) -> Self:
        """Fit to rows. Warns of weak instruments, and of moments that are not solved.

        Parameters
        ----------
        X : array or data frame with shape (n, p)
        y : array with shape (n,)
        Z : array or data frame with shape (n, q)
            Instruments. Exogenous columns stand in both X and Z.

        Returns
        -------
        self

        Raises
        ------
        DataError
            For rows that are not complete, constant columns and too few instruments.
        UsageError
            For settings out of range, and a missing Z.
        """
        return self._fit(X, y, Z)

    def moment_residual(self, Z: Any) -> Matrix:
        """The estimate of E[m(y, f(X)) | Z]: 0 where the model is right. The ratio weights the
        moments of the rows of the fit.

        Parameters
        ----------
        Z : array or data frame with shape (n, q)

        Returns
        -------
        array with shape (n,)
        """
        Z = as_matrix("Z", Z, self._Z.shape[1])
        return self.ratio_.conditional_mean(self._m[:, None], self._W, Z)[:, 0]

    def _moment(self) -> Moment:
        return Moment.of(self.moment, self.level)

    def _instruments(
        self, X: Matrix, y: Matrix, Z: Matrix, endogenous: NDArray[np.bool_]
    ) -> Matrix:
        self._W = np.column_stack([y, X[:, endogenous]])
        self.ratio_ = self._new_ratio().fit(self._W, Z)
        linear = np.column_stack([np.ones(len(Z)), Z])
        if self._is_linear:
            return linear

        def smooth(values: Matrix) -> Matrix:
            return self.ratio_.conditional_mean(values, self._W, Z)

        return np.column_stack([linear, self._features.given(X, endogenous, smooth)])

    def _test_functions(self) -> Matrix:
        return self._U if self._is_linear else self.ratio_.instruments(self._Z)

    def _new_ratio(self) -> DensityRatio:
        if isinstance(self.ratio, DensityRatio):
            return clone(self.ratio)
        if self.ratio != "ulsif":
            raise UsageError(f"ratio={self.ratio!r} must be 'ulsif' or a DensityRatio.")
        return DensityRatio(self.n_centers, random_state=self.random_state)
