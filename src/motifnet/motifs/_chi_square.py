"""The chi-squared difference of rows without negative values, the exponent of the kernel of histograms (Zhang et al. 2007)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from motifnet.motifs._base import Motif


class ChiSquare(Motif):
    """Σ_d (x_d − c_d)² / (x_d + c_d) for centres c of shape (m, d); a column where both are 0 adds nothing. Exact to rounding."""

    trainable: ClassVar[frozenset[str]] = frozenset({"centres"})

    centres: Tensor

    def __init__(self, centres: Tensor) -> None:
        super().__init__()
        self.keep(centres=centres)

    def outputs(self, inputs: int) -> int:
        return len(self.centres)

    def forward(self, x: Tensor) -> Tensor:
        total = x.new_zeros(len(x), len(self.centres))
        for column, centre in zip(x.T, self.centres.T, strict=True):  # a column at a time: memory stays O(batch × centres)
            size = column[:, None] + centre
            difference = column[:, None] - centre
            total = total + torch.where(size == 0, 0.0, difference * difference / torch.where(size == 0, 1.0, size))
        return total
