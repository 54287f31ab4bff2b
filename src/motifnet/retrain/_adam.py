"""Adam on one vector. torch's own loads a compiler on first use, which takes longer than many a fit."""

from __future__ import annotations

import torch
from torch import Tensor


class Adam:
    """Adam on one vector with a rate for each element."""

    def __init__(self, vector: Tensor, rates: Tensor) -> None:
        self.vector, self.rates, self.count = vector, rates, 0
        self.first, self.second = torch.zeros_like(vector), torch.zeros_like(vector)

    @torch.no_grad()
    def step(self, gradient: Tensor, fraction: float) -> None:
        """One step at `fraction` of the rates."""
        self.count += 1
        self.first.lerp_(gradient, 0.1)
        self.second.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        unbiased = self.first / (1 - 0.9**self.count)
        self.vector -= self.rates * fraction * unbiased / ((self.second / (1 - 0.999**self.count)).sqrt_() + 1e-8)
