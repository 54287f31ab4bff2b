"""Piecewise polynomials of single columns: splines of any degree, interpolation, bins.

p_jo(x) = Σ_k c_jsko (x − t_js)^k      on segment s, t_js < x ≤ t_j,s+1, the first and the last one open to their outer side
"""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.motifs._base import Motif


class Piecewise(Motif):
    """Of each column j the values p_j1 … p_jo, side by side. starts of shape (d, S), not decreasing; coefficients of shape (d, S, K, o).

    closed: "right" for segments that end with their right end, "left" for those that begin with their left end. Exact to rounding.
    """

    starts: Tensor
    coefficients: Tensor
    closed: str

    def __init__(self, starts: Tensor, coefficients: Tensor, closed: str = "right") -> None:
        super().__init__()
        self.keep(starts=starts, coefficients=coefficients, closed=closed)

    def outputs(self, inputs: int) -> int:
        return self.coefficients.shape[0] * self.coefficients.shape[3]

    def describe(self) -> str:
        return f"piecewise polynomial of degree {self.coefficients.shape[2] - 1}, {self.starts.shape[1]} segments"

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self._column(x[:, j], j) for j in range(len(self.starts))], dim=1)

    def _column(self, x: Tensor, j: int) -> Tensor:
        inner = self.starts[j, 1:].contiguous()
        segment = torch.searchsorted(inner, x.detach().contiguous(), right=self.closed == "left")
        u, powers = (x - self.starts[j][segment])[:, None], self.coefficients[j][segment]
        value = powers[:, -1]
        for k in range(powers.shape[1] - 2, -1, -1):
            value = value * u + powers[:, k]
        return value
