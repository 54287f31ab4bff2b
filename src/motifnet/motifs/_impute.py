"""Missing values, which are NaN in a matrix: recognised, reported, or filled.

`Gaps`, `Missing` and `Fill` take each value by itself, and are exact. `NeighbourFill` fills by the
values of the nearest rows:

    x_j = Σ_i w_i r_ij / Σ_i w_i     over the k nearest rows r_i that have a value there,
                                     w_i = 1 or 1 / distance

with the distance over the columns that both rows have, √(d / common · Σ (x_l − r_il)²). A row
without a common column is no neighbour. Without any neighbour, the value is the mean of the column.
Sums and the choice among equally distant rows are those of numpy, as in scikit-learn.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.motifs._affine import Motif


class Gaps(Motif):
    """1{x is missing}, each value by itself."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.isnan(x).to(x.dtype)


class Missing(Motif):
    """x, and NaN where it equals the value of its column that stands for a missing one; values of
    shape (d,).
    """

    values: Tensor

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.keep(values=values)

    def describe(self) -> str:
        return "values that stand for missing ones"

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x == self.values, torch.nan, x)


class Fill(Motif):
    """x, and where it is missing the value of its column; values of shape (d,), which may be
    infinite.
    """

    values: Tensor

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.keep(values=values)

    def describe(self) -> str:
        return "missing values filled"

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(torch.isnan(x), self.values, x)


class NeighbourFill(Motif):
    """x, and where it is missing the mean of the k nearest rows with a value there, weighted by
    inverse distance if `weighed`.

    rows of shape (m, d), 0 where a value is missing; present of shape (m, d), 1 where it is not.
    """

    rows: Tensor
    present: Tensor
    k: int
    weighed: bool

    def __init__(self, rows: Tensor, present: Tensor, k: int, weighed: bool) -> None:
        super().__init__()
        if k < 1 or rows.shape != present.shape:
            raise UsageError(
                f"NeighbourFill has k={k} and {tuple(rows.shape)} rows of which "
                f"{tuple(present.shape)} are marked; k is 1 or more."
            )
        self.keep(rows=rows, present=present, k=k, weighed=weighed)

    def outputs(self, inputs: int) -> int:
        return inputs

    def describe(self) -> str:
        return f"missing values filled by the {self.k} nearest of {len(self.rows)} rows"

    def forward(self, x: Tensor) -> Tensor:
        missing = torch.isnan(x)
        if not missing.any():
            return x
        D = self.distances(torch.where(missing, 0.0, x), missing.to(x.dtype))
        return torch.stack(
            [self._filled(x[:, j], missing[:, j], D, j) for j in range(x.shape[1])], 1
        )

    def distances(self, z: Tensor, missing: Tensor) -> Tensor:
        """Distances with shape (n, m) of rows z, whose missing values are 0; NaN without a common
        column.
        """
        squares, r = (z * z).sum(1, keepdim=True), self.rows
        D = (
            squares
            - 2 * (z @ r.T)
            + (r * r).sum(1)
            - (z * z) @ (1 - self.present).T
            - missing @ (r * r).T
        )
        common = (1 - missing) @ self.present.T
        D = D.clamp_min(0) / common.clamp_min(1) * z.shape[1]
        return torch.where(common == 0, torch.nan, D.sqrt())

    def _filled(self, column: Tensor, missing: Tensor, D: Tensor, j: int) -> Tensor:
        holes, donors = missing.nonzero()[:, 0], self.present[:, j].nonzero()[:, 0]
        if not len(holes) or not len(donors):
            return torch.where(missing, 0.0, column)
        of_donors, k, values = D[holes][:, donors], min(self.k, len(donors)), self.rows[donors, j]
        near = torch.from_numpy(np.argpartition(of_donors.detach().numpy(), k - 1, axis=1)[:, :k])
        weights = self._weights(of_donors.gather(1, near))
        total = weights.sum(1)
        mean = (weights * values[near]).sum(1) / torch.where(total == 0, 1.0, total)
        return column.index_put((holes,), torch.where(total == 0, values.mean(), mean))

    def _weights(self, D: Tensor) -> Tensor:
        """Weights: 0 without a distance. Where distances are 0, those have weight 1 and the others
        0.
        """
        known = ~torch.isnan(D)
        if not self.weighed:
            return known.to(D.dtype)
        exact = (1 / D.detach()).isinf()
        inverse = torch.where(known, 1 / torch.where(exact | ~known, 1.0, D), 0.0)
        return torch.where(exact.any(1, keepdim=True), exact.to(D.dtype), inverse)
