"""Scores of out-of-fold predictions; rows with NaN, which no fold predicts, do not count.

Two models are compared row by row, since the noise of a row is the same for both: the difference of their mean losses is d = Σ w δ / Σ w, with the
standard error √(Σ w² (δ − d)²) / Σ w; with groups, whose rows are alike, sums of w (δ − d) over a group take the place of rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
SMALLEST = 1e-15  # a probability counts as this at least


def predicted(oof: Matrix) -> Mask:
    """The rows, a mask with shape (n,), for which out-of-fold predictions with shape (n, q) have values."""
    return np.asarray(np.isfinite(oof).all(1))


def mean_squared(y: Matrix, oof: Matrix, weight: Matrix) -> float:
    """Weighted mean squared error over the rows that are predicted, averaged over columns; y and oof have shape (n, q)."""
    rows = predicted(oof)
    w = weight[rows]
    return float((w[:, None] * (y[rows] - oof[rows]) ** 2).sum() / (w.sum() * y.shape[1]))


def log_loss(labels: NDArray[np.int64], probabilities: Matrix, weight: Matrix) -> float:
    """Weighted mean of −log probability of the true class; probabilities with shape (n, K)."""
    rows = predicted(probabilities)
    chosen = probabilities[rows, labels[rows]]
    return float(-(weight[rows] * np.log(np.maximum(chosen, SMALLEST))).sum() / weight[rows].sum())


def paired_difference(one: Matrix, other: Matrix, weight: Matrix, groups: NDArray[np.int64] | None = None) -> tuple[float, float]:
    """d of one model's losses against another's, with shape (n,), and its standard error; NaN where a row has no loss."""
    rows = np.isfinite(one) & np.isfinite(other)
    w, delta = weight[rows], one[rows] - other[rows]
    d = float(w @ delta / w.sum())
    apart = w * (delta - d)
    if groups is not None:
        apart = np.asarray(np.bincount(groups[rows], apart), dtype=np.float64)
    return d, float(np.sqrt(apart @ apart) / w.sum())
