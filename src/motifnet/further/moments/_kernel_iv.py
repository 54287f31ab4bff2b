"""Kernel instrumental variable regression (Singh, Sahani and Gretton, NeurIPS 2019, algorithm 1).

The rows are split in halves, (x, z) with n rows and (x˜, z˜, y˜) with m rows. With Gaussian kernels
K of X and L of Z, widths the median distance of each column:

    Γ(λ) = (L + nλ)⁻¹ L_{z z˜},      B = K Γ,      α(ξ) = (B Bᵀ + mξ K)⁻¹ B y˜,   f(x) = α·k(x)

Tuning is out of sample (their section A.5.2). λ has the least error of the first stage on the
second half, (1/m) tr(K˜ − 2 K_{x˜ x} Γ + Γᵀ K Γ). ξ has the least error of the second stage on the
first half, mean (y − f(E[k(x)|z]))², where y of the first half has had no part; the problem is
ill-posed, so that this error hardly rises for ξ too small. So it is the largest ξ with an error
within one standard error of the least.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.linalg import cho_factor
from scipy.spatial.distance import cdist, pdist
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import DataError, Matrix, seed_of
from motifnet.further.moments._input import as_fit, as_matrix

MAX_ROWS = 20_000
LAMBDAS, XIS = np.geomspace(1e-10, 1e-1, 19), np.geomspace(1e-10, 1e-1, 19)
_SAMPLE, _JITTER = 1_000, 1e-10


class KernelIV(RegressorMixin, BaseEstimator):
    """The function f with E[y − f(X) | Z] = 0 by two stages of kernel ridge regression.

    Parameters
    ----------
    random_state : int, RandomState or None
        Seed of the halves; None is 0.

    Attributes
    ----------
    first_ridge_, second_ridge_ : float
        λ and ξ, each chosen on rows that the stage has not seen.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.moments import KernelIV
    >>> rng = np.random.default_rng(0)
    >>> Z, e = rng.uniform(-3, 3, (300, 2)), rng.normal(size=300)
    >>> X = Z[:, :1] / 2 + e[:, None] / 2  # depends on e
    >>> y = np.sin(X[:, 0]) + e
    >>> KernelIV().fit(X, y, Z).predict(X[:3]).shape
    (3,)
    """

    def __init__(self, random_state: Any = None) -> None:
        self.random_state = random_state

    def fit(self, X: Any, y: Any, Z: Any = None) -> Self:
        """Fit to rows.

        Parameters
        ----------
        X : array or data frame with shape (n, p)
        y : array with shape (n,)
        Z : array or data frame with shape (n, q)
            Instruments.

        Returns
        -------
        self

        Raises
        ------
        DataError, UsageError
            As `ConditionalMomentRegressor.fit`, and for more than 20,000 rows: the fit holds
            matrices of half the rows squared.
        """
        X, y, Z = as_fit(X, y, Z)
        if len(y) > MAX_ROWS:
            raise DataError(f"KernelIV takes at most {MAX_ROWS:,} rows, got {len(y):,}. Draw some.")
        order = np.random.default_rng(seed_of(self.random_state)).permutation(len(y))
        a, b = order[: len(y) // 2], order[len(y) // 2 :]
        self._widths, self._rows = _median_widths(X), X[a]
        self._mean = float(y[b].mean())
        widths = _median_widths(Z)
        K, across = self._kernel(X[a]), self._kernel(X[b])
        L, L_across = _gaussian(Z[a], Z[a], widths), _gaussian(Z[a], Z[b], widths)
        self.first_ridge_, gamma, inside = _first_stage(K, across, L, L_across)
        self.second_ridge_, self.coefficients_ = _second_stage(
            K, gamma, inside, y[b] - self._mean, y[a] - self._mean
        )
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> Matrix:
        """f at rows.

        Parameters
        ----------
        X : array or data frame with shape (n, p)

        Returns
        -------
        array with shape (n,)
        """
        check_is_fitted(self)
        return (
            self._kernel(as_matrix("X", X, self.n_features_in_)) @ self.coefficients_ + self._mean
        )

    def _kernel(self, X: Matrix) -> Matrix:
        return _gaussian(X, self._rows, self._widths)


def _first_stage(
    K: Matrix, across: Matrix, L: Matrix, L_across: Matrix
) -> tuple[float, Matrix, Matrix]:
    """λ, Γ for the second half and for the first half."""
    n = len(K)
    values, turn = np.linalg.eigh(L)
    values, turned = np.maximum(values, 0), turn.T @ L_across
    inner = turn.T @ K @ turn
    linear = (turned * (turn.T @ across.T)).sum(1)
    gram = (turned @ turned.T) * inner
    shrinks = [1 / (values + n * lam) for lam in LAMBDAS]
    losses = [shrink @ gram @ shrink - 2 * linear @ shrink for shrink in shrinks]
    best = int(np.argmin(losses))
    shrink = shrinks[best][:, None]
    return (
        float(LAMBDAS[best]),
        turn @ (shrink * turned),
        turn @ (shrink * values[:, None] * turn.T),
    )


def _second_stage(
    K: Matrix, gamma: Matrix, inside: Matrix, y: Matrix, held_out: Matrix
) -> tuple[float, Matrix]:
    """ξ and α. In c = Lᵀα for K = L Lᵀ it is a ridge regression of y on LᵀΓ."""
    n, m = gamma.shape
    lower = np.tril(cho_factor(K + _JITTER * n * np.eye(n), lower=True)[0])
    features = lower.T @ gamma
    values, turn = np.linalg.eigh(features @ features.T)
    target = turn.T @ (features @ y)
    paths = turn @ (target[:, None] / (np.maximum(values, 0)[:, None] + m * XIS))
    losses = (held_out[:, None] - (lower.T @ inside).T @ paths) ** 2
    errors = losses.mean(0)
    least = int(np.argmin(errors))
    allowed = errors[least] + losses[:, least].std() / np.sqrt(len(losses))
    best = int(np.flatnonzero(errors <= allowed)[-1])
    return float(XIS[best]), np.linalg.solve(lower.T, paths[:, best])


def _gaussian(A: Matrix, B: Matrix, widths: Matrix) -> Matrix:
    return np.asarray(np.exp(-cdist(A / widths, B / widths, "sqeuclidean") / 2))


def _median_widths(A: Matrix) -> Matrix:
    """The median distance of two rows, in each column; 1 where all are equal."""
    rows = A[:: max(1, len(A) // _SAMPLE)]
    medians = np.array([np.median(pdist(column[:, None])) for column in rows.T])
    spread = np.where(np.ptp(A, axis=0) > 0, A.std(0), 1.0)
    return np.where(medians > 0, medians, spread)
