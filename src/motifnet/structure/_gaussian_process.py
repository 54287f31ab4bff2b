"""Gaussian process regression, against which detectors test, with score tests of added columns.

    y = μ + g(x) + ε,   g ~ τ² GP(k),   ε ~ N(0, λτ²)
    k = (1 − s) φ(‖R(x − x')‖) + (s/d) Σ_j φ(a |x_j − x'_j|),   φ Matérn 5/2

R scales each column by its relevance (the root mean square of ∂f̂/∂x_j); s is the share of additive
functions. With P = P(λ) of the leave-out algebra, yᵀPy/(n − 1) estimates τ², λτ² is the noise
variance, and for columns S that the model lacks the generalised least squares statistic

    F = yᵀPS (SᵀPS)⁻¹ SᵀPy / (k τ²)

has the F distribution with (k, n − 1 − k) degrees of freedom where the settings are right. Its
p-value does not rely on that. Let P + 11ᵀ/n = C Cᵀ. The entries of e = Cᵀ(y − ȳ) are the
contribution of a row given the rows after it. They have one variance and no correlation. ‖(CᵀS)ᵀe‖
is compared with the same under random signs of the entries. The test is valid for noise that grows
along a column or has heavy tails, and for the misfit. Settings come from the restricted likelihood
on few rows, by coordinate ascent on a grid, λ by steps between neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.engine import Matrix
from motifnet.kernels import (
    distances,
    factor,
    median_distances,
    projector,
    projector_of,
    radial_at,
)

SETTING_ROWS, FLIPS = 200, 1_999
_SCALES, _ADDITIVE, _SHARES = (0.3, 1.0, 2.0), (0.3, 1.0), (0.02, 0.3, 0.9)
_RIDGES = np.logspace(-4, 2, 13)


@dataclass(frozen=True)
class Prior:
    """`scale` with shape (d,): R; `rate`: a; `share`: s; `ridge`: λ."""

    scale: Tensor
    rate: float
    share: float
    ridge: float

    def gram(self, A: Tensor, B: Tensor) -> Tensor:
        """The Gram matrix of k with shape (n, m), in the precision of A and B."""
        scale = self.scale.to(A.dtype)
        joint = radial_at("matern52", 1.0, distances(A * scale, B * scale, 2))
        return (
            joint
            if self.share == 0
            else (1 - self.share) * joint + self.share * _additive(A, B, self.rate)
        )

    def single_gram(self, A: Tensor, B: Tensor) -> Tensor:
        """The same, computed in single precision: the ridge is far above the rounding."""
        return self.gram(A.float(), B.float()).double()

    def gradients(self, A: Tensor, B: Tensor, dual: Tensor) -> Tensor:
        """∇f with shape (n, d) at rows A of f = Σ dual_i k(·, b_i), from φ'(t) = −(5/3) t (1 + √5
        t) e^{−√5 t}.
        """
        scale = self.scale.to(A.dtype)
        W = (1 - self.share) * _derivative_ratio(distances(A * scale, B * scale, 2)) * dual
        joint = (W.sum(1)[:, None] * A - W @ B) * scale**2
        additive = torch.empty_like(A)
        for j, (a, b) in enumerate(zip(A.T, B.T, strict=True)):
            difference = a[:, None] - b
            additive[:, j] = (_derivative_ratio(self.rate * difference.abs()) * difference) @ dual
        return joint + self.share / A.shape[1] * self.rate**2 * additive


def _additive(A: Tensor, B: Tensor, rate: float) -> Tensor:
    """The mean over columns of φ(a |x_j − x'_j|)."""
    total = torch.zeros(len(A), len(B), dtype=A.dtype)
    for a, b in zip(A.T, B.T, strict=True):
        total += radial_at("matern52", rate, (a[:, None] - b).abs_())
    return total / A.shape[1]


def _derivative_ratio(t: Tensor) -> Tensor:
    """φ'(t) / t."""
    s = 5**0.5 * t
    return -5 / 3 * (1 + s) * torch.exp(-s)


def choose_prior(X: Matrix, y: Matrix, seed: int = 0) -> Prior:
    """Settings with the highest restricted likelihood on at most `SETTING_ROWS` rows of X with
    shape (n, d) and y with shape (n, q).
    """
    rows = np.random.default_rng(seed).permutation(len(X))[:SETTING_ROWS]
    return _likeliest(X[rows].tobytes(), y[rows].tobytes(), len(rows))


@lru_cache(4)  # several detectors choose from the same rows
def _likeliest(X: bytes, y: bytes, n: int) -> Prior:
    A, b = (
        torch.frombuffer(bytearray(values), dtype=torch.float64).reshape(n, -1) for values in (X, y)
    )
    best, likelihood, point = _search(A, b, torch.ones(A.shape[1], dtype=A.dtype), (1, 0, 1))
    for _ in range(2 if A.shape[1] > 1 else 0):
        alpha = (
            projector(best.single_gram(A, A), torch.full((len(A),), best.ridge, dtype=A.dtype)) @ b
        )
        squares = sum(best.gradients(A, A, column).square().mean(0) for column in alpha.T)
        relevance = (torch.as_tensor(squares).sqrt() * A.std(0)).clamp(min=1e-12)
        new, better, point = _search(A, b, (relevance / relevance.max()).clamp(min=0.02), point)
        if better <= likelihood:
            break
        best, likelihood = new, better
    return best


def _search(
    X: Tensor, y: Tensor, relevance: Tensor, start: tuple[int, ...]
) -> tuple[Prior, float, tuple[int, ...]]:
    """The best point of the grid at these relevances as settings, its restricted log likelihood
    over all columns of y, and the point itself.
    """
    median = median_distances(X * relevance)[2]
    scales = [relevance * scale / median for scale in _SCALES]
    joint = cache(lambda i: Prior(scales[i], 1.0, 0.0, 1.0).single_gram(X, X))
    additive = cache(lambda i: _additive(X.float(), X.float(), _ADDITIVE[i]).double())

    ridge = len(_RIDGES) // 2  # where the next climb starts: neighbours have nearly one best λ

    @cache
    def value(scale: int, rate: int, share: int) -> tuple[float, float]:
        nonlocal ridge
        s = _SHARES[share]
        K = (1 - s) * joint(scale) + s * additive(rate)
        likelihood, ridge = _best_ridge(K, y.numpy(), ridge)
        return likelihood, float(_RIDGES[ridge])

    point = _climbed(value, (len(_SCALES), len(_ADDITIVE), len(_SHARES)), start)
    highest, lam = value(*point)
    prior = Prior(scales[point[0]], _ADDITIVE[point[1]], _SHARES[point[2]], lam)
    return prior, highest, point


def _climbed(
    value: Callable[..., tuple[float, float]], sizes: tuple[int, int, int], point: tuple[int, ...]
) -> tuple[int, ...]:
    """A point of a grid that no change of one coordinate improves."""
    before: tuple[int, ...] = ()
    while point != before:
        before = point
        for j, size in enumerate(sizes):
            point = max(
                ((*point[:j], i, *point[j + 1 :]) for i in range(size)), key=lambda p: value(*p)[0]
            )
    return point


def _best_ridge(K: Tensor, y: Matrix, start: int) -> tuple[float, int]:
    """The restricted log likelihood at the λ of the grid that neither neighbour exceeds, and its
    index. The climb begins at an index.
    """

    @cache
    def likelihood(i: int) -> float:
        L = factor(K, torch.full((len(K),), float(_RIDGES[i]), dtype=K.dtype))
        return _variance_and_likelihood(L, y)[1]

    best, before = start, -1
    while best != before:
        before = best
        near = range(max(best - 1, 0), min(best + 2, len(_RIDGES)))
        best = max(near, key=likelihood)
    return likelihood(best), best


@dataclass(frozen=True)
class Smooth:
    """The fit of rows X with shape (n, d) to y with shape (n, q): P with shape (n, n), dual = P y,
    τ² with shape (q,), and the log likelihood.
    """

    X: Matrix
    y: Matrix
    prior: Prior
    P: Matrix
    dual: Matrix
    tau2: Matrix
    likelihood: float

    @classmethod
    def fit(cls, X: Matrix, y: Matrix, prior: Prior) -> Smooth:
        """The fit with λ chosen again on these rows, near that of the prior."""
        A = torch.as_tensor(X)
        return cls.of_gram(X, y, prior, prior.single_gram(A, A))

    @classmethod
    def of_gram(cls, X: Matrix, y: Matrix, prior: Prior, K: Tensor) -> Smooth:
        """The fit with a Gram matrix K with shape (n, n), such as a group average."""
        priors = [replace(prior, ridge=prior.ridge * step) for step in (0.4, 1.0, 2.5)]
        return cls.at(
            X, y, max(priors, key=lambda p: _variance_and_likelihood(_factor(K, p), y)[1]), K
        )

    @classmethod
    def at(cls, X: Matrix, y: Matrix, prior: Prior, K: Tensor) -> Smooth:
        """The fit at the λ of the prior."""
        L = _factor(K, prior)
        P = projector_of(L).numpy()
        return cls(X, y, prior, P, P @ y, *_variance_and_likelihood(L, y))

    @cached_property
    def single(self) -> NDArray[np.float32]:
        """P in single precision."""
        return self.P.astype(np.float32)

    @property
    def noise_variance(self) -> Matrix:
        """λτ² with shape (q,)."""
        return self.prior.ridge * self.tau2

    @property
    def fitted(self) -> Matrix:
        """f̂ at the rows, with shape (n, q)."""
        return self.y - self.prior.ridge * self.dual

    @property
    def left_out(self) -> Matrix:
        """Leave-one-out residuals with shape (n, q)."""
        return self.dual / self.P.diagonal()[:, None]

    @property
    def studentised(self) -> Matrix:
        """Residuals λPy with shape (n, q) over their sd. Under noise of variance σ² their variances
        are exactly σ²λ² diag P².
        """
        return self.dual / np.sqrt((self.P**2).sum(1)[:, None] * self.noise_variance)

    def gradients(self) -> Matrix:
        """∇f̂ of the first target at the rows, with shape (n, d), computed in single precision."""
        A = torch.as_tensor(self.X).float()
        return self.prior.gradients(A, A, torch.as_tensor(self.dual[:, 0]).float()).double().numpy()

    def change(self, X: Matrix) -> float:
        """The root mean square of f̂ at the rows minus f̂ at others X with shape (n, d)."""
        return float((self._smooth_part - self._smooth_at(X)).square().mean().sqrt())

    @cached_property
    def _smooth_part(self) -> Tensor:
        return self._smooth_at(self.X)

    def _smooth_at(self, X: Matrix) -> Tensor:
        """g at rows X with shape (n, d)."""
        return self.prior.single_gram(
            torch.as_tensor(X), torch.as_tensor(self.X)
        ) @ torch.as_tensor(self.dual)

    def score_test(
        self, S: Matrix, column: int = 0, units: NDArray[np.int64] | None = None
    ) -> tuple[float, int, float]:
        """F, the rank k of the columns S with shape (n, m) in this model, and the p-value. Rows of
        one unit change their sign together.

        Columns of rank 0 contradict nothing: the result is 0, 0 and 1.
        """
        S = S / np.maximum(np.sqrt((S**2).mean(0)), 1e-300)
        PS = self.P @ S
        values, vectors = np.linalg.eigh(S.T @ PS)
        kept = values > max(1e-8 * values.max(initial=0.0), 1e-300)
        k = int(kept.sum())
        if k == 0:
            return 0.0, 0, 1.0
        scores = (vectors[:, kept].T @ (S.T @ self.dual[:, column])) / np.sqrt(values[kept])
        explained, total = float(scores @ scores), float(self.tau2[column]) * (len(S) - 1)
        F = (explained / k) / max((total - explained) / (len(S) - 1 - k), 1e-300)
        C = np.linalg.cholesky(self.P + 1 / len(S)).T
        Q = C @ (S - S.mean(0)) @ (vectors[:, kept] / np.sqrt(values[kept]))
        e = C @ (self.y[:, column] - self.y[:, column].mean())
        return F, k, _flipped(Q, e, np.arange(len(S)) if units is None else units)


def _flipped(Q: Matrix, e: Matrix, units: NDArray[np.int64]) -> float:
    """The p-value of ‖Qᵀe‖ among that of vectors whose entries have signs at random."""
    signs = np.random.default_rng(len(e)).choice([-1.0, 1.0], (int(units.max()) + 1, FLIPS))[units]
    flipped = ((Q.T @ (signs * e[:, None])) ** 2).sum(0)
    return float((1 + (flipped >= ((Q.T @ e) ** 2).sum()).sum()) / (FLIPS + 1))


def _factor(K: Tensor, prior: Prior) -> Tensor:
    return factor(K, torch.full((len(K),), prior.ridge, dtype=K.dtype))


def _variance_and_likelihood(L: Tensor, y: Matrix) -> tuple[Matrix, float]:
    """τ² with shape (q,), and the restricted log likelihood. The log determinant over contrasts is
    log |K + λ| + log 1ᵀ(K + λ)⁻¹1 − log n.
    """
    n, q = y.shape
    Z = torch.linalg.solve_triangular(
        L, torch.as_tensor(np.column_stack([y, np.ones(n)])), upper=False
    ).numpy()
    one = float(Z[:, -1] @ Z[:, -1])
    squares = (Z[:, :-1] ** 2).sum(0) - (Z[:, -1] @ Z[:, :-1]) ** 2 / one
    tau2 = np.maximum(squares / (n - 1), 1e-300)
    log_det = 2 * float(L.diagonal().log().sum()) + np.log(one / n)
    return tau2, float(-0.5 * (q * log_det + (n - 1) * np.log(tau2).sum()))
