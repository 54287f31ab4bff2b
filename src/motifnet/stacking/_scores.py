"""Scores of out-of-fold predictions. Rows with NaN, which no fold predicts, do not count.

Two models are compared row by row, since the noise of a row is the same for both. The difference of
their mean losses is d = Σ w δ / Σ w, with the standard error √(Σ w² (δ − d)²) / Σ w. Rows of a
group are dependent, so that sums of w (δ − d) over a group replace rows.

For the calibration of probabilities, rows are put in groups of about equal weight by predicted
probability. The reliability curve has the frequency of the event in each group. The expected
calibration error is

    ECE = Σ_g (W_g / W) |mean predicted_g − share observed_g|

Well calibrated probabilities lie on the diagonal and have an ECE near 0. With n rows and G groups
chance gives about 0.8 √(p (1 − p) G / n).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix

Mask = NDArray[np.bool_]
SMALLEST = 1e-15  # of probabilities: smaller ones count as this
GROUPS = 15  # of a reliability curve


def predicted(oof: Matrix) -> Mask:
    """A mask with shape (n,) of the rows with out-of-fold predictions, which have shape (n, q)."""
    return np.asarray(np.isfinite(oof).all(1))


def mean_squared(y: Matrix, oof: Matrix, weight: Matrix) -> float:
    """Weighted mean squared error over the predicted rows, averaged over columns. y and oof have
    shape (n, q).
    """
    rows = predicted(oof)
    w = weight[rows]
    return float((w[:, None] * (y[rows] - oof[rows]) ** 2).sum() / (w.sum() * y.shape[1]))


def log_loss(labels: NDArray[np.int64], probabilities: Matrix, weight: Matrix) -> float:
    """Weighted mean of −log probability of the true class. Probabilities have shape (n, K)."""
    rows = predicted(probabilities)
    chosen = probabilities[rows, labels[rows]]
    return float(-(weight[rows] * np.log(np.maximum(chosen, SMALLEST))).sum() / weight[rows].sum())


def paired_difference(
    one: Matrix, other: Matrix, weight: Matrix, groups: NDArray[np.int64] | None = None
) -> tuple[float, float]:
    """d of one model's losses against another's, with shape (n,), and its standard error. Losses
    are NaN for rows without one.
    """
    rows = np.isfinite(one) & np.isfinite(other)
    w, delta = weight[rows], one[rows] - other[rows]
    d = float(w @ delta / w.sum())
    apart = w * (delta - d)
    if groups is not None:
        apart = np.asarray(np.bincount(groups[rows], apart), dtype=np.float64)
    return d, float(np.sqrt(apart @ apart) / w.sum())


@dataclass(frozen=True)
class ReliabilityCurve:
    """The mean predicted probability, the observed share and the weight of each group, with shape
    (G,), and the ECE.
    """

    predicted: Matrix
    observed: Matrix
    weight: Matrix
    ece: float


def reliability_curve(
    probability: Matrix, event: NDArray[np.bool_], weight: Matrix, groups: int
) -> ReliabilityCurve:
    """The curve of n rows, all with shape (n,). Rows of equal probability stay in one group."""
    inverse = np.unique(probability, return_inverse=True)[1]
    mass = np.bincount(inverse, weight)
    group = np.minimum(
        (groups * (np.cumsum(mass) - mass / 2) / mass.sum()).astype(np.int64), groups - 1
    )[inverse]
    group = np.unique(group, return_inverse=True)[1]
    total = np.bincount(group, weight).astype(np.float64)
    predicted, observed = (
        np.bincount(group, weight * part) / total for part in (probability, event)
    )
    return ReliabilityCurve(
        predicted, observed, total, float(total @ np.abs(predicted - observed) / total.sum())
    )


def calibration(
    labels: NDArray[np.int64], probabilities: Matrix, weight: Matrix, groups: int = GROUPS
) -> ReliabilityCurve:
    """The curve of class codes with shape (n,) and probabilities with shape (n, K).

    With two classes the event is the second class. With more the event is that the most probable
    class is the true one.
    """
    rows, two = np.arange(len(labels)), probabilities.shape[1] == 2
    chosen = np.ones_like(rows) if two else probabilities.argmax(1)
    return reliability_curve(probabilities[rows, chosen], labels == chosen, weight, groups)
