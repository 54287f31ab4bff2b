"""Distances between rows in the difference form, and of columns with two values as products.

The product form ‖x‖² + ‖x'‖² − 2xᵀx' loses 1e-6 to 1e-3 of a prediction where the ridge is small.
It serves sums over many rows in single precision, where it takes a third of the time.

Columns with two values, most often indicators of categories, are exact as products of matrices:

    b ∈ {0, 1}:   Σ_j c_j |b_j − b'_j| = r + r' − 2 Σ_j c_j b_j b'_j,    r = Σ_j c_j b_j

(Euclidean: squares, with c_j²). The c_j are rounded to multiples of the last digit of 2 Σ c, so
that every sum is exact. Rows that coincide have distance 0, and the order of summation, hence the
height of a block, changes no bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_BY_DIFFERENCES, _BY_PRODUCTS = "donot_use_mm_for_euclid_dist", "use_mm_for_euclid_dist"
_CACHED = 2**18  # elements of a block: its temporaries stay in the cache, four times as fast
MIN_COLUMNS = 8  # with two values, for products to be worth their overhead


def distances(A: Tensor, B: Tensor, p: int, *, products: bool = False) -> Tensor:
    """Distances ‖A_i − B_j‖_p with shape (n, m); the gradient is 0 where two rows coincide.
    `products`: Euclidean ones in the product form.
    """
    return torch.cdist(A, B, p=float(p), compute_mode=_BY_PRODUCTS if products else _BY_DIFFERENCES)


def by_blocks(gram: Callable[[Tensor, Tensor], Tensor], A: Tensor, B: Tensor) -> Tensor:
    """A Gram matrix with shape (n, m), computed in blocks of rows, and half of it where B is A.
    The bits are the same, since every element is computed by itself.
    """
    rows = max(1, _CACHED // max(1, len(B)))
    if rows >= len(A):
        return gram(A, B)
    K = torch.empty(len(A), len(B), dtype=A.dtype)
    for start in range(0, len(A), rows):
        end = start + rows
        first = start if B is A else 0
        K[start:end, first:] = gram(A[start:end], B[first:])
        if B is A:
            K[end:, start:end] = K[start:end, end:].T
    return K


def flips(A: Tensor, B: Tensor, c: Tensor) -> Tensor:
    """Σ_j c_j |a_j − b_j| with shape (n, m) of rows A and B of zeros and ones, for c ≥ 0; all of
    one type.
    """
    _, power = math.frexp(2 * float(c.sum()))
    unit = math.ldexp(torch.finfo(c.dtype).eps, power)
    c = (c / unit).round() * unit
    return torch.addmm((A @ c)[:, None] + B @ c, A * c, B.T, alpha=-2)


def two_valued(*matrices: Tensor) -> Tensor:
    """The columns that have at most two values in all matrices together, as a mask with shape (d,);
    none if they are fewer than `MIN_COLUMNS`.
    """
    low = torch.stack([A.amin(0) for A in matrices]).amin(0)
    high = torch.stack([A.amax(0) for A in matrices]).amax(0)
    mask = torch.stack([((low == A) | (high == A)).all(0) for A in matrices]).all(0)
    return mask if int(mask.sum()) >= MIN_COLUMNS else torch.zeros_like(mask)


@dataclass(frozen=True)
class Layout:
    """The columns of two matrices: others first, then those with two values, as zeros and ones;
    `low` and `span`, the smaller value and the difference of both, have shape (t,).

    A gradient needs differences: where one is requested, all columns are others.
    """

    two: Tensor
    low: Tensor
    span: Tensor

    @classmethod
    def of(cls, A: Tensor, B: Tensor) -> Layout:
        plain = (
            A.requires_grad
            or B.requires_grad
            or min(len(A), len(B)) == 0
            or A.shape[1] < MIN_COLUMNS
        )
        two = torch.zeros(A.shape[1], dtype=torch.bool) if plain else two_valued(A, B)
        part = torch.cat([A[:, two], B[:, two]]) if two.any() else A.new_zeros(1, 0)
        low = part.amin(0)
        return cls(two, low, part.amax(0) - low)

    def rows(self, A: Tensor) -> Tensor:
        """Rows in this order, with shape (n, d)."""
        return (
            torch.cat([A[:, ~self.two], (A[:, self.two] != self.low).to(A.dtype)], 1)
            if len(self.span)
            else A
        )

    def distances(self, A: Tensor, B: Tensor, p: int, *, products: bool = False) -> Tensor:
        """Distances ‖·‖_p with shape (n, m) of rows in this order. Columns without two values count
        as in `distances`.
        """
        t = A.shape[1] - len(self.span)
        D = distances(A[:, :t], B[:, :t], p, products=products)
        if not len(self.span):
            return D
        apart = flips(A[:, t:], B[:, t:], self.span**p)
        return D.add_(apart) if p == 1 else D.square_().add_(apart).sqrt_()
