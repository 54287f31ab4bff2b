"""What the estimators on sieves share: checks, the fit, predictions, bands and the test."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import Matrix, check_count, check_share, seed_of, warn_caller
from motifnet.further.moments._features import FeatureMap, Linear, feature_map
from motifnet.further.moments._identification import Identification, orthonormal
from motifnet.further.moments._inference import (
    OverIdentification,
    band,
    covariance,
    moments_test,
)
from motifnet.further.moments._input import as_fit, as_matrix, endogenous_columns
from motifnet.further.moments._moment import Moment
from motifnet.further.moments._solve import solve_moments

_EQUAL = 1e-6


class MomentEstimator(RegressorMixin, BaseEstimator):
    """An estimator of f from moments of functions of Z."""

    model: Any
    size: int | None
    order: int | None
    random_state: Any

    @abstractmethod
    def _instruments(
        self, X: Matrix, y: Matrix, Z: Matrix, endogenous: NDArray[np.bool_]
    ) -> Matrix:
        """Functions of Z at the rows of the fit, with shape (n, K)."""

    def _test_functions(self) -> Matrix:
        """Functions of Z whose moments are tested."""
        return self._U

    def _moment(self) -> Moment:
        return Moment(None)

    def _fit(self, X: Any, y: Any, Z: Any) -> Self:
        moment, seed = self._moment(), seed_of(self.random_state)
        for name, value in (("size", self.size), ("order", self.order)):
            if value is not None:
                check_count(name, value, 2 if name == "size" else 1, 10 if name == "size" else 2)
        X, y, Z = as_fit(X, y, Z)
        endogenous = endogenous_columns(
            X, Z, isinstance(self.model, str) and self.model == "linear"
        )
        self._features: FeatureMap = feature_map(
            self.model, X, y, size=self.size, order=self.order, seed=seed
        )
        P, penalty = self._features(X), self._features.penalty
        given = self._instruments(X, y, Z, endogenous)
        self._U = orthonormal(given)
        self._P, self._y, self._Z = P, y, Z
        solution = solve_moments(moment, self._U, P, y, penalty)
        self.coefficients_ = solution.theta
        self.ridge_, self.converged_ = solution.choice.mode, solution.converged
        self.n_iter_ = solution.steps
        self._solution = solution
        self._m = solution.moment(y, P @ solution.theta)
        self.covariance_ = covariance(solution, self._U, self._m, penalty)
        self.identification_ = Identification.of(P, self._U, self._exogenous(X, endogenous))
        self.n_features_in_ = X.shape[1]
        self._warn()
        return self

    def _exogenous(self, X: Matrix, endogenous: NDArray[np.bool_]) -> Matrix:
        """Features that hold exogenous columns only: those that a smoother leaves as they are."""
        given = self._features.given(X, endogenous, np.ones_like)
        return self._P[:, np.isclose(given, self._P, atol=_EQUAL).all(0)]

    def _warn(self) -> None:
        if self.identification_.weak:
            warn_caller(str(self.identification_))
        if not self.converged_:
            warn_caller(
                f"The moments are not solved after {self.n_iter_} steps. Take a smaller `size`, "
                "or a smoother moment."
            )

    def predict(self, X: Any) -> Matrix:
        """f at rows.

        Parameters
        ----------
        X : array or data frame with shape (n, p)

        Returns
        -------
        array with shape (n,)
        """
        return self._rows(X) @ self.coefficients_

    def predict_band(self, X: Any, level: float = 0.9) -> Matrix:
        """A pointwise confidence band of f.

        It holds f in a share `level` of samples, on average over X. It widens where the
        instruments say little of f; see `identification_`. It takes the moments for right and f
        for as smooth as the penalty that the data chose.

        Parameters
        ----------
        X : array or data frame with shape (n, p)
        level : float, default 0.9

        Returns
        -------
        array with shape (n, 2)
            Lower and upper ends.

        Raises
        ------
        UsageError
            Where level is not between 0 and 1.
        """
        check_share("level", level)
        P = self._rows(X)
        return band(P, P @ self.coefficients_, self.covariance_, float(level))

    def overidentification_test(self, n_resamples: int = 999) -> OverIdentification:
        """Whether more moments than f needs are zero together, by multiplier bootstrap.

        A small p-value says that some instrument is not exogenous, or that f is not in the model.

        Parameters
        ----------
        n_resamples : int, default 999

        Returns
        -------
        OverIdentification

        Raises
        ------
        UsageError
            Where n_resamples is no positive whole number.
        """
        check_is_fitted(self)
        check_count("n_resamples", n_resamples, 1, 999)
        T = orthonormal(np.column_stack([self._U, self._test_functions()]))
        slope = self._solution.moment.slope(self._y, self._P @ self.coefficients_)
        D_T = T.T @ (slope[:, None] * self._P) / len(T)
        seed = seed_of(self.random_state)
        return moments_test(T, self._m, D_T, int(n_resamples), seed)

    def _rows(self, X: Any) -> Matrix:
        check_is_fitted(self)
        return self._features(as_matrix("X", X, self.n_features_in_))

    @property
    def _is_linear(self) -> bool:
        return isinstance(self._features, Linear)
