"""Distances of columns with two values, most often indicators of categories, as products of matrices.

    b ∈ {0, 1}:   Σ_j c_j |b_j − b'_j| = r + r' − 2 Σ_j c_j b_j b'_j,    r = Σ_j c_j b_j        (Euclidean: squares, with c_j²)

A product form loses digits where distances are small. This one does not: the c_j are rounded to multiples of the last digit of 2 Σ c, so that every
sum is exact. Rows that coincide are 0 apart, and no order of summation, hence no height of a block, changes a bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from motifnet.kernels._distances import distances

FEWEST = 8  # columns, from which products are worth their overhead


def flips(A: Tensor, B: Tensor, c: Tensor) -> Tensor:
    """Σ_j c_j |a_j − b_j| with shape (n, m) of rows A and B of zeros and ones, for c ≥ 0; all of one type."""
    _, power = math.frexp(2 * float(c.sum()))
    unit = math.ldexp(torch.finfo(c.dtype).eps, power)
    c = (c / unit).round() * unit
    return torch.addmm((A @ c)[:, None] + B @ c, A * c, B.T, alpha=-2)


def two_valued(*matrices: Tensor) -> Tensor:
    """The columns, as a mask with shape (d,), that have at most two values in all matrices together; none where these are fewer than `FEWEST`."""
    low = torch.stack([A.amin(0) for A in matrices]).amin(0)
    high = torch.stack([A.amax(0) for A in matrices]).amax(0)
    mask = torch.stack([((low == A) | (high == A)).all(0) for A in matrices]).all(0)
    return mask if int(mask.sum()) >= FEWEST else torch.zeros_like(mask)


@dataclass(frozen=True)
class Layout:
    """The columns of two matrices: others first, then those with two values, as zeros and ones; `low` and `gap` have shape (t,).

    A gradient needs differences, so that where one is asked for there are only others.
    """

    two: Tensor
    low: Tensor
    gap: Tensor

    @classmethod
    def of(cls, A: Tensor, B: Tensor) -> Layout:
        plain = A.requires_grad or B.requires_grad or min(len(A), len(B)) == 0 or A.shape[1] < FEWEST
        two = torch.zeros(A.shape[1], dtype=torch.bool) if plain else two_valued(A, B)
        part = torch.cat([A[:, two], B[:, two]]) if two.any() else A.new_zeros(1, 0)
        low = part.amin(0)
        return cls(two, low, part.amax(0) - low)

    def rows(self, A: Tensor) -> Tensor:
        """Rows in this order, with shape (n, d)."""
        return torch.cat([A[:, ~self.two], (A[:, self.two] != self.low).to(A.dtype)], 1) if len(self.gap) else A

    def distances(self, A: Tensor, B: Tensor, p: int, *, products: bool = False) -> Tensor:
        """Distances ‖·‖_p with shape (n, m) of rows in this order; of all columns but those with two values as in `distances`."""
        t = A.shape[1] - len(self.gap)
        D = distances(A[:, :t], B[:, :t], p, products=products)
        if not len(self.gap):
            return D
        apart = flips(A[:, t:], B[:, t:], self.gap**p)
        return D.add_(apart) if p == 1 else D.square_().add_(apart).sqrt_()
