"""Piecewise-linear functions of single columns, linear beyond the ends: warps, linear splines, hinges.

    w_j(x) = Σ_k s_jk · min(max(x − t_jk, 0), t_j,k+1 − t_jk) + s_j1 · min(x − t_j0, 0) + s_jK · max(x − t_jK, 0)
           = s_j1 (x − t_j0) + Σ_{k=1}^{K−1} (s_j,k+1 − s_jk) σ(x − t_jk)

The first form is the one computed: no terms of it cancel, so that its error is one rounding a segment also far outside; the second, of affine maps
and rectifiers, is the relu form. w_j(t_j0) = 0; a start value belongs in the affine map that follows.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from motifnet.motifs._base import Motif


class Hinge(Motif):
    """w_j of each column: knots t of shape (d, K + 1), not decreasing, and slopes s of shape (d, K). Exact."""

    trainable: ClassVar[frozenset[str]] = frozenset({"slopes"})

    knots: Tensor
    slopes: Tensor

    def __init__(self, knots: Tensor, slopes: Tensor) -> None:
        super().__init__()
        self.keep(knots=knots, slopes=slopes)

    def outputs(self, inputs: int) -> int:
        return len(self.slopes)

    def describe(self) -> str:
        return f"piecewise linear in each column, {self.slopes.shape[1]} segments"

    def forward(self, x: Tensor) -> Tensor:
        x, knots, slopes = x.T.contiguous(), self.knots[:, :, None], self.slopes[:, :, None]  # columns one after the other: twice as fast
        left, width = knots[:, :-1].unbind(1), knots.diff(dim=1).unbind(1)
        y = torch.relu(knots[:, 0] - x) * -slopes[:, 0] + torch.relu(x - knots[:, -1]) * slopes[:, -1]
        for t, w, s in zip(left, width, slopes.unbind(1), strict=True):  # a segment at a time: memory stays O(batch × columns)
            y = y + torch.minimum(torch.relu(x - t), w) * s
        return y.T.contiguous()
