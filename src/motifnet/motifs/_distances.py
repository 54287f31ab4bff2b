"""Distances to centres, one unit per centre, and radial profiles of a distance.

    Distance     Σ_d |x_d − c_d|, or the Euclidean norm
    ChiSquare    Σ_d (x_d − c_d)² / (x_d + c_d) of rows without negative values: the exponent of the
                 kernel of histograms (Zhang et al. 2007)
    Radial       profiles of a distance t, which fall from 1 to 0 (kernels/_kernel.py)

Distances are taken in the difference form, whose error is relative to the distance itself. The
product form ‖x‖² − 2xᵀc + ‖c‖² loses small distances. torch accumulates the columns, so memory is
O(batch × centres). Where x = c the subgradient is 0.

`Products` takes Euclidean distances of many rows to fixed centres by one matrix product, as exact
as differences:

    ‖z − c‖² = [z, ‖z‖², 1] · [−2c, 1, ‖c‖²],      z and c from the mean of the centres

The product has an error of a few roundings of ‖z‖² + ‖c‖², and the distance t one of that over 2t,
so that only small distances suffer. Rows whose nearest centre is closer than √NEAR of their scale,
where the distance would have a relative error of 1e-13, and rows that overflow are computed again
by differences.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.kernels import SMOOTHNESS, distances, polynomial, smoothness
from motifnet.motifs._affine import Motif

NEAR = 1e-6  # squared distance, as a share of the squared scale of a row
RADIAL_PROFILES = tuple(SMOOTHNESS)


class Distance(Motif):
    """‖x − c_j‖_p for centres of shape (m, d) and p = 1 or 2. Exact to rounding."""

    trainable: ClassVar[frozenset[str]] = frozenset({"centres"})

    centres: Tensor
    p: int

    def __init__(self, centres: Tensor, p: int) -> None:
        super().__init__()
        if p not in (1, 2):
            raise UsageError(
                f"Distance has p={p!r}; p is 1 (sum of absolute differences) or 2 (Euclidean)."
            )
        self.keep(centres=centres, p=p)

    def outputs(self, inputs: int) -> int:
        return len(self.centres)

    def describe(self) -> str:
        return f"‖x − c‖ to each centre c, p = {self.p}"

    def forward(self, x: Tensor) -> Tensor:
        return distances(x, self.centres, self.p)


class ChiSquare(Motif):
    """Σ_d (x_d − c_d)² / (x_d + c_d) for centres c of shape (m, d); a column where both are 0 adds
    nothing. Exact to rounding.
    """

    trainable: ClassVar[frozenset[str]] = frozenset({"centres"})

    centres: Tensor

    def __init__(self, centres: Tensor) -> None:
        super().__init__()
        self.keep(centres=centres)

    def outputs(self, inputs: int) -> int:
        return len(self.centres)

    def forward(self, x: Tensor) -> Tensor:
        total = x.new_zeros(len(x), len(self.centres))
        # a column at a time: memory stays O(batch × centres)
        for column, centre in zip(x.T, self.centres.T, strict=True):
            size = column[:, None] + centre
            difference = column[:, None] - centre
            total = total + torch.where(
                size == 0, 0.0, difference * difference / torch.where(size == 0, 1.0, size)
            )
        return total


class Products:
    """Distances to centres with shape (m, d), in float64."""

    def __init__(self, centres: Tensor) -> None:
        self.centres, self.mean = centres, centres.mean(0)
        c = centres - self.mean
        squares = (c * c).sum(1)
        self.largest = squares.amax()
        self.right = torch.cat(
            [-2 * c, torch.ones(len(c), 1, dtype=c.dtype), squares[:, None]], 1
        ).T.contiguous()

    def __call__(self, z: Tensor) -> Tensor:
        """Distances with shape (n, m) of rows z with shape (n, d)."""
        moved = z - self.mean
        squares = (moved * moved).sum(1, keepdim=True)
        D = torch.cat([moved, squares, torch.ones_like(squares)], 1) @ self.right
        again = ~(D.amin(1) >= NEAR * (squares[:, 0] + self.largest))  # also NaN
        if again.any():
            D[again] = distances(z[again], self.centres, 2).square_()
        return torch.from_numpy(np.sqrt(D.numpy(), out=D.numpy()))


class Radial(Motif):
    """Σ_c w_c φ_c(a_c t), each value by itself: weights w and rates a > 0 of shape (c,), profiles
    of length c. Exact to rounding.
    """

    trainable: ClassVar[frozenset[str]] = frozenset({"weights", "rates"})

    weights: Tensor
    rates: Tensor
    profiles: list[str]

    def __init__(self, weights: Tensor, rates: Tensor, profiles: list[str]) -> None:
        super().__init__()
        unknown = sorted(set(profiles) - set(RADIAL_PROFILES))
        if unknown or not len(weights) == len(rates) == len(profiles) > 0:
            raise UsageError(
                f"Radial has profiles {list(profiles)} with {len(weights)} weights and "
                f"{len(rates)} rates; "
                f"give one weight and one rate a profile, of {', '.join(RADIAL_PROFILES)}."
            )
        self.keep(weights=weights, rates=rates, profiles=list(profiles))

    def describe(self) -> str:
        return "Σ w φ(a t): " + ", ".join(self.profiles)

    def forward(self, x: Tensor) -> Tensor:
        total = self.weights[0] * _profile(self.profiles[0], self.rates[0], x)
        for w, a, name in zip(self.weights[1:], self.rates[1:], self.profiles[1:], strict=True):
            total = total + w * _profile(name, a, x)
        return total


def _profile(name: str, a: Tensor, t: Tensor) -> Tensor:
    # Not `radial` of the kernels: roots are of tensors and whole numbers, since an exporter may
    # round a Python float to float32.
    p = smoothness(name)
    if p is None:
        return torch.exp(-((a * t) ** 2))
    if p == 0:
        return torch.exp(-a * t)
    s = torch.sqrt((2 * p + 1) * a * a) * t
    return polynomial(p, s) * torch.exp(-s)
