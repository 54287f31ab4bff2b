"""Kernels: non-negative mixtures of radial profiles of two distances, and warps of their inputs.

    k(x, x') = Σ_c w_c φ_c(a_c ‖x − x'‖)

with "laplace1" of ‖·‖₁ and all other profiles of ‖·‖₂. Each is positive definite on R^d and 1 at
distance 0, so k(x, x) = Σ w_c.

There is one table of radial profiles, by their smoothness p: Matérn's with ν = p + ½ (Rasmussen and
Williams 2006, eq. 4.16), and the Gaussian, which is their limit.

    φ_p(t) = π_p(s) e^{-s},   s = √(2p + 1) t;       gaussian e^{-t²}
    π_p(s) = Σ_j c_j s^j,     c_j = p! (2p − j)! 2^j / ((2p)! (p − j)! j!)
    π_0 = 1,   π_1 = 1 + s,   π_2 = 1 + s + s²/3
    φ_p'(t) = −(2p + 1)/(2p − 1) t π_{p−1}(s) e^{-s}

All code that computes a profile, in numpy, torch, ONNX or as a relu network, reads this table; an
unknown name is an error everywhere.

A warp is a monotone piecewise-linear function of each column,

    w_j(x) = Σ_k slope_jk · min(max(x − t_jk, 0), t_j,k+1 − t_jk),    slope = exp(s) > 0,

with knots t at quantiles, linear beyond the ends with the outermost slopes. Slopes of 1 give
x − t_j0 inside: a shift, which no distance sees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

from motifnet.engine import Matrix, UsageError
from motifnet.kernels._distances import Layout, by_blocks

SMOOTHNESS: dict[str, int | None] = {"laplace": 0, "gaussian": None, "matern32": 1, "matern52": 2}
ALIASES = {"laplace1": "laplace", "laplace2": "laplace"}  # by the norm of their distances
PROFILES = ("laplace1", "laplace2", "gaussian", "matern32", "matern52")


def smoothness(name: str) -> int | None:
    """The p of a profile, None for the Gaussian."""
    known = ALIASES.get(name, name)
    if known not in SMOOTHNESS:
        raise UsageError(
            f"There is no radial profile {name!r}. Take one of "
            f"{', '.join((*SMOOTHNESS, *ALIASES))}."
        )
    return SMOOTHNESS[known]


@cache
def divisors(p: int) -> tuple[float, ...]:
    """1/c_j of π_p for j = 0, …, p."""
    f = math.factorial
    return tuple(
        float(Fraction(f(2 * p) * f(p - j) * f(j), f(p) * f(2 * p - j) * 2**j))
        for j in range(p + 1)
    )


def polynomial(p: int, s: Any) -> Any:
    """π_p(s) of arrays or tensors, from the lowest power."""
    if p == 0:
        return 1
    total, power = 1 + s, s
    for divisor in divisors(p)[2:]:
        power = power * s
        total = total + power / divisor
    return total


def largest_slope(name: str) -> float:
    """The largest |φ'|: at t = 0 for p = 0, else where s π_{p−1}(s) e^{-s} has its maximum."""
    p = smoothness(name)
    if p is None:
        return math.sqrt(2 / math.e)
    if p == 0:
        return 1.0
    powers = np.polynomial.Polynomial([0.0, *(1 / divisor for divisor in divisors(p - 1))])
    roots = np.asarray((powers.deriv() - powers).roots())
    at = float(roots.real[np.abs(roots.imag) < 1e-9].max())
    return math.sqrt(2 * p + 1) / (2 * p - 1) * float(powers(at)) * math.exp(-at)


def profile_values(name: str, t: Matrix) -> Matrix:
    """φ(t) in numpy, independent of torch, so that tests can compare the two."""
    p = smoothness(name)
    if p is None:
        return np.exp(-t * t)
    s = np.sqrt(2 * p + 1) * t
    return np.asarray(polynomial(p, s) * np.exp(-s))


def radial(profile: str, t: Tensor) -> Tensor:
    """The profile φ at scaled distances t, with a gradient."""
    p = smoothness(profile)
    if p is None:
        return torch.exp(-t * t)
    s = math.sqrt(2 * p + 1) * t if p else t
    return polynomial(p, s) * torch.exp(-s) if p else torch.exp(-s)


