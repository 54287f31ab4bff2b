"""The largest eigenvalues of the Hessian of the training risk and their directions: Lanczos on Hessian products, or all of it where p is small.

Gradient descent with rate η leaves a bowl of curvature λ by itself when ηλ > 2: 2/λ_max is the largest rate at which it stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.landscape._risk import Risk

DENSE = 300


@dataclass(frozen=True)
class Curvature:
    """Eigenvalues, largest first with shape (k,), and unit directions with shape (k, p)."""

    values: Tensor
    directions: Tensor

    @property
    def largest(self) -> float:
        return float(self.values[0])

    @property
    def largest_rate(self) -> float:
        """2/λ_max."""
        return 2 / self.largest if self.largest > 0 else float("inf")

    @property
    def sentence(self) -> str:
        return f"Largest curvature {self.largest:.4g}: plain gradient descent is stable below a rate of {self.largest_rate:.3g}."


def curvature(risk: Risk, directions: int = 5, seed: int = 0) -> Curvature:
    """The largest eigenvalues of H at the parameters of the module."""
    if risk.p <= max(DENSE, 2 * directions):
        values, vectors = torch.linalg.eigh(hessian_matrix(risk))
        values, vectors = values.flip(0)[:directions], vectors.flip(1)[:, :directions]
    else:
        values, vectors = _lanczos(risk, directions, seed)
    return Curvature(values, vectors.T.contiguous())


def hessian_matrix(risk: Risk) -> Tensor:
    """H with shape (p, p), for small p."""
    H = risk.hessian_products(torch.eye(risk.p, dtype=risk.theta.dtype))
    return (H + H.T) / 2


def _lanczos(risk: Risk, k: int, seed: int) -> tuple[Tensor, Tensor]:
    from scipy.sparse.linalg import LinearOperator, eigsh

    def product(v: np.ndarray) -> np.ndarray:
        return risk.hessian_products(torch.from_numpy(np.ascontiguousarray(v.ravel()))[None])[0].numpy()

    operator = LinearOperator((risk.p, risk.p), matvec=product, dtype=np.float64)
    values, vectors = eigsh(operator, k=k, which="LA", v0=np.random.default_rng(seed).normal(size=risk.p), tol=1e-9)
    return torch.from_numpy(values[::-1].copy()), torch.from_numpy(vectors[:, ::-1].copy())
