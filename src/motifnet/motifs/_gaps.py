"""Missing values, which are NaN in a matrix: recognised, reported, or filled. Exact."""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.motifs._base import Motif


class Gaps(Motif):
    """1{x is missing}, each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.isnan(x).to(x.dtype)


class Missing(Motif):
    """x, and NaN where it equals the value of its column that stands for a missing one; values of shape (d,)."""

    values: Tensor

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.keep(values=values)

    def describe(self) -> str:
        return "values that stand for missing ones"

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x == self.values, torch.nan, x)


class Fill(Motif):
    """x, and where it is missing the value of its column; values of shape (d,), which may be infinite."""

    values: Tensor

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.keep(values=values)

    def describe(self) -> str:
        return "missing values filled"

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(torch.isnan(x), self.values, x)
