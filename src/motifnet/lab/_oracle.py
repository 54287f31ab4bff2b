"""Estimators that are linear in y, at their best: width and ridge have the least error to the truth on the test rows, which no user can have.

So a method that does better has not won by tuning. One decomposition K = U diag(v) Uᵀ serves all ridges: f = K* U diag(1/(v + λ)) Uᵀ (y − ȳ) + ȳ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from motifnet.tables import Matrix

RIDGES = np.geomspace(1e-5, 1e2, 22)
Gram = Callable[[Matrix, Matrix], Matrix]


@dataclass(frozen=True)
class Features:
    """A map from rows to features with shape (n, m)."""

    of: Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Trial:
    """Rows X with shape (n, d) and noisy targets y with shape (n,), test rows and the truth at them."""

    X: Matrix
    y: Matrix
    X_test: Matrix
    truth: Matrix

    def error(self, predicted: Matrix) -> float:
        """Mean squared error to the truth."""
        return float(np.mean((predicted - self.truth) ** 2))

    def first(self, n: int) -> Trial:
        """The same with the first n rows."""
        return Trial(self.X[:n], self.y[:n], self.X_test, self.truth)


def gaussian(width: float) -> Gram:
    """exp(−‖a − b‖²/2h²)."""
    return lambda A, B: np.exp(-cdist(A, B, "sqeuclidean") / (2 * width**2))


def laplace(width: float) -> Gram:
    """exp(−‖a − b‖/h)."""
    return lambda A, B: np.exp(-cdist(A, B) / width)


def best_linear(trial: Trial, kernels: Iterable[Gram | Features]) -> Matrix:
    """Predictions at the test rows of the best ridge regression over kernels, or features, and ridges."""
    found = [_on_features(trial, kernel) if isinstance(kernel, Features) else _on_kernel(trial, kernel) for kernel in kernels]
    return min(found, key=trial.error)


def _on_kernel(trial: Trial, gram: Gram) -> Matrix:
    values, vectors = np.linalg.eigh(gram(trial.X, trial.X))
    return _best_ridge(trial, values, vectors.T, lambda weights: gram(trial.X_test, trial.X) @ (vectors @ weights))


def _on_features(trial: Trial, features: Features) -> Matrix:
    """The same with K = Z Zᵀ for fewer features than rows, by the eigenvectors V of ZᵀZ: f = Z* V diag(1/(v + λ)) Vᵀ Zᵀ (y − ȳ) + ȳ."""
    Z = features.of(trial.X)
    values, vectors = np.linalg.eigh(Z.T @ Z)
    return _best_ridge(trial, values, vectors.T @ Z.T, lambda weights: features.of(trial.X_test) @ (vectors @ weights))


def _best_ridge(trial: Trial, values: Matrix, scores: Matrix, predict: Callable[[Matrix], Matrix]) -> Matrix:
    mean = trial.y.mean()
    weights = (scores @ (trial.y - mean)) / (np.maximum(values, 0) + RIDGES[:, None])
    predicted = predict(weights.T) + mean
    return np.asarray(predicted[:, np.argmin(((predicted - trial.truth[:, None]) ** 2).mean(0))])
