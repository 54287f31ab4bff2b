"""The Gauss–Newton matrix, and training to the minimum by steps of Levenberg and Marquardt with it.

    G = (1/n) Σ_i J_iᵀ A_i J_i

is the Hessian of the risk of the network linearised in its parameters. J_i is the Jacobian of the
outputs of row i and A_i the Hessian of the loss there. For a likelihood G is the Fisher information
at these inputs. Its diagonal takes one backward pass an output. `factor` gives F with G = FᵀF where
the loss is convex in the outputs.

`minimise` replaces many thousands of steps of gradient descent where n or p is small:

    θ ← θ − (G + μI)⁻¹ ∇R

μ falls threefold after a step that lowers R and rises fourfold after one that does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.landscape._risk import CHUNK, Risk

MIN_GAIN = 1e-6  # relative fall of the risk in a step, else the training ends


def gauss_newton_diagonal(risk: Risk) -> Tensor:
    """diag G with shape (p,)."""
    total = torch.zeros_like(risk.theta)
    for J, A in _blocks(risk):
        total += (torch.einsum("iab,ibp->iap", A, J) * J).sum((0, 1))
    return total / risk.n


def factor(risk: Risk) -> Tensor:
    """F with shape (n · outputs, p) and G = FᵀF."""
    return (
        torch.cat(
            [torch.einsum("iab,ibp->iap", _root(A), J).flatten(0, 1) for J, A in _blocks(risk)]
        )
        / risk.n**0.5
    )


def _root(A: Tensor) -> Tensor:
    """A^½ of each row."""
    values, vectors = torch.linalg.eigh(A)
    if values.min() < -1e-9 * (1 + values.abs().max()):
        raise UsageError(
            "The loss is not convex in the outputs, so that the Gauss–Newton matrix "
            "has no root. Use the squared loss or cross entropy."
        )
    return vectors * values.clamp(min=0).sqrt()[:, None] @ vectors.mT


def _blocks(risk: Risk) -> Iterator[tuple[Tensor, Tensor]]:
    """J and A of blocks of rows that fit into memory."""
    curvature = risk.output_curvature()
    size = max(1, CHUNK // (risk.p * curvature.shape[1]))
    for rows, A in zip(risk.X.split(size), curvature.split(size), strict=True):
        yield risk.jacobian(rows), A


def minimise(risk: Risk, iterations: int = 100, share: float = 0.0) -> Risk:
    """The risk at the parameters after at most `iterations` steps. Training ends earlier where the
    risk no longer falls, or falls to `share` of its start.

    A softmax that separates its rows has no minimum, and needs a share.
    """
    level, damping = float(risk.value(risk.theta)), 0.0
    goal = share * level
    F, gradient = factor(risk), risk.gradient(risk.theta)
    for _ in range(iterations):
        damping = damping or float(F.square().sum()) / risk.p
        moved = replace(risk, theta=risk.theta - _solve(F, damping, gradient))
        reached = float(moved.value(moved.theta))
        if not reached < level:
            damping *= 4
            if damping > 1e12:
                break
            continue
        done = level - reached < MIN_GAIN * level or reached < goal
        risk, level, damping = moved, reached, damping / 3
        if done:
            break
        F, gradient = factor(risk), risk.gradient(risk.theta)
    return risk


def _solve(F: Tensor, damping: float, gradient: Tensor) -> Tensor:
    """(FᵀF + μI)⁻¹ v, by the smaller of the two Gram matrices."""
    if F.shape[1] <= F.shape[0]:
        return torch.linalg.solve(
            F.T @ F + damping * torch.eye(F.shape[1], dtype=F.dtype), gradient
        )
    inner = torch.linalg.solve(
        F @ F.T + damping * torch.eye(F.shape[0], dtype=F.dtype), F @ gradient
    )
    return (gradient - F.T @ inner) / damping
