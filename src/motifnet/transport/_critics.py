"""Critics: classes of functions f whose best member separates two samples.

Each gives  sup over f of Σ_i c_i f(x_i)  for signed masses c, Σ c = 0.

    exact     all 1-Lipschitz functions: the 1-Wasserstein distance between the positive and the
              negative part of c
    sliced    1-Lipschitz along a direction, the mean over directions: the sliced distance
    network   shallow ReLU networks Σ_k a_k (w_k·x − b_k)₊ with |w_k| = 1 and Σ |a_k| ≤ 1, which are
              1-Lipschitz. Networks of this ball are averages of its units ±(w·x − b)₊. So the
              supremum is that of one unit, and needs no descent: over directions w that are drawn
              once, whatever the sample of a row, it is computed exactly, thresholds included

The exact class is too large for data of many columns. Its empirical supremum is of order n^(-1/d)
under equal laws. The paper (Imaizumi, Ota and Hamaguchi 2022) therefore takes networks of a
bounded size; the ball above is that of Bach (2017, "Breaking the curse of dimensionality with
convex neural networks").

Critics of one variable see points projected onto directions. For signed masses c of total 0 at
points p_1 ≤ … ≤ p_N of a line, with partial sums C_k = c_1 + … + c_k and spacings g_k = p_{k+1} −
p_k,

    sup over 1-Lipschitz f of Σ c_i f(p_i)  =  Σ_k |C_k| g_k,  the distance between the two parts
    sup over ReLU units ±(±p − b)₊  =  max over k of |Σ_{j ≤ k} C_j g_j|, |Σ_{j > k} C_j g_j|

The first is Kantorovich and Rubinstein's duality with the distribution function in one dimension.
The second holds since the sum is piecewise linear in b, so that its extremes lie at points.

The exact critic of several columns is the cost of an optimal transport plan,

    c(a, b) = min Σ π_ij D_ij over plans π with sums a and b

It is an assignment where all masses are equal, else the linear programme. Both are scipy's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import eye_array, kron, vstack
from scipy.spatial.distance import cdist

from motifnet.engine import DataError, Matrix

Critic = Literal["exact", "sliced", "network"]
Supremum = Callable[[Matrix], Matrix]
DIRECTIONS = 64
MAX_NUMBER = 1e150  # squares of larger numbers overflow


@dataclass(frozen=True)
class Lines:
    """Orders (L, N) and spacings (L, N − 1) of N points along L directions."""

    order: NDArray[np.int64]
    spacings: Matrix

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
        for order, spacings in zip(self.order, self.spacings, strict=True):
            yield np.cumsum(masses[:, order[:-1]], axis=1), spacings


def _peak(terms: Matrix) -> Matrix:
    left = np.cumsum(terms, axis=1)
    right = left[:, -1:] - left
    return np.maximum(np.abs(left).max(1, initial=0), np.abs(right).max(1, initial=0))


def transport_cost(D: Matrix, a: Matrix, b: Matrix) -> float:
    """The cost for distances D with shape (n, m), positive masses a with shape (n,) and b with
    shape (m,) of equal sum.
    """
    if len(a) == len(b) and a.min() == a.max() and b.min() == b.max():
        i, j = linear_sum_assignment(D)
        return float(a[0] * D[i, j].sum())
    total, (n, m) = a.sum(), D.shape
    sums = vstack(
        [kron(eye_array(n), np.ones((1, m))), kron(np.ones((1, n)), eye_array(m))], format="csr"
    )
    # the other sums imply the last; with it, rounding could make the programme infeasible
    found = linprog(
        D.ravel(),
        A_eq=sums[:-1],
        b_eq=np.concatenate([a / total, b / b.sum()])[:-1],
        method="highs",
    )
    return float(total * found.fun)


def supremum(critic: Critic, points: Matrix, rng: np.random.Generator) -> Supremum:
    """The map from masses with shape (B, N) to suprema with shape (B,), for points with shape (N,
    d).
    """
    d = points.shape[1]
    if not (np.abs(points) < MAX_NUMBER).all():
        raise DataError(
            f"Distances between numbers above {MAX_NUMBER:g} are beyond float64. Take another unit."
        )
    if d == 1 and critic != "network":
        line = Lines.of(points, np.ones((1, 1)))
        return lambda masses: line.lipschitz(masses)[:, 0]
    if critic == "exact":
        D = cdist(points, points)
        return lambda masses: np.array([_exact(D, c) for c in masses])
    if critic == "sliced":
        lines = Lines.of(points, _directions(d, rng))
        return lambda masses: lines.lipschitz(masses).mean(1)
    lines = Lines.of(
        points, np.concatenate([np.eye(d), _directions(d, rng)]) if d > 1 else np.ones((1, 1))
    )
    return lambda masses: lines.units(masses).max(1)


def _exact(D: Matrix, c: Matrix) -> float:
    first, second = c > 0, c < 0
    return transport_cost(D[np.ix_(first, second)], c[first], -c[second])


def _directions(d: int, rng: np.random.Generator) -> Matrix:
    """Directions, uniform on the sphere."""
    drawn = rng.standard_normal((DIRECTIONS, d))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1)[:, None])
