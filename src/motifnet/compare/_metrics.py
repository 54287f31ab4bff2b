"""Scores on test rows: one error that decides (nRMSE, or log loss), and for classes AUC, accuracy and calibration.

nRMSE      √mean (y − p)² / sd(y)
log loss   mean of −log p(true class), p at least 1e-15
AUC        P(score of a row of the class > score of another row) + ½ P(equal); the mean over classes where there are more than two
ECE        Σ_b (n_b / n) |accuracy_b − mean confidence_b| over 15 bins of about equally many rows by confidence, the largest probability of a row
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from motifnet import stacking
from motifnet.stacking import reliability_curve

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]
BINS = 15


def nrmse(y: Vector, predicted: Vector) -> float:
    """Root mean squared error in units of the standard deviation of y; not a number for a constant y."""
    sd = float(np.std(y))
    return float(np.sqrt(np.mean((y - np.ravel(predicted)) ** 2)) / sd) if sd else float("nan")


def log_loss(codes: Codes, probabilities: Vector) -> float:
    """Mean of −log probability of the true class."""
    return stacking.log_loss(codes, probabilities, np.ones(len(codes)))


def auc(codes: Codes, probabilities: Vector) -> float:
    """Area under the ROC curve; classes without a row, or with all of them, do not count."""
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = [_area(codes == c, probabilities[:, c]) for c in classes if 0 < (codes == c).sum() < len(codes)]
    return float(np.mean(areas)) if areas else float("nan")


def _area(positive: NDArray[np.bool_], score: Vector) -> float:
    n, m = int(positive.sum()), int((~positive).sum())
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * m))


def accuracy(codes: Codes, probabilities: Vector) -> float:
    """Share of rows whose most probable class is the true one."""
    return float((probabilities.argmax(1) == codes).mean())


def expected_calibration_error(codes: Codes, probabilities: Vector) -> float:
    """Mean distance of confidence and accuracy."""
    return reliability_curve(probabilities.max(1), probabilities.argmax(1) == codes, np.ones(len(codes)), BINS).ece


def scores(y: NDArray[np.float64 | np.int64], predicted: Vector, classes: int) -> dict[str, float]:
    """All scores of the task; the first is the error that decides."""
    if not classes:
        return {"nrmse": nrmse(np.asarray(y, dtype=float), predicted)}
    codes = np.asarray(y, dtype=np.int64)
    return {
        "log_loss": log_loss(codes, predicted),
        "auc": auc(codes, predicted),
        "accuracy": accuracy(codes, predicted),
        "ece": expected_calibration_error(codes, predicted),
    }
