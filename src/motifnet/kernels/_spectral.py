"""The whole path in λ from one eigendecomposition.

With S = diag(√w), s = S1/‖S1‖ and H = I − s sᵀ let  H S K S H = Q Λ Qᵀ.  Then, for every λ,

    P(λ) = S [ Σ_{q ⟂ s} q qᵀ / (Λ_q + λ) ] S

is the P of the leave-out algebra, so α, b, leave-one-out residuals cost n² per λ instead of n³.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SpectralPath:
    """Eigenvectors scaled by √w, with shape (n, n−1), and eigenvalues with shape (n−1,), the intercept's direction removed."""

    vectors: Tensor
    values: Tensor

    @classmethod
    def of(cls, K: Tensor, weight: Tensor) -> SpectralPath:
        """Decompose the Gram matrix K with shape (n, n) under weights with shape (n,)."""
        root = weight.sqrt()
        s = root / root.norm()
        M = root[:, None] * K * root
        Ms = M @ s
        M = M - torch.outer(Ms, s) - torch.outer(s, Ms) + torch.outer(s, s) * (s @ Ms)
        # s is shifted to the top of the spectrum so that it can be dropped without a search for the null vector
        top = 2 * M.diagonal().sum() + 1
        values, vectors = torch.linalg.eigh(M + top * torch.outer(s, s))
        return cls(root[:, None] * vectors[:, :-1], values[:-1].clamp(min=0))

    def projector(self, lam: float) -> Tensor:
        """P(λ) with shape (n, n)."""
        return (self.vectors / (self.values + lam)) @ self.vectors.T

    def leave_one_out(self, y: Tensor, lam: float) -> Tensor:
        """Leave-one-out residuals with shape (n, q) without forming P."""
        scaled = self.vectors / (self.values + lam)
        return (scaled @ (self.vectors.T @ y)) / (scaled * self.vectors).sum(1)[:, None]
