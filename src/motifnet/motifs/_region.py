"""Indicators of regions and functions gated by them: the modules for jumps.

The relu forms replace the step 1{t > 0} by the ramp σ(t/δ + ½) − σ(t/δ − ½), equal to it off a band of width δ.
"""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.motifs._base import Motif


class Step(Motif):
    """1{x > 0}, or for width δ > 0 the ramp from 0 at −δ/2 to 1 at δ/2. Exact off the band |x| < δ/2."""

    width: Tensor

    def __init__(self, width: Tensor) -> None:
        super().__init__()
        if not float(width) >= 0:
            raise UsageError(f"Step has width={float(width)}; the width of its band is 0 or more.")
        self._sharp = float(width) == 0
        self.keep(width=width)

    def forward(self, x: Tensor) -> Tensor:
        if self._sharp:
            return (x > 0).to(x.dtype)
        return torch.clamp(x / self.width + 0.5, 0, 1)


class Box(Motif):
    """1{low < x ≤ high in every column}, with shape (batch, 1); low and high of shape (d,), infinite where a side is open."""

    low: Tensor
    high: Tensor

    def __init__(self, low: Tensor, high: Tensor) -> None:
        super().__init__()
        self.keep(low=low, high=high)

    def outputs(self, inputs: int) -> int:
        return 1

    def forward(self, x: Tensor) -> Tensor:
        inside = (x > self.low) & (x <= self.high)
        return inside.all(dim=1, keepdim=True).to(x.dtype)


class Gate(Motif):
    """f · 1 for columns (f_1 … f_k, 1): σ(f + C·1 − C) − σ(−f + C·1 − C). Exact where the last column is 0 or 1 and |f| ≤ C."""

    bound: Tensor

    def __init__(self, bound: Tensor) -> None:
        super().__init__()
        self.keep(bound=bound)

    def outputs(self, inputs: int) -> int:
        return max(0, inputs - 1)

    def forward(self, x: Tensor) -> Tensor:
        f, shut = x[:, :-1], self.bound * (x[:, -1:] - 1)
        return torch.relu(f + shut) - torch.relu(shut - f)
