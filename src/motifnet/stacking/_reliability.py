"""Are probabilities right? Rows in groups of about equal weight by predicted probability, and how often the event happened in each.

    ECE = Σ_g (W_g / W) |mean predicted_g − share observed_g|

Well calibrated probabilities lie on the diagonal and have an expected calibration error (ECE) near 0. With n rows and G groups chance alone gives
about 0.8 √(p (1 − p) G / n).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
GROUPS = 15


@dataclass(frozen=True)
class ReliabilityCurve:
    """For each group the mean predicted probability, the share observed and the weight, each with shape (G,); and the ECE."""

    predicted: Matrix
    observed: Matrix
    weight: Matrix
    ece: float


def reliability_curve(probability: Matrix, event: NDArray[np.bool_], weight: Matrix, groups: int) -> ReliabilityCurve:
    """The curve of n rows, all with shape (n,); rows of equal probability stay in one group."""
    inverse = np.unique(probability, return_inverse=True)[1]
    mass = np.bincount(inverse, weight)
    group = np.minimum((groups * (np.cumsum(mass) - mass / 2) / mass.sum()).astype(np.int64), groups - 1)[inverse]
    group = np.unique(group, return_inverse=True)[1]
    total = np.bincount(group, weight).astype(np.float64)
    predicted, observed = (np.bincount(group, weight * part) / total for part in (probability, event))
    return ReliabilityCurve(predicted, observed, total, float(total @ np.abs(predicted - observed) / total.sum()))


def calibration(labels: NDArray[np.int64], probabilities: Matrix, weight: Matrix, groups: int = GROUPS) -> ReliabilityCurve:
    """The curve of class codes with shape (n,) and probabilities with shape (n, K).

    With two classes the event is the second one; with more it is that the most probable class is the right one.
    """
    rows, two = np.arange(len(labels)), probabilities.shape[1] == 2
    chosen = np.ones_like(rows) if two else probabilities.argmax(1)
    return reliability_curve(probabilities[rows, chosen], labels == chosen, weight, groups)