def radial_slope(profile: str, t: Tensor, value: Tensor) -> Tensor:
    """φ'(t), given the value φ(t)."""
    p = smoothness(profile)
    if p is None:
        return value * t * -2
    if p == 0:
        return -value
    s = math.sqrt(2 * p + 1) * t
    factor = -(2 * p + 1) / (2 * p - 1)
    if p == 1:
        return value * t / (1 + s) * factor
    return value * t * polynomial(p - 1, s) / polynomial(p, s) * factor


def radial_at(profile: str, rate: float | Tensor, t: Tensor) -> Tensor:
    """φ(a t) for a rate a. Most operations are in place, so that there is no gradient."""
    p = smoothness(profile)
    if p is None:
        return _exp(t.square().mul_(-rate * rate))
    if p == 0:
        return _exp(t * -rate)
    s = t * (rate * float(2 * p + 1) ** 0.5)
    decay, total, power = _exp(-s), s, s
    for j, divisor in enumerate(divisors(p)[2:], 2):
        power = power * s
        total = (power.div_(divisor) if j == p else power / divisor).add_(total)
    return total.add_(1).mul_(decay)


def _exp(t: Tensor) -> Tensor:
    """e^t in place; numpy takes half of the time of torch."""
    return torch.from_numpy(np.exp(t.numpy(), out=t.numpy()))


@dataclass(frozen=True)
class Kernel:
    """A mixture: profiles, weights with shape (c,), rates (inverse length scales) with shape
    (c,).
    """

    profiles: tuple[str, ...]
    weights: Matrix
    rates: Matrix

    @property
    def at_zero(self) -> float:
        """k(x, x)."""
        return float(self.weights.sum())

    def __call__(self, A: Matrix, B: Matrix) -> Matrix:
        """Gram matrix with shape (n, m) in numpy, independent of torch, so that tests can compare
        the two.
        """
        by_norm = {
            p: cdist(A, B, "cityblock" if p == 1 else "euclidean")
            for p in {self.norm(c) for c in self.profiles}
        }
        terms = (
            w * profile_values(c, a * by_norm[self.norm(c)])
            for c, w, a in zip(self.profiles, self.weights, self.rates, strict=True)
        )
        return np.asarray(sum(terms))

    @staticmethod
    def norm(profile: str) -> int:
        """The norm p of the distance that a profile uses."""
        return 1 if profile == "laplace1" else 2

    def gram(self, A: Tensor, B: Tensor) -> Tensor:
        """Gram matrix with shape (n, m) in torch."""
        layout = Layout.of(A, B)
        left = layout.rows(A)
        return by_blocks(partial(self._gram, layout), left, left if B is A else layout.rows(B))

    def _gram(self, layout: Layout, A: Tensor, B: Tensor) -> Tensor:
        by_norm = {p: layout.distances(A, B, p) for p in {self.norm(c) for c in self.profiles}}
        return self.mixed(by_norm)

    def mixed(self, by_norm: dict[int, Tensor]) -> Tensor:
        """Σ_c w_c φ_c(a_c D_p) of distances D_p in either norm."""
        K = torch.zeros_like(next(iter(by_norm.values())))
        for c, w, a in zip(self.profiles, self.weights.tolist(), self.rates.tolist(), strict=True):
            D = by_norm[self.norm(c)]
            K.add_(radial(c, a * D) if D.requires_grad else radial_at(c, a, D), alpha=w)
        return K


def quantile_knots(X: Tensor, segments: int) -> Tensor:
    """Knots with shape (d, segments + 1) at equally spaced quantiles of the columns of X with shape
    (n, d).
    """
    levels = torch.linspace(0, 1, segments + 1, dtype=X.dtype)
    return torch.quantile(X[:: max(1, len(X) // 20_000)], levels, dim=0).T.contiguous()


@dataclass(frozen=True)
class Warp:
    """Knots with shape (d, K + 1)."""

    knots: Tensor

    def basis(self, X: Tensor) -> Tensor:
        """Length of each segment below x, with shape (n, d, K); the first and the last segment have
        no outer end.
        """
        inside = X[:, :, None] - self.knots[:, :-1]
        width = self.knots.diff(dim=1)
        inside[:, :, 1:].clamp_(min=0)
        inside[:, :, :-1] = torch.minimum(inside[:, :, :-1], width[:, :-1])
        return inside

    def __call__(self, X: Tensor, slopes: Tensor) -> Tensor:
        """Warped rows with shape (n, d) for slopes with shape (d, K); differentiable in the
        slopes.
        """
        return (self.basis(X) * slopes).sum(2)
