"""Masses on lines: what a critic of one variable makes of points projected onto directions.

For signed masses c of total 0 at points p_1 ≤ … ≤ p_N of a line, with partial sums C_k = c_1 + … + c_k and gaps g_k = p_{k+1} − p_k,

    sup over 1-Lipschitz f    Σ c_i f(p_i)  =  Σ_k |C_k| g_k                                       (the distance between the two parts)
    sup over ReLU units ±(±p − b)₊          =  max over k of |Σ_{j ≤ k} C_j g_j|, |Σ_{j > k} C_j g_j|

The first is Kantorovich and Rubinstein's duality with the distribution function in one dimension; the second holds since the sum is piecewise linear
in b, so that its extremes lie at points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """Orders with shape (L, N) and gaps with shape (L, N − 1) of N points along L directions."""

    order: NDArray[np.int64]
    gaps: Matrix

    @classmethod
    def of(cls, points: Matrix, directions: Matrix) -> Lines:
        """Points with shape (N, d), directions with shape (L, d)."""
        along = directions @ points.T
        order = np.argsort(along, axis=1, kind="stable")
        return cls(order, np.diff(np.take_along_axis(along, order, 1), axis=1))

    def lipschitz(self, masses: Matrix) -> Matrix:
        """The first supremum with shape (B, L), for masses with shape (B, N)."""
        return np.stack([np.abs(C) @ g for C, g in self._sums(masses)], axis=1)

    def units(self, masses: Matrix) -> Matrix:
        """The second supremum with shape (B, L), for masses with shape (B, N)."""
        return np.stack([_peak(C * g) for C, g in self._sums(masses)], axis=1)

    def _sums(self, masses: Matrix) -> Iterator[tuple[Matrix, Matrix]]:
        for order, gaps in zip(self.order, self.gaps, strict=True):
            yield np.cumsum(masses[:, order[:-1]], axis=1), gaps


def _peak(terms: Matrix) -> Matrix:
    left = np.cumsum(terms, axis=1)
    right = left[:, -1:] - left
    return np.maximum(np.abs(left).max(1, initial=0), np.abs(right).max(1, initial=0))
