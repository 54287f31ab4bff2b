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

Standard errors of scores over n rows: of R² = 1 − Σ r² / Σ (y − ȳ)² by the delta method, from the
influences r² − (1 − R²)(y − ȳ)²; of the area under the curve by DeLong, DeLong and Clarke-Pearson
(1988), from the shares of the other class that each row is ranked before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

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
class Score:
    """A score of held-out rows, in the `scores_` of an estimator.

    Attributes
    ----------
    name : str
        Such as "R²", "RMSE" (in the target's unit), "accuracy", "log loss", "AUC".
    value : float
    error : float
        Its standard error over rows, NaN where that is unknown.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> r2, rmse = model.scores_["y"]
    >>> print(rmse.name, rmse.error < rmse.value)
    RMSE True
    """

    name: str
    value: float
    error: float = float("nan")

    def __str__(self) -> str:
        if not np.isfinite(self.error):
            return f"{self.name} {self.value:.4g}"
        digits = max(0, 1 - int(np.floor(np.log10(self.error)))) if self.error > 0 else 3
        return f"{self.name} {self.value:,.{digits}f} ± {self.error:,.{digits}f}"


def regression_scores(y: Matrix, predicted: Matrix) -> tuple[Score, Score]:
    """R² and RMSE of predictions with shape (n,)."""
    squares, spread = (y - predicted) ** 2, (y - y.mean()) ** 2
    mean, variance = squares.mean(), max(float(spread.mean()), 1e-300)
    rmse = float(np.sqrt(mean))
    of_mean = float(squares.std() / np.sqrt(len(y)))
    of_r2 = float((squares - mean / variance * spread).std() / np.sqrt(len(y)) / variance)
    return (
        Score("R²", float(1 - mean / variance), of_r2),
        Score("RMSE", rmse, of_mean / (2 * rmse) if rmse else 0.0),
    )


def class_scores(labels: NDArray[np.int64], probabilities: Matrix) -> tuple[Score, ...]:
    """Accuracy and log loss of class codes with shape (n,), the area under the curve of two."""
    right = probabilities.argmax(1) == labels
    losses = -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], SMALLEST))
    means = [
        Score(name, float(of.mean()), float(of.std() / np.sqrt(len(of))))
        for name, of in (("accuracy", right), ("log loss", losses))
    ]
    event = labels == 1
    if probabilities.shape[1] > 2 or not event.any() or event.all():
        return tuple(means)
    return (*means, _area(probabilities[event, 1], probabilities[~event, 1]))


def _area(events: Matrix, others: Matrix) -> Score:
    """The area under the receiver operating characteristic."""
    together = rankdata(np.concatenate([events, others]))
    before = (together[: len(events)] - rankdata(events)) / len(others)
    behind = 1 - (together[len(events) :] - rankdata(others)) / len(events)
    variance = sum(part.var(ddof=min(1, len(part) - 1)) / len(part) for part in (before, behind))
    return Score("AUC", float(before.mean()), float(np.sqrt(variance)))


@dataclass(frozen=True)
class ReliabilityCurve:
    """Predicted probabilities against observed shares, by groups of rows.

    Attributes
    ----------
    predicted : array with shape (G,)
        Mean predicted probability of each group.
    observed : array with shape (G,)
        Share of its rows where the event was observed.
    weight : array with shape (G,)
        Its weight.
    ece : float
        Expected calibration error: the weighted mean of |predicted − observed|.

    Examples
    --------
    Here `classifier` is a `MotifClassifier` that was fitted to X and labels.

    >>> curve = classifier.reliability(X, labels, groups=5)
    >>> curve.predicted.shape == curve.observed.shape
    True
    >>> 0 <= curve.ece <= 1
    True
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
