"""Squares, products and monomials. Native forms are exact; in relu form the square is the sum of teeth of motifs/_relu_square.py."""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.motifs._base import Motif


class Square(Motif):
    """x², each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x


class Product(Motif):
    """x_1 y_1 … x_k y_k for columns (x_1 … x_k, y_1 … y_k)."""

    def outputs(self, inputs: int) -> int:
        return inputs // 2

    def forward(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, dim=1)
        return left * right


class Monomial(Motif):
    """Π_j x_j^{p_j} for each list of powers p, with shape (batch, number of lists)."""

    powers: list[list[int]]

    def __init__(self, powers: list[list[int]]) -> None:
        super().__init__()
        if any(p < 0 for row in powers for p in row):
            raise UsageError(f"Monomial has powers {powers}; powers are whole numbers of 0 or more.")
        self.keep(powers=[list(row) for row in powers])

    def outputs(self, inputs: int) -> int:
        return len(self.powers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self._term(x, row) for row in self.powers], dim=1)

    def _term(self, x: Tensor, row: list[int]) -> Tensor:
        value = torch.ones_like(x[:, :1])
        for j, power in enumerate(row):
            for _ in range(power):
                value = value * x[:, j : j + 1]
        return value
