"""The weighted median of the values of a row."""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.motifs._base import Motif


class WeightedMedian(Motif):
    """The smallest x_j with  Σ {w_i : x_i ≤ x_j} ≥ ½ Σ w,  weights w of shape (d,), with shape (batch, 1). Exact."""

    weights: Tensor

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.keep(weights=weights)

    def outputs(self, inputs: int) -> int:
        return 1

    def forward(self, x: Tensor) -> Tensor:
        values, order = torch.sort(x, dim=1)
        mass = self.weights[order].cumsum(1)
        place = (mass >= mass[:, -1:] / 2).to(torch.int64).argmax(1, keepdim=True)
        return values.gather(1, place)
