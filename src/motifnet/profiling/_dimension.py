"""Estimates of the intrinsic dimension of the rows of X, each with what it assumes. Rows that coincide are merged first: their distance is 0.

TwoNN           d = (n − 1) / Σ log(r₂/r₁)                              density constant out to the second neighbour (Facco et al. 2017)
Levina–Bickel   d = (n (k − 1) − 1)/ΣΣ_{j<k} log(r_k/r_j)                out to the k-th; inverse averaged as by MacKay and Ghahramani
box counting    slope of log N(ε) on log 1/ε, N the boxes of side ε that hold a row, while N ≤ n/5        the Minkowski dimension itself
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from motifnet.tables import Matrix

NEIGHBOURS = 10


def merged(X: Matrix) -> Matrix:
    """The rows that differ."""
    return np.unique(X, axis=0)


def neighbour_distances(X: Matrix, k: int = NEIGHBOURS) -> Matrix:
    """Distances with shape (n, k) to the k nearest other rows; rows differ."""
    return cKDTree(X).query(X, min(k, len(X) - 1) + 1)[0][:, 1:]


def two_nn(distances: Matrix) -> float:
    """TwoNN from distances with shape (n, at least 2)."""
    logs = np.log(distances[:, 1] / distances[:, 0])
    return float((len(logs) - 1) / max(logs.sum(), 1e-300))


def levina_bickel(distances: Matrix) -> float:
    """The maximum likelihood estimate from distances with shape (n, k)."""
    k = distances.shape[1]
    logs = np.log(distances[:, -1:] / distances[:, :-1])
    return float((len(logs) * (k - 1) - 1) / max(logs.sum(), 1e-300))


def box_counting(X: Matrix, base: float = 2.0, finest: int = 12) -> float:
    """The slope of log N(ε), ε = range/base^j, over levels j from 2 on at which at most a fifth of the rows has a box of its own."""
    Z = (X - X.min(0)) / max(float(np.ptp(X, axis=0).max()), 1e-300) * (1 - 1e-12)
    levels: list[int] = []
    counts: list[int] = []
    for j in range(finest + 1):
        boxes = len(np.unique(np.floor(Z * base**j).astype(np.int64), axis=0))
        if boxes > len(X) / 5 and len(levels) >= 2:
            break
        levels.append(j)
        counts.append(boxes)
    first = 2 if len(levels) >= 4 else 0
    return float(np.polyfit(np.array(levels[first:]) * np.log(base), np.log(counts[first:]), 1)[0])


def scale_sweep(X: Matrix, rng: np.random.Generator, least: int = 100) -> list[tuple[int, float]]:
    """TwoNN on all rows, a half, a quarter, …: fewer rows look at a larger scale, and noise off the set swells the estimate at small ones."""
    order, sweep, m = rng.permutation(len(X)), list[tuple[int, float]](), len(X)
    while m >= least or not sweep:
        sweep.append((m, two_nn(neighbour_distances(X[order[:m]], 2))))
        m //= 2
    return sweep


def plateau(sweep: list[tuple[int, float]]) -> tuple[float, float]:
    """The estimate where two sizes that follow each other agree best, and by which factor they differ; that of all rows where there are few sizes."""
    values = [d for _, d in sweep]
    if len(values) < 3:
        return values[0], 1.0
    factors = [max(a, b) / max(min(a, b), 1e-9) for a, b in pairwise(values)]
    i = int(np.argmin(factors[:-1]))  # the smallest size is too noisy to end a plateau
    return (values[i] + values[i + 1]) / 2, factors[i]
