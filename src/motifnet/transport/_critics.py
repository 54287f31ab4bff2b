"""Critics: classes of functions f whose best member tells two samples apart. Each gives  sup over f of Σ_i c_i f(x_i)  for signed masses c, Σ c = 0.

    exact     all 1-Lipschitz functions: the 1-Wasserstein distance between the positive and the negative part of c
    sliced    1-Lipschitz along a direction, the mean over directions: the sliced distance
    network   shallow ReLU networks Σ_k a_k (w_k·x − b_k)₊ with |w_k| = 1 and Σ |a_k| ≤ 1, which are 1-Lipschitz. Networks of this ball are averages
              of its units ±(w·x − b)₊, so the supremum is that of one unit, and no descent is needed: over directions w that are drawn
              once, without a look at which sample a row is of, it is computed exactly, thresholds included

The exact class is too large for data of many columns: its empirical supremum is of order n^(-1/d) though nothing differs. The paper (Imaizumi, Ota
and Hamaguchi 2022) therefore takes networks of a bounded size; the ball above is that of Bach (2017, "Breaking the curse of dimensionality with
convex neural networks").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from motifnet.engine import DataError
from motifnet.transport._lines import Lines
from motifnet.transport._plan import transport_cost

Matrix = NDArray[np.float64]
Critic = Literal["exact", "sliced", "network"]
Supremum = Callable[[Matrix], Matrix]
DIRECTIONS, LARGEST = 64, 1e150


def supremum(critic: Critic, points: Matrix, rng: np.random.Generator) -> Supremum:
    """The map from masses with shape (B, N) to suprema with shape (B,), for points with shape (N, d)."""
    d = points.shape[1]
    if not (np.abs(points) < LARGEST).all():
        raise DataError(f"Distances between numbers above {LARGEST:g} are beyond float64. Take another unit.")
    if d == 1 and critic != "network":
        line = Lines.of(points, np.ones((1, 1)))
        return lambda masses: line.lipschitz(masses)[:, 0]
    if critic == "exact":
        D = cdist(points, points)
        return lambda masses: np.array([_exact(D, c) for c in masses])
    if critic == "sliced":
        lines = Lines.of(points, _directions(d, rng))
        return lambda masses: lines.lipschitz(masses).mean(1)
    lines = Lines.of(points, np.concatenate([np.eye(d), _directions(d, rng)]) if d > 1 else np.ones((1, 1)))
    return lambda masses: lines.units(masses).max(1)


def _exact(D: Matrix, c: Matrix) -> float:
    to, fro = c > 0, c < 0
    return transport_cost(D[np.ix_(to, fro)], c[to], -c[fro])


def _directions(d: int, rng: np.random.Generator) -> Matrix:
    """Uniform on the sphere."""
    drawn = rng.standard_normal((DIRECTIONS, d))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1)[:, None])
