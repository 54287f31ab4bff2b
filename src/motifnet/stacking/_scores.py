"""Scores of out-of-fold predictions; rows with NaN, which no fold predicts, do not count."""

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
