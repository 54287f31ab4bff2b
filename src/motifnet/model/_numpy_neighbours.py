"""Nearest neighbours in numpy: the k nearest centres that the search of scikit-learn finds.

`to_python` writes the source of these functions, like that of all functions of other modules that
`_numpy_motifs.py` calls.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from motifnet.motifs import kept_by_heap, visiting_order

Array = Any


def norms(x: Array, low: Array, high: Array, p: float) -> Array:
    """Distances without their root to boxes [low, high], with shape (n, m)."""
    total = np.zeros((len(x), len(low)))
    for column, below, above in zip(x.T, low.T, high.T, strict=True):
        gap = np.maximum(np.maximum(below - column[:, None], column[:, None] - above), 0)
        total = (
            np.maximum(total, gap)
            if math.isinf(p)
            else total + (gap if p == 1 else gap * gap if p == 2 else gap**p)
        )
    return total


def rooted(D: Array, p: float) -> Array:
    """Distances from those without their root."""
    return D if p == 1 or math.isinf(p) else np.sqrt(D) if p in (0, 2) else D ** (1 / p)


def nearest(
    x: Array, centres: Array, squares: Array, k: int, p: float, *tree: Array
) -> tuple[Array, Array]:
    """Numbers of the k nearest centres and distances to them, each with shape (n, k)."""
    low, high, radius, path, offset = tree
    own = np.array([row @ row for row in x])[:, None]
    D = norms(x, centres, centres, p) if p else np.maximum(own - 2 * (x @ centres.T) + squares, 0)
    near = np.argsort(D, axis=1, kind="stable")
    if k < len(centres):
        ordered = np.take_along_axis(D, near[:, : k + 1], 1)
        tied = np.flatnonzero(ordered[:, -1] == ordered[:, -2])
        bounds = norms(x, low, high, p or 2.0)
        bounds = np.maximum(rooted(bounds, p) - radius, 0) if len(radius) else bounds
        near[tied, :k] = kept_by_heap(D[tied], visiting_order(bounds[tied], path, offset), k)
    near = near[:, :k]
    return near, rooted(np.take_along_axis(D, near, 1), p)
