"""Softmax regression on the features of a network that is linear at its present parameters.

    f(x) ≈ f_θ₀(x) + J(x) β,   β = argmin mean cross entropy + (τ/2) ‖β‖²

β lies in the span of the rows' Jacobians, so the search has N = rows · outputs dimensions and is convex. Without a ridge there is no minimum once the
classes are separable; the least ridge stands for none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from motifnet.landscape._risk import Risk

LEAST_RIDGE = 1e-6  # in units of the scale
RANK = 1e-7
ITERATIONS = 500


@dataclass(frozen=True)
class LinearisedSoftmax:
    """The fits to the rows of a risk with cross entropy."""

    risk: Risk

    @cached_property
    def _parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Offsets F with shape (n, K), features Z with shape (n, K, r), and V with J = Z Vᵀ."""
        J = self.risk.jacobian(self.risk.X)
        U, s, Vt = torch.linalg.svd(J.flatten(0, 1), full_matrices=False)
        keep = s > RANK * s[0]
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
        tau = max(ridge, LEAST_RIDGE * self.scale)

        def objective(c: np.ndarray) -> tuple[float, np.ndarray]:
            coefficients = torch.from_numpy(c)
            scores = F + Z @ coefficients
            excess = torch.softmax(scores, 1)
            excess[torch.arange(len(F)), self.risk.y] -= 1
            value = torch.nn.functional.cross_entropy(scores, self.risk.y) + tau / 2 * coefficients.square().sum()
            slope = torch.einsum("nk,nkr->r", excess, Z) / len(F) + tau * coefficients
            return float(value), slope.numpy()

        found = minimize(objective, np.zeros(Z.shape[2]), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
        return self.risk.outputs(self.risk.theta, X) + self.risk.jacobian(X) @ (V @ torch.from_numpy(found.x))
