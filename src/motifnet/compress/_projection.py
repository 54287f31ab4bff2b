"""Variable projection on a split: the output layer in closed form on some rows, the loss and its gradient on others.

    β = argmin  (1/a) ‖y_a − F_a β‖² + λ βᵀ Ω β,      L = log( (1/b) ‖y_b − F_b β‖² )

Features F are kernel values at m centres and a 1 for the intercept, Ω the Gram matrix of the centres (0 for the intercept): λ βᵀ Ω β is the norm of
the function in the kernel's own space. With A = F_aᵀF_a / a + λ Ω, residuals r_a, r_b, and A v = ∂L/∂β

    ∂L/∂F_a = (r_a vᵀ − F_a v βᵀ) / a,     ∂L/∂F_b = −(2/s) r_b βᵀ,     ∂L/∂Ω = −λ v βᵀ,     ∂L/∂log λ = −λ tr vᵀ Ω β,       s = ‖r_b‖²

so nothing is differentiated through the factorisation. No row is on both sides: on a loss whose features saw the row, free centres memorise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_JITTER = 1e-9  # of the mean diagonal


@dataclass(frozen=True)
class SplitLoss:
    """L and its gradients through the kernel values with shape (a, m) and (b, m), the Gram matrix with shape (m, m), and log λ."""

    value: float
    fitted: Tensor
    scored: Tensor
    gram: Tensor
    log_ridge: Tensor


def split_loss(K_a: Tensor, y_a: Tensor, K_b: Tensor, y_b: Tensor, gram: Tensor, ridge: Tensor) -> SplitLoss:
    """The loss for kernel values K_a, K_b, targets with shape (a, q) and (b, q), the Gram matrix of the centres and λ, all in float64."""
    F_a, F_b = with_one(K_a), with_one(K_b)
    L = _factor(F_a, gram, ridge)
    beta = torch.cholesky_solve(F_a.T @ y_a / len(F_a), L)
    r_a, r_b = y_a - F_a @ beta, y_b - F_b @ beta
    squares = (r_b * r_b).sum().clamp(min=1e-300)
    v = torch.cholesky_solve(F_b.T @ r_b * (-2 / squares), L)
    inner, v_inner = beta[:-1], v[:-1]
    return SplitLoss(
        float(torch.log(squares / len(F_b))),
        (r_a @ v_inner.T - F_a @ v @ inner.T) / len(F_a),
        r_b @ inner.T * (-2 / squares),
        v_inner @ inner.T * -ridge,
        -ridge * (v_inner * (gram @ inner)).sum(),
    )


def output_layer(K: Tensor, y: Tensor, gram: Tensor, ridge: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients with shape (m, q) and intercept with shape (q,) on all rows."""
    F = with_one(K)
    beta = torch.cholesky_solve(F.T @ y / len(F), _factor(F, gram, ridge))
    return beta[:-1], beta[-1]


def with_one(K: Tensor) -> Tensor:
    """Kernel values and a 1."""
    return torch.cat([K, torch.ones(len(K), 1, dtype=K.dtype)], 1)


def _factor(F: Tensor, gram: Tensor, ridge: Tensor) -> Tensor:
    A = F.T @ F / len(F)
    A[:-1, :-1] += ridge * gram
    A.diagonal().add_(_JITTER * A.diagonal().mean())
    return torch.linalg.cholesky(A)
