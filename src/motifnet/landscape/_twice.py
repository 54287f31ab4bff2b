"""Our distance motif in a form that can be differentiated twice: torch's own distances have no second derivative.

As there, the subgradient is 0 where a row lies on a centre, and so is the curvature. Memory is O(batch × centres × columns).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motifnet.motifs import Distance


class TwiceDistance(nn.Module):
    """‖x − c_j‖_p with the parameters of a `Distance`."""

    def __init__(self, distance: Distance) -> None:
        super().__init__()
        self.centres, self.p = distance.centres, distance.p

    def forward(self, x: Tensor) -> Tensor:
        difference = x[:, None] - self.centres
        if self.p == 1:
            return difference.abs().sum(2)
        squares = difference.square().sum(2)
        apart = squares > 0
        return torch.where(apart, torch.where(apart, squares, 1.0).sqrt(), 0.0)


def make_twice_differentiable(module: nn.Module) -> None:
    """Put the twice differentiable form in the place of every distance motif inside of the module."""
    for name, child in module.named_children():
        if isinstance(child, Distance):
            module._modules[name] = TwiceDistance(child)
        else:
            make_twice_differentiable(child)
