"""A deep ensemble (Lakshminarayanan, Pritzel and Blundell 2017): perceptrons that give a mean and a
variance, each with a start, an order of rows and a held-out fifth of its own. The law is the
mixture of their normal laws.

All members train at once, as one network whose weights have one more axis. Each keeps the weights
of the epoch with its least held-out NLL.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from benchmarks._peer_laws import Matrix

MEMBERS, WIDTH = 5, 64
BATCH, EPOCHS, PATIENCE = 32, 200, 30
RATE, DECAY = 5e-3, 1e-4
HELD_OUT = 0.2
MIN_VARIANCE = 1e-6
Weights = list[Tensor]


def train(X: Matrix, y: Matrix, seed: int) -> Weights:
    """Layers of all members, for standardised columns and target with shape (n, d) and (n,)."""
    generator = torch.Generator().manual_seed(seed)
    inputs, target = (torch.as_tensor(part, dtype=torch.float32) for part in (X, y))
    orders = torch.stack([torch.randperm(len(y), generator=generator) for _ in range(MEMBERS)])
    held, used = orders.split([round(HELD_OUT * len(y)), len(y) - round(HELD_OUT * len(y))], dim=1)
    weights = _start(X.shape[1], generator)
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=DECAY, fused=True)
    best, kept, since = torch.full((MEMBERS,), torch.inf), [w.detach().clone() for w in weights], 0
    for _ in range(EPOCHS):
        for batch in _batches(used, generator):
            optimizer.zero_grad()
            _nll(weights, inputs[batch], target[batch]).sum().backward()
            optimizer.step()
        with torch.no_grad():
            loss = _nll(weights, inputs[held], target[held])
        better = loss < best
        best = torch.where(better, loss, best)
        for old, new in zip(kept, weights, strict=True):
            old[better] = new.detach()[better]
        since = 0 if better.any() else since + 1
        if since == PATIENCE:
            break
    return kept


@torch.no_grad()
def predict(weights: Weights, X: Matrix) -> tuple[Matrix, Matrix]:
    """Means and standard deviations with shape (n, members)."""
    inputs = torch.as_tensor(X, dtype=torch.float32).expand(MEMBERS, -1, -1)
    mean, variance = _forward(weights, inputs)
    return mean.T.double().numpy(), np.sqrt(variance.T.double().numpy())


def _start(columns: int, generator: torch.Generator) -> Weights:
    """He's initial weights, biases of zero."""
    widths = (columns, WIDTH, WIDTH, 2)
    layers: Weights = []
    for rows, width in pairwise(widths):
        random = torch.randn(MEMBERS, rows, width, generator=generator)
        layers += [random * (2 / rows) ** 0.5, torch.zeros(MEMBERS, 1, width)]
    return [layer.requires_grad_() for layer in layers]


def _batches(used: Tensor, generator: torch.Generator) -> Iterable[Tensor]:
    order = torch.rand(used.shape, generator=generator).argsort(1)
    return used.gather(1, order).split(BATCH, dim=1)


def _forward(weights: Weights, inputs: Tensor) -> tuple[Tensor, Tensor]:
    hidden = inputs
    for matrix, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        hidden = torch.baddbmm(bias, hidden, matrix).relu()
    out = torch.baddbmm(weights[-1], hidden, weights[-2])
    return out[..., 0], softplus(out[..., 1]) + MIN_VARIANCE


def _nll(weights: Weights, inputs: Tensor, target: Tensor) -> Tensor:
    """Of each member, without the constant."""
    mean, variance = _forward(weights, inputs)
    return ((target - mean) ** 2 / variance + variance.log()).mean(1) / 2
