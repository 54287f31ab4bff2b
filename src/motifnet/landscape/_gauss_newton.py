"""The Gauss–Newton matrix G = (1/n) Σ_i J_iᵀ A_i J_i: the Hessian of the risk if the network were linear in its parameters.

J_i is the Jacobian of the outputs of row i and A_i the curvature of the loss there. For a likelihood G is the Fisher information at these inputs. Its
diagonal takes one backward pass an output. `factor` gives F with G = FᵀF where the loss is convex in the outputs.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.landscape._risk import CHUNK, Risk


def gauss_newton_diagonal(risk: Risk) -> Tensor:
    """diag G with shape (p,)."""
    total = torch.zeros_like(risk.theta)
    for J, A in _blocks(risk):
        total += (torch.einsum("iab,ibp->iap", A, J) * J).sum((0, 1))
    return total / risk.n


def factor(risk: Risk) -> Tensor:
    """F with shape (n · outputs, p) and G = FᵀF."""
    return torch.cat([torch.einsum("iab,ibp->iap", _root(A), J).flatten(0, 1) for J, A in _blocks(risk)]) / risk.n**0.5


def _root(A: Tensor) -> Tensor:
    """A^½ of each row."""
    values, vectors = torch.linalg.eigh(A)
    if values.min() < -1e-9 * (1 + values.abs().max()):
        raise UsageError("The loss is not convex in the outputs, so that the Gauss–Newton matrix has no root. Use the squared loss or cross entropy.")
    return vectors * values.clamp(min=0).sqrt()[:, None] @ vectors.mT


def _blocks(risk: Risk) -> Iterator[tuple[Tensor, Tensor]]:
    """J and A of so many rows at a time that they fit into memory."""
    curvature = risk.output_curvature()
    size = max(1, CHUNK // (risk.p * curvature.shape[1]))
    for rows, A in zip(risk.X.split(size), curvature.split(size), strict=True):
        yield risk.jacobian(rows), A
