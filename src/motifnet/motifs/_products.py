"""Euclidean distances of many rows to fixed centres by one matrix product, as exact as differences.

    ‖z − c‖² = [z, ‖z‖², 1] · [−2c, 1, ‖c‖²],      z and c from the mean of the centres

The product is wrong by a few rounding errors of ‖z‖² + ‖c‖², and the distance t by that over 2t: it spoils small distances only. Rows whose nearest
centre is closer than √NEAR of their scale, where the distance would be wrong by 1e-13 of it, and rows that overflow are done again by differences.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from motifnet.kernels import distances

NEAR = 1e-6


class Products:
    """Distances to centres with shape (m, d), in float64."""

    def __init__(self, centres: Tensor) -> None:
        self.centres, self.mean = centres, centres.mean(0)
        c = centres - self.mean
        squares = (c * c).sum(1)
        self.largest = squares.amax()
        self.right = torch.cat([-2 * c, torch.ones(len(c), 1, dtype=c.dtype), squares[:, None]], 1).T.contiguous()

    def __call__(self, z: Tensor) -> Tensor:
        """Distances with shape (n, m) of rows z with shape (n, d)."""
        moved = z - self.mean
        squares = (moved * moved).sum(1, keepdim=True)
        D = torch.cat([moved, squares, torch.ones_like(squares)], 1) @ self.right
        again = ~(D.amin(1) >= NEAR * (squares[:, 0] + self.largest))  # also where it is no number
        if again.any():
            D[again] = distances(z[again], self.centres, 2).square_()
        return torch.from_numpy(np.sqrt(D.numpy(), out=D.numpy()))
