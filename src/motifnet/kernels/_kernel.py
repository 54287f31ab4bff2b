"""Kernels: non-negative mixtures of radial profiles of two distances.

    k(x, x') = Σ_c w_c φ_c(a_c ‖x − x'‖)

with the profiles of _profiles.py at scaled distances t, "laplace1" of ‖·‖₁ and all others of ‖·‖₂.

Each is positive definite on R^d and 1 at distance 0, so k(x, x) = Σ w_c.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from torch import Tensor

from motifnet.kernels._distances import by_blocks
from motifnet.kernels._profiles import polynomial, profile_values, smoothness
from motifnet.kernels._two_values import Layout

Matrix = NDArray[np.float64]
PROFILES = ("laplace1", "laplace2", "gaussian", "matern32", "matern52")


def radial(profile: str, t: Tensor) -> Tensor:
    """The profile φ at scaled distances t."""
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
    if p == 1:
        return value * t / (1 + s) * -3
    return value * t * (1 + s) / (1 + s + s * s / 3) * (-5 / 3)


def radial_at(profile: str, rate: float | Tensor, t: Tensor) -> Tensor:
    """φ(a t) for a rate a, with few passes over the matrix and without a gradient."""
    p = smoothness(profile)
    if p is None:
        return _exp(t.square().mul_(-rate * rate))
    if p == 0:
        return _exp(t * -rate)
    s = t * (rate * float(2 * p + 1) ** 0.5)
    decay = _exp(-s)
    if p == 2:
        return s.square().div_(3).add_(s).add_(1).mul_(decay)
    return s.add_(1).mul_(decay)


def _exp(t: Tensor) -> Tensor:
    """e^t in place; numpy takes half of the time of torch."""
    return torch.from_numpy(np.exp(t.numpy(), out=t.numpy()))


@dataclass(frozen=True)
class Kernel:
    """A mixture: profiles, weights with shape (c,), rates (inverse length scales) with shape (c,)."""

    profiles: tuple[str, ...]
    weights: Matrix
    rates: Matrix

    @property
    def at_zero(self) -> float:
        """k(x, x)."""
        return float(self.weights.sum())

    def __call__(self, A: Matrix, B: Matrix) -> Matrix:
        """Gram matrix with shape (n, m) in numpy, apart from the torch path, so that the two can be held against each other."""
        by_norm = {p: cdist(A, B, "cityblock" if p == 1 else "euclidean") for p in {self.norm(c) for c in self.profiles}}
        terms = (w * profile_values(c, a * by_norm[self.norm(c)]) for c, w, a in zip(self.profiles, self.weights, self.rates, strict=True))
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
