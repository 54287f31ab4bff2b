"""Adam for parameters with a rate of their own (Kingma & Ba 2015).

    m ← β₁ m + (1 − β₁) g,    v ← β₂ v + (1 − β₂) g²
    θ ← θ − rate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)

The optimisers of torch load a compiler on first use. That takes longer than many fits.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Moments:
    """The running moments m and v of the gradient of one tensor."""

    def __init__(self, like: Tensor) -> None:
        self.first, self.second = torch.zeros_like(like), torch.zeros_like(like)

    def update(self, gradient: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Add the gradient of a step, counted from 1. Returns the quotient's two sides."""
        self.first.lerp_(gradient, 1 - BETA1)
        self.second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        numerator = self.first / (1 - BETA1**step)
        return numerator, (self.second / (1 - BETA2**step)).sqrt_().add_(EPSILON)


class Adam:
    """Adam on one vector with a rate for each element."""

    def __init__(self, vector: Tensor, rates: Tensor) -> None:
        self.vector, self.rates, self.count = vector, rates, 0
        self.moments = Moments(vector)

    @torch.no_grad()
    def step(self, gradient: Tensor, fraction: float) -> None:
        """One step at `fraction` of the rates."""
        self.count += 1
        numerator, denominator = self.moments.update(gradient, self.count)
        self.vector -= self.rates * fraction * numerator / denominator


class AnchoredAdam:
    """Adam on the parameters of a network. Tensor t moves in units of s_t, and the penalty
    anchor · ‖θ_t − θ_t⁰‖² / s_t² pulls it to its start.
    """

    def __init__(self, parameters: list[nn.Parameter], scale: list[float], anchor: float) -> None:
        self.parameters, self.scale, self.anchor, self.count = parameters, scale, anchor, 0
        self.start = [p.detach().clone() for p in parameters]
        self.moments = [Moments(p) for p in self.start]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step by the gradients that the parameters hold."""
        self.count += 1
        for p, p0, s, moments in zip(
            self.parameters, self.start, self.scale, self.moments, strict=True
        ):
            if p.grad is None:
                continue
            gradient = p.grad * s + (p - p0) * (2 * self.anchor / s)
            p.addcdiv_(*moments.update(gradient, self.count), value=-rate * s)

    @torch.no_grad()
    def restore(self, values: list[Tensor]) -> None:
        """Set the parameters to earlier values."""
        for p, value in zip(self.parameters, values, strict=True):
            p.copy_(value)
