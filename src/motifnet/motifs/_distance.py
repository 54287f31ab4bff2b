"""Distances to centres: one unit a centre, Σ_d |x_d − c_d| or the Euclidean norm.

Taken in the difference form, whose error is relative to the distance itself; the product form ‖x‖² − 2xᵀc + ‖c‖² loses small distances. torch
accumulates the columns, so memory is O(batch × centres). Where x = c the subgradient is 0.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from motifnet.engine import UsageError
from motifnet.kernels import distances
from motifnet.motifs._base import Motif


class Distance(Motif):
    """‖x − c_j‖_p for centres of shape (m, d) and p = 1 or 2. Exact to rounding."""

    trainable: ClassVar[frozenset[str]] = frozenset({"centres"})

    centres: Tensor
    p: int

    def __init__(self, centres: Tensor, p: int) -> None:
        super().__init__()
        if p not in (1, 2):
            raise UsageError(f"Distance has p={p!r}; p is 1 (sum of absolute differences) or 2 (Euclidean).")
        self.keep(centres=centres, p=p)

    def outputs(self, inputs: int) -> int:
        return len(self.centres)

    def describe(self) -> str:
        return f"‖x − c‖ to each centre c, p = {self.p}"

    def forward(self, x: Tensor) -> Tensor:
        return distances(x, self.centres, self.p)
