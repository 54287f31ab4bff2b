"""Preconditioned conjugate gradients for (H + λ_j K) γ_j = s, several λ_j at once, where H = ΦᵀΦ is known only by its products.

    P = c (Φ_nᵀΦ_n) + λ K        the same matrix of n sampled rows, times c = N/n, factored once       (cf. FALKON; Rudi, Carratino & Rosasco 2017)

The eigenvalues of P⁻¹(H + λ K) gather about 1 as n grows, and for another λ' between min(1, λ'/λ) and max(1, λ'/λ) times these, so that one
factorisation serves neighbouring λ. All columns share the products, whose cost is that of the kernel's values and not of the number of columns.
Each column has its own step lengths and is as if it were alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
TOLERANCE, MOST_PASSES = 1e-3, 60  # predictions then are some 1e-3 of the target's sd from those of the exact solution


class Passes(NamedTuple):
    """Solutions with the shape of the right side, the number of products taken, and for each column the residual's share of the right side that is
    left, in the norm of P⁻¹, and whether it is as small as was asked."""

    solution: Matrix
    products: int
    left: Matrix
    converged: NDArray[np.bool_]


def conjugate_gradients(
    product: Callable[[Matrix], Matrix],
    precondition: Callable[[Matrix], Matrix],
    right: Matrix,
    tolerance: float = TOLERANCE,
    most: int = MOST_PASSES,
) -> Passes:
    """Solutions for a right side with shape (m, columns).

    A column is done where its residual, in the norm of P⁻¹, is below `tolerance` of the right side's; after `most` products the last one is given.
    """
    solution, residual = np.zeros_like(right), right.copy()
    pulled = precondition(residual)
    direction, size = pulled, _inner(residual, pulled)
    start, done, count = size, size * tolerance**2, 0
    while (going := size > done).any() and count < most:
        image = product(direction)
        step = np.divide(size, _inner(direction, image), out=np.zeros_like(size), where=going)
        solution, residual = solution + step * direction, residual - step * image
        pulled = precondition(residual)
        before, size = size, _inner(residual, pulled)
        direction = pulled + np.divide(size, before, out=np.zeros_like(size), where=going) * direction
        count += 1
    left = np.sqrt(np.divide(size, start, out=np.zeros_like(size), where=start > 0))
    return Passes(solution, count, left, ~going)


def _inner(A: Matrix, B: Matrix) -> Matrix:
    """Inner products of the columns."""
    return np.einsum("ij,ij->j", A, B)
