"""Inner layers of the kernel network: warps, a linear map, a kernel mixture. What inner-layer training starts from and ends with.

z = warp(x),   u = z (I + M) for the Euclidean parts,   k = Σ_c π_c φ_c(a_c · distance)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.kernels import Kernel, Warp, distances, radial
from motifnet.tables import Matrix


@dataclass(frozen=True)
class InnerLayers:
    """Trained inner layers: knots (d, K+1), slopes (d, K), map M (d, d) or None, the kernel in the warped space, and λ."""

    knots: Matrix
    slopes: Matrix
    map: Matrix | None
    kernel: Kernel
    ridge: float

    def warp(self, X: Tensor) -> Tensor:
        """Rows after the warps, with shape (n, d)."""
        return Warp(torch.as_tensor(self.knots))(X, torch.as_tensor(self.slopes))

    def gram(self, A: Tensor, B: Tensor) -> Tensor:
        """Gram matrix with shape (n, m) of warped rows."""
        R = None if self.map is None else torch.eye(A.shape[1], dtype=A.dtype) + torch.as_tensor(self.map)
        return mapped_gram(A, B, R, self.kernel.profiles, torch.as_tensor(self.kernel.weights), torch.as_tensor(self.kernel.rates))

    def warp_numpy(self, X: Matrix) -> Matrix:
        """The warps in numpy, apart from torch."""
        left, width = self.knots[:, :-1], np.diff(self.knots, axis=1)
        Z = np.minimum(X - self.knots[:, 0], 0) * self.slopes[:, 0] + np.maximum(X - self.knots[:, -1], 0) * self.slopes[:, -1]
        for k in range(width.shape[1]):
            Z += np.minimum(np.maximum(X - left[:, k], 0), width[:, k]) * self.slopes[:, k]
        return np.asarray(Z)

    def gram_numpy(self, A: Matrix, B: Matrix) -> Matrix:
        """Gram matrix with shape (n, m) of warped rows in numpy, apart from torch."""
        kernel, R = self.kernel, np.eye(A.shape[1]) + (0 if self.map is None else self.map)
        K = np.zeros((len(A), len(B)))
        for p in (1, 2):
            mine = [c for c, profile in enumerate(kernel.profiles) if kernel.norm(profile) == p]
            if mine:
                part = Kernel(tuple(kernel.profiles[c] for c in mine), kernel.weights[mine], kernel.rates[mine])
                K += part(A, B) if p == 1 else part(A @ R, B @ R)
        return K


def mapped_gram(A: Tensor, B: Tensor, R: Tensor | None, profiles: tuple[str, ...], weights: Tensor, rates: Tensor) -> Tensor:
    """Σ_c w_c φ_c(a_c · distance) with the map R in front of Euclidean distances; differentiable in all of it."""
    by_norm = {}
    if "laplace1" in profiles:
        by_norm[1] = distances(A, B, 1)
    if any(profile != "laplace1" for profile in profiles):
        U = A if R is None else A @ R
        by_norm[2] = distances(U, U if A is B else (B if R is None else B @ R), 2)
    terms = [weights[c] * radial(profile, rates[c] * by_norm[Kernel.norm(profile)]) for c, profile in enumerate(profiles)]
    return sum(terms[1:], terms[0])
