"""Alignments of two tracks, and uniform draws of them.

An alignment of n and m points is a path of cells from (0, 0) to (n − 1, m − 1) with steps (1, 0),
(0, 1) and (1, 1). Their number is the Delannoy number

    c(i, j) = c(i − 1, j) + c(i, j − 1) + c(i − 1, j − 1),  c(0, j) = c(i, 0) = 1,

so that a walk backwards that steps to each earlier cell with probability c(earlier)/c(here) draws
a path with equal chance of all. The tables of a pair of lengths serve all tracks of these lengths.

The drawn paths of (m, n) are those of (n, m), transposed. Of (n, n) one half is the transpose of
the other. So the kernel of a sample of paths is symmetric in its two tracks.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix

Cells = NDArray[np.int64]
STEPS = ((1, 0), (0, 1), (1, 1))


@lru_cache(maxsize=64)
def step_probabilities(n: int, m: int) -> Matrix:
    """Of the steps that lead to each cell, with shape (3, n, m); zeros where a step would leave the
    grid. They depend on the cell alone, so that those of a larger grid hold for a smaller one.
    """
    logs = np.full((n + 1, m + 1), -np.inf)  # of c, with an edge of zeros
    logs[1, 1:] = logs[1:, 1] = 0.0
    for i in range(2, n + 1):
        both = np.logaddexp(logs[i - 1, 1:-1], logs[i - 1, 2:])
        for j in range(2, m + 1):
            logs[i, j] = np.logaddexp(logs[i, j - 1], both[j - 2])
    earlier = np.stack([logs[1 - a : n + 1 - a, 1 - b : m + 1 - b] for a, b in STEPS])
    found = np.exp(earlier - logs[1:, 1:])
    found.setflags(write=False)
    return found


@lru_cache(maxsize=4096)
def drawn_alignments(n: int, m: int, count: int, seed: int) -> Cells:
    """Flat cells i · m + j of a number of paths with shape (count, n + m − 1), and n · m behind the
    end of each.
    """
    if n > m:
        paths = drawn_alignments(m, n, count, seed)
        return np.where(paths < n * m, paths % n * m + paths // n, n * m)
    draws = count if n < m else (count + 1) // 2
    paths = _walk(n, m, draws, np.random.default_rng([seed, n, m]))
    if n == m:
        mirrored = np.where(paths < n * m, paths % n * n + paths // n, n * m)
        paths = np.concatenate([paths, mirrored])
    paths.setflags(write=False)
    return paths


def _walk(n: int, m: int, draws: int, rng: np.random.Generator) -> Cells:
    vertical, horizontal, _ = step_probabilities(n, m)
    i, j = np.full(draws, n - 1), np.full(draws, m - 1)
    paths = np.full((draws, n + m - 1), n * m)
    active = np.ones(draws, dtype=bool)
    for step in range(n + m - 1):
        paths[active, step] = (i * m + j)[active]
        active &= (i > 0) | (j > 0)
        level, up = rng.uniform(size=draws), vertical[i, j]
        left = up + horizontal[i, j]
        i, j = (
            np.where(active & ((level < up) | (level >= left)), i - 1, i),
            np.where(active & (level >= up), j - 1, j),
        )
    return paths
