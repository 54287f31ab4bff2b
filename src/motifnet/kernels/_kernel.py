"""Kernels: non-negative mixtures of radial profiles of two distances.

    k(x, x') = Σ_c w_c φ_c(a_c ‖x − x'‖)

with the profiles (t the scaled distance)

    laplace1   e^{-t}, t from ‖·‖₁           laplace2   e^{-t}, t from ‖·‖₂         gaussian   e^{-t²}
    matern32   (1 + √3 t) e^{-√3 t}          matern52   (1 + √5 t + 5t²/3) e^{-√5 t}

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
from motifnet.kernels._two_values import Layout

Matrix = NDArray[np.float64]
PROFILES = ("laplace1", "laplace2", "gaussian", "matern32", "matern52")


def radial(profile: str, t: Tensor) -> Tensor:
    """The profile φ at scaled distances t."""
    if profile in ("laplace1", "laplace2"):
        return torch.exp(-t)
    if profile == "gaussian":
        return torch.exp(-t * t)
    if profile == "matern32":
        s = math.sqrt(3.0) * t
        return (1 + s) * torch.exp(-s)
    s = math.sqrt(5.0) * t
    return (1 + s + s * s / 3) * torch.exp(-s)


def radial_slope(profile: str, t: Tensor, value: Tensor) -> Tensor:
    """φ'(t), given the value φ(t)."""
    if profile in ("laplace1", "laplace2"):
        return -value
    if profile == "gaussian":
        return value * t * -2
    if profile == "matern32":
        return value * t / (1 + math.sqrt(3.0) * t) * -3
    s = math.sqrt(5.0) * t
    return value * t * (1 + s) / (1 + s + s * s / 3) * (-5 / 3)


_NUMPY_RADIAL = {
    "laplace1": lambda t: np.exp(-t),
    "laplace2": lambda t: np.exp(-t),
    "gaussian": lambda t: np.exp(-(t**2)),
    "matern32": lambda t: (1 + math.sqrt(3) * t) * np.exp(-math.sqrt(3) * t),
    "matern52": lambda t: (1 + math.sqrt(5) * t + 5 * t**2 / 3) * np.exp(-math.sqrt(5) * t),
}


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
        terms = (w * _NUMPY_RADIAL[c](a * by_norm[self.norm(c)]) for c, w, a in zip(self.profiles, self.weights, self.rates, strict=True))
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
        K = torch.zeros(len(A), len(B), dtype=A.dtype)
        for c, w, a in zip(self.profiles, self.weights, self.rates, strict=True):
            K += float(w) * radial(c, float(a) * by_norm[self.norm(c)])
        return K
