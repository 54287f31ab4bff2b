"""Ridge regression on features, with a free intercept and a pull to given coefficients: the whole path in λ, and predictions of rows left out.

    min over b, β of   Σ_i w_i ‖y_i − b − h_i β‖² + λ tr (β − β⁰)ᵀ Ω (β − β⁰),      Ω = L Lᵀ

With γ = Lᵀ(β − β⁰), F = √w (H − h̄) L⁻ᵀ, t = √w (y − ȳ − (H − h̄) β⁰) (weighted means) and one eigendecomposition, of FᵀF where m ≤ n and of FFᵀ
where m > n, coordinates are chosen such that FᵀF = diag(Λ). Then γ(λ) = (Λ + λ)⁻¹ Fᵀt, and rows B are predicted without themselves by the smaller
of two systems (s = √w, W = Σ w), whose solutions are the coefficients without B and the residuals of B without B:

    primal   [diag(Λ + λ) 0; 0 W] − [F_B s_B]ᵀ [F_B s_B],   right-hand side [Fᵀt; 0] − [F_B s_B]ᵀ t_B
    dual     I − s_B s_Bᵀ / W − F_B (Λ + λ)⁻¹ F_Bᵀ,         right-hand side t_B − F_B γ(λ)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from motifnet.kernels import landmark_features


@dataclass(frozen=True)
class RidgePath:
    """F with shape (n, r) and Λ with shape (r,); t and y with shape (n, q); s with shape (n,); β⁰ with shape (m, q); h̄ with shape (m,).

    rotation with shape (m, r) takes γ back to β − β⁰.
    """

    features: Tensor
    values: Tensor
    rotation: Tensor
    target: Tensor
    y: Tensor
    root: Tensor
    start: Tensor
    centre: Tensor

    @classmethod
    def of(cls, H: Tensor, y: Tensor, weight: Tensor, penalty: Tensor | None = None, start: Tensor | None = None) -> RidgePath:
        """Features H with shape (n, m), y with shape (n, q), weight with shape (n,); penalty Ω with shape (m, m), the identity when None."""
        start = torch.zeros(H.shape[1], y.shape[1], dtype=H.dtype) if start is None else start
        root, W = weight.sqrt(), weight.sum()
        centre = weight @ H / W
        centred = root[:, None] * (H - centre)
        target = root[:, None] * (y - weight @ y / W) - centred @ start
        L = None if penalty is None else landmark_features(penalty)
        F = centred if L is None else torch.linalg.solve_triangular(L, centred.T, upper=False).T
        values, rotation = _principal(F)
        features = F @ rotation
        back = rotation if L is None else torch.linalg.solve_triangular(L.T, rotation, upper=True)
        return cls(features, values, back, target, y, root, start, centre)

    @property
    def top(self) -> float:
        """The largest eigenvalue; 1 where the features are constant."""
        return float(self.values.max()) if len(self.values) else 1.0

    def coefficients(self, lam: float) -> tuple[Tensor, Tensor]:
        """β with shape (m, q) and b with shape (q,)."""
        beta = self.start + self.rotation @ self._gamma(lam)
        level = self.root**2 @ self.y / (self.root @ self.root)
        return beta, level - self.centre @ beta

    def predict(self, H: Tensor, lams: Sequence[float]) -> Tensor:
        """Predictions with shape (len(lams), k, q) at features H with shape (k, m)."""
        fits = [self.coefficients(lam) for lam in lams]
        return torch.stack([H @ beta + b for beta, b in fits])

    def leave_out(self, rows: Tensor, lams: Sequence[float]) -> Tensor:
        """Predictions with shape (len(lams), k, q) of `rows` by the fits without them."""
        one = self._leave_out_primal if len(self.values) < len(rows) else self._leave_out_dual
        return torch.stack([self.y[rows] - one(rows, lam) / self.root[rows, None] for lam in lams])

    def _gamma(self, lam: float) -> Tensor:
        return (self.features.T @ self.target) / (self.values + lam)[:, None]

    def _leave_out_primal(self, rows: Tensor, lam: float) -> Tensor:
        block = torch.cat([self.features[rows], self.root[rows, None]], 1)
        normal = torch.diag(torch.cat([self.values + lam, (self.root @ self.root)[None]])) - block.T @ block
        right = torch.cat([self.features.T @ self.target, torch.zeros_like(self.target[:1])]) - block.T @ self.target[rows]
        return self.target[rows] - block @ torch.linalg.solve(normal, right)

    def _leave_out_dual(self, rows: Tensor, lam: float) -> Tensor:
        F, s = self.features[rows], self.root[rows]
        residual = self.target[rows] - F @ self._gamma(lam)
        system = torch.eye(len(rows), dtype=F.dtype) - torch.outer(s, s) / (self.root @ self.root) - (F / (self.values + lam)) @ F.T
        return torch.linalg.solve(system, residual)


def _principal(F: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues Λ > 0 of FᵀF and their eigenvectors with shape (m, r), from the smaller of FᵀF and FFᵀ."""
    n, m = F.shape
    values, vectors = torch.linalg.eigh(F.T @ F if m <= n else F @ F.T)
    kept = values > values.max().clamp(min=1e-300) * max(n, m) * torch.finfo(F.dtype).eps
    values, vectors = values[kept], vectors[:, kept]
    return values, vectors if m <= n else (F.T @ vectors) / values.sqrt()
