"""A network linearised in its parameters at their present values, and its fits with a ridge.

    f(x) ≈ f_θ₀(x) + J(x) β

Under squared loss β has a closed form. With r = y − f_θ₀(X) and N = rows · outputs,

    β = argmin (1/N) ‖r − Jβ‖² + τ ‖β‖²;   τ = 0: the shortest β of least residual

With k_j the eigenvalues of JJᵀ/N and m_s = (1/N) Σ_j (k_j + τ)^(−s), the training rows alone give

    κ ≈ 1/m_1,   variance / σ² ≈ df₂/(1 − df₂) = m_2/m_1² − 1,
    GCV = (1/N) ‖τ (K + τ)⁻¹ r‖² / (τ m_1)²

GCV estimates the error on new rows, noise included. It is optimistic where p is close to N and τ is
small.

Under cross entropy the fit is a softmax regression on the features of the network,

    β = argmin mean cross entropy + (τ/2) ‖β‖²

β lies in the span of the rows' Jacobians, so the problem has N dimensions and is convex. Without a
ridge there is no minimum where the classes are separable; the least ridge replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from motifnet.landscape._risk import Risk

RANK, SOFTMAX_RANK = 1e-9, 1e-7
MIN_RIDGE = 1e-6  # in units of the scale
ITERATIONS = 500


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
        """The mean squared norm of the gradient of an output, tr JJᵀ/N. As the unit of a ridge it
        removes the scale of the outputs.
        """
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
        kept = float((inside / (s.square() + ridge)).square().sum()) + (
            outside / ridge**2 if ridge else 0.0
        )
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


@dataclass(frozen=True)
class LinearisedSoftmax:
    """The fits to the rows of a risk with cross entropy."""

    risk: Risk

    @cached_property
    def _parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Offsets F with shape (n, K), features Z with shape (n, K, r), and V with J = Z Vᵀ."""
        J = self.risk.jacobian(self.risk.X)
        U, s, Vt = torch.linalg.svd(J.flatten(0, 1), full_matrices=False)
        keep = s > SOFTMAX_RANK * s[0]
        Z = (U[:, keep] * s[keep]).view(*J.shape[:2], -1)
        return self.risk.outputs(self.risk.theta, self.risk.X), Z, Vt[keep].T

    @cached_property
    def scale(self) -> float:
        """The mean squared norm of the gradient of an output."""
        Z = self._parts[1]
        return float(Z.square().sum()) / (Z.shape[0] * Z.shape[1])

    def predict(self, X: Tensor, ridge: float) -> Tensor:
        """Scores of the classes at rows X."""
        F, Z, V = self._parts
        tau = max(ridge, MIN_RIDGE * self.scale)

        def objective(c: np.ndarray) -> tuple[float, np.ndarray]:
            coefficients = torch.from_numpy(c)
            scores = F + Z @ coefficients
            excess = torch.softmax(scores, 1)
            excess[torch.arange(len(F)), self.risk.y] -= 1
            value = (
                torch.nn.functional.cross_entropy(scores, self.risk.y)
                + tau / 2 * coefficients.square().sum()
            )
            gradient = torch.einsum("nk,nkr->r", excess, Z) / len(F) + tau * coefficients
            return float(value), gradient.numpy()

        found = minimize(
            objective,
            np.zeros(Z.shape[2]),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": ITERATIONS},
        )
        return self.risk.outputs(self.risk.theta, X) + self.risk.jacobian(X) @ (
            V @ torch.from_numpy(found.x)
        )
