"""Centres that are no rows: means of cells of rows that lie together (k-means), which lose less than as many rows do. A row that has a cell of its
own moves a third of the way to its neighbour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Matrix = NDArray[np.float64]

ROWS_A_CELL, BLOCK = 20, 4_096  # rows that say where the centres are: 20 a centre, at least 4,096
ROUNDS = 5


def means_between(Z: Matrix, U: Matrix, count: int, seed: int) -> Matrix:
    """At most `count` means, with shape (m, d), of rows Z with shape (n, d) that lie together as points U; each of two different rows at least."""
    from sklearn.cluster import KMeans

    some = np.sort(np.random.default_rng([seed, 23]).permutation(len(Z))[: max(ROWS_A_CELL * count, BLOCK)])
    some = some[np.sort(np.unique(U[some], axis=0, return_index=True)[1])]
    Z, U = Z[some], U[some]
    if len(Z) < 3:
        return Z.mean(0, keepdims=True)
    cell = KMeans(min(count, len(Z) - 1), init="random", n_init=1, max_iter=ROUNDS, random_state=seed).fit_predict(U)
    size, means = np.bincount(cell), np.zeros((int(cell.max()) + 1, Z.shape[1]))
    np.add.at(means, cell, Z)
    alone = np.flatnonzero(size[cell] == 1)
    if len(alone):
        means[cell[alone]] += Z[alone] + Z[KDTree(U).query(U[alone], 2)[1][:, 1]]  # twice the row: neighbours of each other stay two
        size[cell[alone]] = 3
    return np.asarray(np.unique(means[size > 0] / size[size > 0, None], axis=0))
