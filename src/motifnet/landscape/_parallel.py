"""Two families of networks that divide into many small parts, in which the number of parts is the size: parallel networks and residual networks.

    parallel   f(x) = M^(−½) Σ_{m≤M} g(x; θ_m),   g a deep network of fixed size with tanh units
    residual   h ← h + M^(−½) V tanh(U h + b) in each block of M units; the last gives the outputs, M^(−½) V tanh(U h + b) + W h

Such models divide: each part acts on the output by itself. `divisibility` is the share of the Fisher matrix, in squared Frobenius norm, that lies
outside of the blocks of the parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class ParallelNetwork(nn.Module):
    """M copies of a tanh network of these widths (inputs first, outputs last), summed and divided by √M."""

    def __init__(self, widths: Sequence[int], copies: int) -> None:
        super().__init__()
        self.copies = copies
        self.weights = nn.ParameterList(torch.randn(copies, a, b) / a**0.5 for a, b in pairwise(widths))
        self.biases = nn.ParameterList(torch.randn(copies, 1, b) / 2 for b in widths[1:-1])

    def forward(self, x: Tensor) -> Tensor:
        h = x @ self.weights[0]  # (copies, rows, units)
        for bias, weight in zip(self.biases, list(self.weights)[1:], strict=True):
            h = torch.tanh(h + bias) @ weight
        return h.sum(0) / self.copies**0.5

    def owners(self) -> Tensor:
        """The copy to which each parameter belongs."""
        return torch.cat([torch.arange(self.copies).repeat_interleave(p[0].numel()) for p in self.parameters()])


class ResidualNetwork(nn.Module):
    """Blocks of M tanh units around which the inputs pass; at the end M tanh units and a direct linear part give the outputs."""

    def __init__(self, inputs: int, outputs: int, units: int, blocks: int = 1) -> None:
        super().__init__()
        self.inward = nn.ParameterList(torch.randn(units, inputs) / inputs**0.5 for _ in range(blocks + 1))
        self.biases = nn.ParameterList(torch.randn(units) / 2 for _ in range(blocks + 1))
        self.outward = nn.ParameterList(torch.randn(inputs if k < blocks else outputs, units) for k in range(blocks + 1))
        self.direct = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        h = x
        steps = list(zip(self.inward, self.biases, self.outward, strict=True))
        for block in steps[:-1]:
            h = h + self._step(h, *block)
        return self.direct(h) + self._step(h, *steps[-1])

    @staticmethod
    def _step(h: Tensor, inward: Tensor, bias: Tensor, outward: Tensor) -> Tensor:
        return torch.tanh(h @ inward.T + bias) @ outward.T / len(bias) ** 0.5


def divisibility(F: Tensor, owners: Tensor) -> float:
    """Share of ‖FᵀF‖² outside of the diagonal blocks, for F with shape (rows, p) and the block of each parameter; 0: the parts do not interact."""
    inside = sum(float((F[:, owners == k] @ F[:, owners == k].T).square().sum()) for k in owners.unique())
    return 1 - inside / float((F @ F.T).square().sum())
