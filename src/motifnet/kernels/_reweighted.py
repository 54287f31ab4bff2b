"""Kernel machines under a convex loss: Newton's method, each step a kernel ridge regression.

    J(α, b) = Σ_i w_i ℓ_i(f(x_i)) + λ/2 αᵀKα,    f = b + Kα

At f the loss is replaced by the parabola of slope g and curvature h, hence J by the ridge regression of the working targets f − g/h with weights w h.
A step is halved until J falls; at the end α = −w g(f) / λ and Σ w g(f) = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from motifnet.kernels._leave_out import solve_ridge

_STEPS, _HALVINGS = 50, 20
_LEAST = 1e-10  # curvature, as a share of the mean one


@dataclass(frozen=True)
class Parabola:
    """A loss of n rows at one f: values, slopes and positive curvatures, each with shape (n,)."""

    value: Tensor
    slope: Tensor
    bend: Tensor

    def working(self, f: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Working targets and weights."""
        h = torch.clamp(self.bend, min=_LEAST * float(self.bend.mean()) + 1e-300)
        return f - self.slope / h, w * h


def fit_reweighted(
    K: Tensor, w: Tensor, loss: Callable[[Tensor], Parabola], ridge: float, dual: Tensor, intercept: Tensor, tolerance: float = 1e-3
) -> tuple[Tensor, Tensor]:
    """Dual with shape (n,) and intercept, from a start; ends where a step lowers J by less than `tolerance` of it."""

    def objective(dual: Tensor, intercept: Tensor) -> tuple[float, Tensor, Parabola]:
        f = intercept + K @ dual
        at = loss(f)
        return float(w @ at.value + ridge / 2 * dual @ (f - intercept)), f, at

    J, f, at = objective(dual, intercept)
    for _ in range(_STEPS):
        targets, weights = at.working(f, w)
        new_dual, new_intercept = solve_ridge(K, targets[:, None], ridge / weights)
        towards, before = (new_dual[:, 0] - dual, new_intercept[0] - intercept), J
        for halving in range(_HALVINGS):
            trial = dual + towards[0] / 2**halving, intercept + towards[1] / 2**halving
            J, f, at = objective(*trial)
            if before >= J:
                break
        else:
            return dual, intercept
        dual, intercept = trial
        if before - J <= tolerance * before:
            break
    return dual, intercept
