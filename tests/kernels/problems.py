"""A kernel, random numbers, and normal equations in the plainest way."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from motifnet.kernels import (
    Kernel,
)

N, D = 36, 3
KERNEL = Kernel(("laplace1", "gaussian"), np.array([0.6, 0.4]), np.array([0.4, 0.6]))


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape))


def normal_equations(C: Tensor, X: Tensor, y: Tensor, w: Tensor, lam: float) -> Tensor:
    """Coefficients of the centres C, the intercept last: (AᵀWA + λ K̃) θ = AᵀWy."""
    A = torch.cat([KERNEL.gram(X, C), torch.ones(len(X), 1, dtype=X.dtype)], 1)
    penalty = torch.zeros(len(C) + 1, len(C) + 1, dtype=X.dtype)
    penalty[:-1, :-1] = lam * KERNEL.gram(C, C)
    return torch.linalg.solve(A.T @ (w[:, None] * A) + penalty, A.T @ (w[:, None] * y))
