"""Missing values filled by those of the nearest rows.

    x_j = Σ_i w_i r_ij / Σ_i w_i     over the k nearest rows r_i that have a value there, w_i = 1 or 1 / distance,

with the distance over the columns that both rows have, √(d / common · Σ (x_l − r_il)²). A row without a column in common is no neighbour; where there
is none at all the mean of the column is taken. Sums and the choice among equally distant rows are those of numpy, as in scikit-learn.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.motifs._base import Motif


class NeighbourFill(Motif):
    """x, and where it is missing the mean of the k nearest rows with a value there, weighed by the inverse of their distances if `weighed`.

    rows of shape (m, d), 0 where a value is missing; present of shape (m, d), 1 where there is one.
    """

    rows: Tensor
    present: Tensor
    k: int
    weighed: bool

    def __init__(self, rows: Tensor, present: Tensor, k: int, weighed: bool) -> None:
        super().__init__()
        if k < 1 or rows.shape != present.shape:
            raise UsageError(f"NeighbourFill has k={k} and {tuple(rows.shape)} rows of which {tuple(present.shape)} are marked; k is 1 or more.")
        self.keep(rows=rows, present=present, k=k, weighed=weighed)

    def outputs(self, inputs: int) -> int:
        return inputs

    def describe(self) -> str:
        return f"missing values filled by the {self.k} nearest of {len(self.rows)} rows"

    def forward(self, x: Tensor) -> Tensor:
        gaps = torch.isnan(x)
        if not gaps.any():
            return x
        D = self.distances(torch.where(gaps, 0.0, x), gaps.to(x.dtype))
        return torch.stack([self._filled(x[:, j], gaps[:, j], D, j) for j in range(x.shape[1])], 1)

    def distances(self, z: Tensor, gaps: Tensor) -> Tensor:
        """Distances of rows z, whose missing values are 0, with shape (n, m); NaN without a column in common."""
        squares, r = (z * z).sum(1, keepdim=True), self.rows
        D = squares - 2 * (z @ r.T) + (r * r).sum(1) - (z * z) @ (1 - self.present).T - gaps @ (r * r).T
        common = (1 - gaps) @ self.present.T
        D = D.clamp_min(0) / common.clamp_min(1) * z.shape[1]
        return torch.where(common == 0, torch.nan, D.sqrt())

    def _filled(self, column: Tensor, gaps: Tensor, D: Tensor, j: int) -> Tensor:
        missing, donors = gaps.nonzero()[:, 0], self.present[:, j].nonzero()[:, 0]
        if not len(missing) or not len(donors):
            return torch.where(gaps, 0.0, column)
        of_donors, k, values = D[missing][:, donors], min(self.k, len(donors)), self.rows[donors, j]
        near = torch.from_numpy(np.argpartition(of_donors.detach().numpy(), k - 1, axis=1)[:, :k])
        weights = self._weights(of_donors.gather(1, near))
        total = weights.sum(1)
        mean = (weights * values[near]).sum(1) / torch.where(total == 0, 1.0, total)
        return column.index_put((missing,), torch.where(total == 0, values.mean(), mean))

    def _weights(self, D: Tensor) -> Tensor:
        """Those of rows without a distance are 0; where one distance is 0, those weigh 1 and the others nothing."""
        known = ~torch.isnan(D)
        if not self.weighed:
            return known.to(D.dtype)
        exact = (1 / D.detach()).isinf()
        inverse = torch.where(known, 1 / torch.where(exact | ~known, 1.0, D), 0.0)
        return torch.where(exact.any(1, keepdim=True), exact.to(D.dtype), inverse)
