"""The trials, random functions and methods that the figures of the lab compare.

A trial has rows, test rows and the truth at them. A random function of given smoothness is

    f(z) = √2/√Σa² · Σ_j a_j cos(r_j u_j·z + φ_j)        a_j = r_j^(−β), log r_j uniform,
                                                         u_j uniform on the sphere

Every octave holds an equal share of its frequencies, with power r^(−2β). So its smoothness is β,
and no more, at every scale between the smallest and the largest r. Its variance is 1.

Methods that are linear in y get the width and ridge with the least error to the truth on the test
rows, which no user can have. So a method that does better has not won by tuning. One decomposition
K = U diag(v) Uᵀ serves all ridges: f = K* U diag(1/(v + λ)) Uᵀ (y − ȳ) + ȳ.

Ours are the estimator with its usual settings, and the network at its core, without the other parts
of a stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from motifnet.engine import Matrix
from motifnet.estimators import MotifRegressor
from motifnet.lab._figure import MEASURED, TRAINED, Values
from motifnet.stacking import fit_nnls_stack
from motifnet.tables import Sample
from motifnet.teachers import KernelRidge
from motifnet.training import FeatureSettings, cross_tune, starts_of

RIDGES = np.geomspace(1e-5, 1e2, 22)
WAVES, SLOWEST, FASTEST = 600, 2.0, 2_000.0
KERNEL, NETWORK = "kernel ridge", "network"
STYLES = {KERNEL: ("o-", MEASURED), NETWORK: ("D-", TRAINED)}
FOLDS = 4
Gram = Callable[[Matrix, Matrix], Matrix]
Errors = dict[str, Values]  # of a method, with shape (seeds, trials of a seed)


@dataclass(frozen=True)
class Features:
    """A map from rows to features with shape (n, m)."""

    of: Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Trial:
    """Rows X with shape (n, d) and noisy targets y with shape (n,), test rows and the truth at
    them.
    """

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


Predict = Callable[[Trial], Matrix]


def gaussian(width: float) -> Gram:
    """exp(−‖a − b‖²/2h²)."""
    return lambda A, B: np.exp(-cdist(A, B, "sqeuclidean") / (2 * width**2))


def laplace(width: float) -> Gram:
    """exp(−‖a − b‖/h)."""
    return lambda A, B: np.exp(-cdist(A, B) / width)


def best_linear(trial: Trial, kernels: Iterable[Gram | Features]) -> Matrix:
    """Predictions at the test rows of the ridge regression with the best kernel, or features, and
    ridge.
    """
    found = [
        _on_features(trial, kernel) if isinstance(kernel, Features) else _on_kernel(trial, kernel)
        for kernel in kernels
    ]
    return min(found, key=trial.error)


def kernel_ridge(kernels: Sequence[Gram]) -> Predict:
    """Kernel ridge regression with the best of these kernels."""
    return lambda trial: best_linear(trial, kernels)


def _on_kernel(trial: Trial, gram: Gram) -> Matrix:
    values, vectors = np.linalg.eigh(gram(trial.X, trial.X))
    return _best_ridge(
        trial, values, vectors.T, lambda weights: gram(trial.X_test, trial.X) @ (vectors @ weights)
    )


def _on_features(trial: Trial, features: Features) -> Matrix:
    """The same with K = Z Zᵀ for fewer features than rows, by the eigenvectors V of ZᵀZ:
    f = Z* V diag(1/(v + λ)) Vᵀ Zᵀ (y − ȳ) + ȳ.
    """
    Z = features.of(trial.X)
    values, vectors = np.linalg.eigh(Z.T @ Z)
    return _best_ridge(
        trial,
        values,
        vectors.T @ Z.T,
        lambda weights: features.of(trial.X_test) @ (vectors @ weights),
    )


def _best_ridge(
    trial: Trial, values: Matrix, scores: Matrix, predict: Callable[[Matrix], Matrix]
) -> Matrix:
    mean = trial.y.mean()
    weights = (scores @ (trial.y - mean)) / (np.maximum(values, 0) + RIDGES[:, None])
    predicted = predict(weights.T) + mean
    return np.asarray(predicted[:, np.argmin(((predicted - trial.truth[:, None]) ** 2).mean(0))])


def field(beta: float, d: int, rng: np.random.Generator) -> Callable[[Matrix], Matrix]:
    """A function of rows with shape (n, d)."""
    r = np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST), WAVES))
    waves = r[:, None] * sphere(WAVES, d - 1, rng)
    phases = rng.uniform(0, 2 * np.pi, WAVES)
    heights = r**-beta
    heights *= np.sqrt(2 / (heights**2).sum())
    return lambda Z: np.cos(Z @ waves.T + phases) @ heights


def sphere(n: int, d: int, rng: np.random.Generator) -> Matrix:
    """Uniform points of the unit sphere of dimension d, with shape (n, d + 1)."""
    Z = rng.normal(size=(n, d + 1))
    return Z / np.linalg.norm(Z, axis=1, keepdims=True)


@dataclass(frozen=True)
class Retrained:
    """Predictions at the test rows: of the convex fit, of the networks retrained from it, and of
    their mean weighted by out-of-fold scores.
    """

    convex: Matrix
    networks: tuple[Matrix, ...]
    weighted: Matrix


def network(preset: str) -> Predict:
    """Our estimator with its usual settings."""
    return lambda trial: np.asarray(
        MotifRegressor(preset=preset, n_jobs=1, profile=None)
        .fit(trial.X, trial.y)
        .predict(trial.X_test)
    )


def retrained(trial: Trial, settings: Sequence[FeatureSettings]) -> Retrained:
    """Kernel ridge regression, transferred and retrained for each of the settings. The networks of
    the folds stand in parallel. All settings share their profiles.
    """
    mean, sd = trial.y.mean(), trial.y.std()
    sample = Sample.plain(trial.X, (trial.y - mean) / sd, folds=FOLDS)
    convex = KernelRidge().fit(sample, seed=0)
    starts = starts_of(convex, settings[0].profiles)
    tuned = [cross_tune(sample, starts, each, copies=FOLDS) for each in settings]
    weights = fit_nnls_stack(
        [fitted.oof for fitted in tuned], sample.y, sample.weight, sample.folds
    ).weights

    def in_units_of_y(values: Matrix) -> Matrix:
        return np.asarray(values[:, 0] * sd + mean)

    outputs = [fitted.predict(trial.X_test) for fitted in tuned]
    weighted = np.asarray(sum(w * output for w, output in zip(weights, outputs, strict=True)))
    return Retrained(
        in_units_of_y(convex.predict(trial.X_test)),
        tuple(map(in_units_of_y, outputs)),
        in_units_of_y(weighted),
    )


def errors_of(predict: Predict, trials: Iterable[Iterable[Trial]]) -> Values:
    """With shape (seeds, trials of a seed)."""
    return np.array([[trial.error(predict(trial)) for trial in each] for each in trials])
