"""Affine maps, dense and sparse, and the rectifier σ(x) = max(x, 0): all that a network in relu form consists of."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from motifnet.motifs._base import Motif


class Affine(Motif):
    """W x + b, with W of shape (out, in) and b of shape (out,). Exact."""

    trainable: ClassVar[frozenset[str]] = frozenset({"weight", "bias"})

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.keep(weight=weight, bias=bias)

    def outputs(self, inputs: int) -> int:
        return len(self.bias)

    def describe(self) -> str:
        return "W x + b"

    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.linear(x, self.weight, self.bias)


class SparseAffine(Motif):
    """y_o = b_o + Σ_i w_oi x[index_oi]: an affine map with k non-zeros a row. index and weight of shape (out, k), bias of shape (out,). Exact."""

    trainable: ClassVar[frozenset[str]] = frozenset({"weight", "bias"})

    index: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, index: Tensor, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.keep(index=index, weight=weight, bias=bias)

    def outputs(self, inputs: int) -> int:
        return len(self.bias)

    def describe(self) -> str:
        return "W x + b, few non-zeros a row"

    def forward(self, x: Tensor) -> Tensor:
        y = self.bias.expand(x.shape[0], -1)
        for index, weight in zip(self.index.T, self.weight.T, strict=True):
            y = y + x.index_select(1, index) * weight
        return y


class ReLU(Motif):
    """σ(x) = max(x, 0), each value by itself. Exact."""

    def describe(self) -> str:
        return "max(x, 0)"

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x)
