"""The log loss of scores after Platt scaling: the least of  Σ w ℓ(a f + b) / Σ w  over one factor a ≥ 0 and an offset b of each class.

Newton's method from a = 1, b = 0, with a small ridge that makes b unique; steps of a factor of two and of two logits at most.
"""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.kernels._leave_out_softmax import logits_of
from motifnet.kernels._softmax import log_losses

_STEPS, _CLOSE, _RIDGE = 30, 1e-4, 1e-6


def calibrated_log_loss(scores: Tensor, labels: Tensor, weight: Tensor) -> float:
    """For scores with shape (n, q), class codes and weights with shape (n,)."""
    f, w = logits_of(scores), weight / weight.sum()
    f = f / f.std().clamp_min(1e-300)
    a, b = torch.ones(1, dtype=f.dtype), torch.zeros(f.shape[1], dtype=f.dtype)
    for _ in range(_STEPS):
        p = torch.softmax(a * f + b, 1)
        mean, shares = (p * f).sum(1, keepdim=True), w[:, None] * p
        slopes = shares.clone()
        slopes[torch.arange(len(labels)), labels] -= w
        g = torch.cat([(slopes * f).sum()[None], slopes.sum(0)]) + _RIDGE * torch.cat([a, b])
        cross = (shares * (f - mean)).sum(0, keepdim=True)
        corner = (shares * f * (f - mean)).sum().reshape(1, 1)
        H = torch.cat([torch.cat([corner, cross], 1), torch.cat([cross.T, torch.diag(shares.sum(0)) - shares.T @ p], 1)])
        H.diagonal().add_(_RIDGE)
        step = torch.linalg.solve(H, g)
        a, b = (a - step[:1]).clamp(a / 2, 2 * a), b - step[1:].clamp(-2, 2)
        if float(step.abs().max()) < _CLOSE:
            break
    return float(w @ log_losses(a * f + b, labels))
