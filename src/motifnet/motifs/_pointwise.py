"""Motifs that act on each value, or on each row, by itself: their native forms are exact."""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.motifs._base import Motif


class Abs(Motif):
    """|x| = σ(x) + σ(−x)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.abs()


class Max(Motif):
    """The largest value of each row, with shape (batch, 1): max(a, b) = b + σ(a − b)."""

    def outputs(self, inputs: int) -> int:
        return 1

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(dim=1, keepdim=True)


class Min(Motif):
    """The smallest value of each row, with shape (batch, 1): min(a, b) = a − σ(a − b)."""

    def outputs(self, inputs: int) -> int:
        return 1

    def forward(self, x: Tensor) -> Tensor:
        return x.amin(dim=1, keepdim=True)


class Sort(Motif):
    """Each row in increasing order: a network of comparators (max, min)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sort(x, dim=1).values


class Clip(Motif):
    """min(max(x, low), high), with low and high of shape (d,) or scalars."""

    low: Tensor
    high: Tensor

    def __init__(self, low: Tensor, high: Tensor) -> None:
        super().__init__()
        self.keep(low=low, high=high)

    def forward(self, x: Tensor) -> Tensor:
        return torch.minimum(torch.maximum(x, self.low), self.high)


class Exp(Motif):
    """e^x, each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(x)


class Softmax(Motif):
    """e^{x_k} / Σ_l e^{x_l} over the columns: probabilities of classes."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(x, dim=1)


class Sigmoid(Motif):
    """1 / (1 + e^{−x}), each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x)
