"""Which of equally distant rows a search for the nearest keeps, as scikit-learn's does: in numpy alone, as a file of `to_python` holds it too.

A search visits the rows in an order and keeps k of them in a heap; a row as far as the farthest that is kept does not come in. Hence the rows that
are kept depend on the order where several have the k-th distance. A tree visits of two children the nearer one first, the left one where both are as
near:

    rank of a row = its place in its leaf + Σ over the nodes above it that are visited second: rows of the sibling
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def kept_by_heap(distances: Array, order: Array, k: int) -> Array:
    """Columns that a heap of k keeps of distances with shape (n, m), which it is given in the order of its row, with shape (n, k)."""
    n, m = distances.shape
    rows = np.arange(n)
    values, places = np.full((n, 2 * k + 1), -np.inf), np.zeros((n, 2 * k + 1), dtype=np.int64)  # below the heap nothing is larger
    values[:, :k] = np.inf
    for t in range(m):
        new = distances[rows, order[:, t]]
        row = np.flatnonzero(new < values[:, 0])
        v, at = new[row], np.zeros(len(row), dtype=np.int64)
        sinks = np.ones(len(row), dtype=bool)
        while sinks.any():
            left = 2 * at + 1
            child = np.where(values[row, left] >= values[row, left + 1], left, left + 1)
            sinks = v < values[row, child]
            into, of = (row[sinks], at[sinks]), (row[sinks], child[sinks])
            values[into], places[into] = values[of], places[of]
            at = np.where(sinks, child, at)
        values[row, at], places[row, at] = v, order[row, t]
    return places[:, :k]


def visiting_order(bounds: Array, path: Array, offset: Array) -> Array:
    """The order in which rows are visited, with shape (n, m).

    bounds of the distance to each node with shape (n, nodes); path, the nodes from below the root to the leaf of each row, with shape (levels, m);
    offset, its place there, with shape (m,).
    """
    rank = np.tile(offset, (len(bounds), 1))
    for nodes in path:
        sizes = np.bincount(nodes, minlength=bounds.shape[1])
        sibling = np.where(nodes % 2 == 1, nodes + 1, nodes - 1)
        mine, other = bounds[:, nodes], bounds[:, sibling]
        second = np.where(nodes % 2 == 1, mine > other, other <= mine)
        rank = rank + second * sizes[sibling]
    return np.argsort(rank, axis=1, kind="stable")
