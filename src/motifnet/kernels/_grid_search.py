"""Where a kernel starts: rates from median distances, and a grid of length scale × λ.

The search minimises the leave-out error. The rate of profile c is  scale / median distance in its
norm. Medians need no target, so they may come from all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.kernels._distances import distances
from motifnet.kernels._kernel import Kernel
from motifnet.kernels._leave_out import SpectralPath, scored_weight

SCALES = (0.1, 0.3, 1.0, 3.0)
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True)
class GridChoice:
    """The best point of the grid and its leave-out error."""

    scale: float
    ridge: float
    error: float


def median_distances(X: Tensor) -> dict[int, float]:
    """Median distance between different rows of X with shape (n, d), in both norms; 1 where all
    rows coincide.
    """
    pairs = torch.triu_indices(len(X), len(X), 1)
    medians = {}
    for p in (1, 2):
        d = distances(X, X, p)[pairs[0], pairs[1]]
        d = d[d > 0]
        medians[p] = float(d.median()) if len(d) else 1.0
    return medians


def start_kernel(profiles: tuple[str, ...], medians: dict[int, float], scale: float) -> Kernel:
    """Equal weights, every rate at `scale` over the median distance of its norm."""
    rates = np.array([scale / medians[Kernel.norm(c)] for c in profiles])
    return Kernel(profiles, np.full(len(profiles), 1 / len(profiles)), rates)


def grid_search(
    X: Tensor,
    y: Tensor,
    weight: Tensor,
    profiles: tuple[str, ...],
    medians: dict[int, float],
    blocks: list[Tensor] | None = None,
) -> GridChoice:
    """Length scale and λ with the least weighted leave-out error on rows X with shape (n, d), y
    with shape (n, q).
    """
    best = GridChoice(1.0, 1.0, float("inf"))
    for scale in SCALES:
        ridge, error = best_ridge(
            start_kernel(profiles, medians, scale).gram(X, X), y, weight, blocks
        )
        if error < best.error * (1 - 1e-9):
            best = GridChoice(scale, ridge, error)
    return best


def best_ridge(
    K: Tensor, y: Tensor, weight: Tensor, blocks: list[Tensor] | None = None
) -> tuple[float, float]:
    """λ of least weighted leave-out error under a Gram matrix with shape (n, n), and that error."""
    path, scored = SpectralPath.of(K, weight), scored_weight(weight, blocks)
    best = 1.0, float("inf")
    for lam in RIDGES:
        r = path.leave_out(y, lam, blocks)
        error = float((scored[:, None] * r**2).sum() / scored.sum())
        if error < best[1] * (1 - 1e-9):
            best = lam, error
    return best
