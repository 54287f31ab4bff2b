"""Random splits into training and test rows, and the scores of a method on the test rows.

Every method has the same splits, and every cap has the same test rows. One error decides: nRMSE, or
log loss for classes. Classes have AUC, accuracy and calibration as well.

    nRMSE      √mean (y − p)² / sd(y)
    log loss   mean of −log p(true class), p at least 1e-15
    AUC        P(score of a row of the class > score of another row) + ½ P(equal); the mean over
               classes where there are more than two
    ECE        Σ_b (n_b / n) |accuracy_b − mean confidence_b| over 15 bins of about equal size;
               the confidence of a row is its largest probability
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from motifnet import stacking
from motifnet.compare._method import Target
from motifnet.engine import DataError, Matrix
from motifnet.stacking import reliability_curve
from motifnet.tables import Task, as_table, as_target

BINS = 15
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Training and test rows. y holds numbers, or class codes below `classes` (0 for
    regression).
    """

    X: pd.DataFrame
    y: Target
    X_test: pd.DataFrame
    y_test: Target
    classes: int


def split_rows(n: int, seed: int, cap: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of training and test rows: a random fifth for the test, at most `cap` of the others
    for training.
    """
    order = np.random.default_rng(seed).permutation(n)
    return order[n // 5 :][:cap], order[: n // 5]


def split_table(table: pd.DataFrame, target: str, *, task: Task, seed: int, cap: int) -> Split:
    """The split of this seed. Raises DataError for a table or a target that no fit accepts."""
    train, test = split_rows(len(table), seed, cap)
    return split_at(table, target, train, test, task=task)


def split_at(
    table: pd.DataFrame,
    target: str,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    *,
    task: Task,
) -> Split:
    """The split into rows of these indices. Raises DataError as `split_table` does."""
    X = table.drop(columns=target)
    as_table(X)
    goal = as_target(table[target], len(table), task)
    values = goal.values[:, 0]
    if len(np.unique(values)) < 2:
        raise DataError(
            f"Target {target!r} holds a single value in all rows, so there is nothing "
            "to compare. Choose another target."
        )
    y = values if goal.classes is None else values.astype(np.int64)
    parts = [X.iloc[rows].reset_index(drop=True) for rows in (train, test)]
    return Split(
        parts[0], y[train], parts[1], y[test], 0 if goal.classes is None else len(goal.classes)
    )


def nrmse(y: Matrix, predicted: Matrix) -> float:
    """Root mean squared error in units of the standard deviation of y; NaN for a constant y."""
    sd = float(np.std(y))
    return float(np.sqrt(np.mean((y - np.ravel(predicted)) ** 2)) / sd) if sd else float("nan")


def log_loss(codes: Codes, probabilities: Matrix) -> float:
    """Mean of −log probability of the true class."""
    return stacking.log_loss(codes, probabilities, np.ones(len(codes)))


def auc(codes: Codes, probabilities: Matrix) -> float:
    """Area under the ROC curve; classes without a row, or with all of them, do not count."""
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = [
        _area(codes == c, probabilities[:, c])
        for c in classes
        if 0 < (codes == c).sum() < len(codes)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def _area(positive: NDArray[np.bool_], score: Matrix) -> float:
    n, m = int(positive.sum()), int((~positive).sum())
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * m))


def accuracy(codes: Codes, probabilities: Matrix) -> float:
    """Share of rows whose most probable class is the true one."""
    return float((probabilities.argmax(1) == codes).mean())


def expected_calibration_error(codes: Codes, probabilities: Matrix) -> float:
    """Mean distance of confidence and accuracy."""
    return reliability_curve(
        probabilities.max(1), probabilities.argmax(1) == codes, np.ones(len(codes)), BINS
    ).ece


def scores(y: NDArray[np.float64 | np.int64], predicted: Matrix, classes: int) -> dict[str, float]:
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
