"""A network made linear in its parameters at their present values, and its ridge fits in closed form.

    f(x) ≈ f_θ₀(x) + J(x) β,   β = argmin (1/N) ‖r − Jβ‖² + τ ‖β‖²,   r = y − f_θ₀(X),   N = rows · outputs;   τ = 0: the shortest β of least residual

With k_j the eigenvalues of JJᵀ/N and m_s = (1/N) Σ_j (k_j + τ)^(−s), the training rows alone tell

    κ ≈ 1/m_1,   variance / σ² ≈ df₂/(1 − df₂) = m_2/m_1² − 1,   GCV = (1/N) ‖τ (K + τ)⁻¹ r‖² / (τ m_1)²

GCV estimates the error on new rows, noise included; it is optimistic where p is close to N and τ is small.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from motifnet.landscape._risk import Risk

RANK = 1e-9


@dataclass(frozen=True)
class Linearised:
    """The fits to the rows of a risk with squared loss."""

    risk: Risk

    @cached_property
    def _parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """U, s, V of J/√N with shapes (N, r), (r,), (p, r), and r."""
        J = self.risk.jacobian(self.risk.X).flatten(0, 1)
        U, s, Vt = torch.linalg.svd(J / len(J) ** 0.5, full_matrices=False)
        keep = s > RANK * s[0]
        return U[:, keep], s[keep], Vt[keep].T, self.residual

    @cached_property
    def scale(self) -> float:
        """The mean squared norm of the gradient of an output, tr JJᵀ/N: the unit of a ridge that does not depend on the scale of outputs."""
        return float(self._parts[1].square().sum())

    @cached_property
    def residual(self) -> Tensor:
        """r with shape (N,)."""
        F = self.risk.outputs(self.risk.theta, self.risk.X)
        return (self.risk.y.reshape(F.shape) - F).reshape(-1)

    def predict(self, X: Tensor, ridge: float) -> Tensor:
        """The fit at rows X, in the shape of the network's outputs."""
        U, s, V, r = self._parts
        beta = V @ ((U.T @ r) * s / (s.square() + ridge)) / len(r) ** 0.5
        F = self.risk.outputs(self.risk.theta, X)
        return F + (self.risk.jacobian(X) @ beta).reshape(F.shape)

    def gcv(self, ridge: float) -> float:
        """Generalised cross-validation: mean squared error of one output on new rows."""
        U, s, _, r = self._parts
        inside = U.T @ r
        outside = max(float(r.square().sum() - inside.square().sum()), 0.0)
        if ridge == 0 and len(s) < len(r):
            return outside / len(r) / (1 - len(s) / len(r)) ** 2
        kept = float((inside / (s.square() + ridge)).square().sum()) + (outside / ridge**2 if ridge else 0.0)
        return kept / len(r) / self._moment(ridge, 1) ** 2

    def variance_factor(self, ridge: float) -> float:
        """df₂/(1 − df₂): the variance of the fit in units of the noise variance."""
        _, s, _, r = self._parts
        if ridge == 0 and len(s) < len(r):
            return len(s) / (len(r) - len(s))
        return self._moment(ridge, 2) / self._moment(ridge, 1) ** 2 - 1

    def _moment(self, ridge: float, power: int) -> float:
        _, s, _, r = self._parts
        zeros = (len(r) - len(s)) / ridge**power if ridge else 0.0
        return (float((s.square() + ridge).pow(-power).sum()) + zeros) / len(r)
