"""Support vector regression and classification with the Gaussian kernel.

    f(x) = b + Σ_i α_i exp(−γ |x − c_i|²),   α ≠ 0 for the support vectors c_i only

γ, C (and in regression ε, the width of the tube) are chosen one after the other on an inner split.
Fits take at most `max_rows` rows, as they cost n² to n³. Each class has one machine against the
rest, on ±1. Its decision value is the score, in the coding of the target.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Control, Matrix
from motifnet.kernels import Kernel
from motifnet.tables import Sample
from motifnet.teachers._base import FittedTeacher, Teacher, cross_fit, inner_split

Part = tuple[NDArray[np.int64], Matrix, float]  # rows of the support vectors, dual, intercept
_BLOCK = 2048  # rows predicted at a time


@dataclass(frozen=True)
class SupportVectorMachine:
    """kernel, centres with shape (m, d), dual with shape (m, q), intercept with shape (q,)."""

    kernel: Kernel
    centres: Matrix
    dual: Matrix
    intercept: Matrix

    def predict(self, X: Matrix) -> Matrix:
        blocks = [
            self.kernel(X[i : i + _BLOCK], self.centres) @ self.dual
            for i in range(0, len(X), _BLOCK)
        ]
        return np.concatenate(blocks or [np.zeros((0, len(self.intercept)))]) + self.intercept


@dataclass(frozen=True)
class FittedSupportVectors(FittedTeacher):
    """A kernel machine on its support vectors."""

    machine: SupportVectorMachine

    def predict(self, X: Matrix) -> Matrix:
        return self.machine.predict(X)


@dataclass(frozen=True)
class Choice:
    """γ in units of 1 / (median squared distance), C, ε."""

    gamma: float = 1.0
    C: float = 10.0
    epsilon: float = 0.1


@dataclass(frozen=True)
class SupportVectors(Teacher):
    """Candidates, and the maximal numbers of rows of the fit and of the choice."""

    gammas: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)
    Cs: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0)
    epsilons: tuple[float, ...] = (0.03, 0.1, 0.3)
    max_rows: int = 3000
    choice_rows: int = 500

    def fit(
        self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
    ) -> FittedSupportVectors:
        oof, _ = cross_fit(
            sample,
            lambda rows, k: self._solve(rows, [seed, k], control),
            SupportVectorMachine.predict,
            n_jobs=n_jobs,
            control=control,
        )
        return FittedSupportVectors(oof, self._solve(sample, [seed, sample.folds.count], control))

    def _solve(
        self, sample: Sample, entropy: list[int], control: Control | None
    ) -> SupportVectorMachine:
        rng, control = np.random.default_rng(entropy), control or Control()
        few, start = _thin(sample, self.choice_rows, rng), control.clock()
        choice = self._choose(few, int(rng.integers(2**31 - 1)), control)
        rows = _thin(sample, self.max_rows, rng)
        fits = len(self.gammas) + len(self.Cs) + len(self.epsilons)
        # libsvm cannot be interrupted
        control.check((control.clock() - start) / fits * (rows.n / few.n) ** 2)
        return _fit(rows, choice)

    def _choose(self, sample: Sample, seed: int, control: Control) -> Choice:
        """The best candidate of each setting in turn, with the current values of the others."""
        valid = inner_split(sample, seed)
        if not valid.any() or valid.all():
            return Choice()
        train, test = sample.rows(~valid), sample.rows(valid)
        best, least = Choice(), np.inf
        for options in self._steps(sample):
            for option in options:
                control.check()
                candidate = replace(best, **option)
                residual = test.y - _fit(train, candidate).predict(test.X)
                if (error := float(test.weight @ (residual**2).sum(1))) < least * (1 - 1e-9):
                    winner, least = candidate, error
            best = winner
        return best

    def _steps(self, sample: Sample) -> Iterable[list[dict[str, float]]]:
        yield [{"gamma": g} for g in self.gammas]
        yield [{"C": c} for c in self.Cs]
        if sample.labels is None:
            yield [{"epsilon": e} for e in self.epsilons]


def _thin(sample: Sample, limit: int, rng: np.random.Generator) -> Sample:
    chosen = np.zeros(sample.n, dtype=bool)
    chosen[rng.permutation(sample.n)[:limit]] = True
    return sample.rows(chosen)


def _fit(sample: Sample, choice: Choice) -> SupportVectorMachine:
    """One machine for each column of y, on the union of their support vectors."""
    gamma = choice.gamma / _squared_distance(sample.X)
    one = _regress if sample.labels is None else _classify
    parts = [one(sample.X, column, sample.weight, gamma, choice) for column in sample.y.T]
    # at least one centre
    used = np.unique(np.concatenate([np.zeros(1, dtype=np.int64), *(rows for rows, _, _ in parts)]))
    dual = np.zeros((len(used), len(parts)))
    for c, (rows, alpha, _) in enumerate(parts):
        dual[np.searchsorted(used, rows), c] = alpha
    kernel = Kernel(("gaussian",), np.ones(1), np.array([np.sqrt(gamma)]))
    return SupportVectorMachine(kernel, sample.X[used], dual, np.array([b for _, _, b in parts]))


def _squared_distance(X: Matrix) -> float:
    """Median squared distance between rows, from the first 500."""
    from scipy.spatial.distance import pdist

    d = pdist(X[:500], "sqeuclidean")
    return float(np.median(d[d > 0])) if (d > 0).any() else 1.0


def _regress(X: Matrix, y: Matrix, weight: Matrix, gamma: float, choice: Choice) -> Part:
    from sklearn.svm import SVR

    model = SVR(gamma=gamma, C=choice.C, epsilon=choice.epsilon, cache_size=500).fit(
        X, y, sample_weight=weight
    )
    return _parts(model)


def _classify(X: Matrix, y: Matrix, weight: Matrix, gamma: float, choice: Choice) -> Part:
    """Decision values in the coding of y: −1 and 1, or 0 and 1."""
    from sklearn.svm import SVC

    low, high = y.min(), y.max()
    if low == high:
        return np.zeros(0, dtype=np.int64), np.zeros(0), float(low)
    rows, alpha, b = _parts(
        SVC(gamma=gamma, C=choice.C, cache_size=500).fit(
            X, y > (low + high) / 2, sample_weight=weight
        )
    )
    half, middle = (high - low) / 2, (high + low) / 2
    return rows, half * alpha, float(middle + half * b)


def _parts(model: Any) -> Part:
    return model.support_.astype(np.int64), model.dual_coef_[0], float(model.intercept_[0])
