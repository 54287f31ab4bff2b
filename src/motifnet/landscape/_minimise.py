"""Training to the minimum by Levenberg–Marquardt steps: what gradient descent needs many thousands of steps for, where n or p is small.

θ ← θ − (G + μI)⁻¹ ∇R,   G = FᵀF the Gauss–Newton matrix;   μ falls threefold after a step that lowers R and rises fourfold after one that does not
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from motifnet.landscape._gauss_newton import factor
from motifnet.landscape._risk import Risk

ENOUGH = 1e-6  # relative gain of a step that ends the training


def minimise(risk: Risk, iterations: int = 100, share: float = 0.0) -> Risk:
    """The risk at parameters after so many steps, fewer where it no longer falls or has fallen to this share of the start.

    A softmax that separates its rows has no minimum, and needs a share.
    """
    level, damping = float(risk.value(risk.theta)), 0.0
    goal = share * level
    F, slope = factor(risk), risk.gradient(risk.theta)
    for _ in range(iterations):
        damping = damping or float(F.square().sum()) / risk.p
        moved = replace(risk, theta=risk.theta - _solve(F, damping, slope))
        reached = float(moved.value(moved.theta))
        if not reached < level:
            damping *= 4
            if damping > 1e12:
                break
            continue
        done = level - reached < ENOUGH * level or reached < goal
        risk, level, damping = moved, reached, damping / 3
        if done:
            break
        F, slope = factor(risk), risk.gradient(risk.theta)
    return risk


def _solve(F: Tensor, damping: float, slope: Tensor) -> Tensor:
    """(FᵀF + μI)⁻¹ v, by the smaller of the two Gram matrices."""
    if F.shape[1] <= F.shape[0]:
        return torch.linalg.solve(F.T @ F + damping * torch.eye(F.shape[1], dtype=F.dtype), slope)
    inner = torch.linalg.solve(F @ F.T + damping * torch.eye(F.shape[0], dtype=F.dtype), F @ slope)
    return (slope - F.T @ inner) / damping
