"""Gram matrices of tracks, ours and those of tslearn, and an SVC with settings from inner folds.

A family is a list of pairs (training Gram matrix, rows of the test tracks), one a setting. The
discrete Fréchet distance is that of Eiter and Mannila (1994), all pairs at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.svm import SVC

from motifnet.engine import Matrix, UsageError
from motifnet.trajectories import FrechetKernel

Pair = tuple[Matrix, Matrix]
SCALES, BETAS, PENALTIES = (0.2, 0.7, 2.0), (1.0, 10.0), (0.3, 1.0, 10.0, 100.0)
FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)


def ours(train: Matrix, test: Matrix, seed: int) -> Iterator[Pair]:
    """The Fréchet kernel; gamma in units of the number of (standardised) coordinates."""
    for beta in BETAS:
        for scale in SCALES:
            kernel = FrechetKernel(scale * train.shape[2], beta, random_state=seed)
            yield kernel.fit_transform(train), kernel.transform(test)


def of_distances(distances: Pair) -> Iterator[Pair]:
    """exp(−distance/γ) with γ around the median."""
    median = np.median(distances[0])
    for scale in SCALES:
        yield np.exp(-distances[0] / (scale * median)), np.exp(-distances[1] / (scale * median))


def frechet_distances(train: Matrix, test: Matrix) -> Pair:
    return _frechet(train, train), _frechet(test, train)


def dtw_distances(train: Matrix, test: Matrix) -> Pair:
    """Of tslearn."""
    metrics = _tslearn()
    return metrics.cdist_dtw(train), metrics.cdist_dtw(test, train)


def gak(train: Matrix, test: Matrix) -> Iterator[Pair]:
    """Global alignment kernels of tslearn; sigma around its own rule."""
    metrics = _tslearn()
    rule = metrics.sigma_gak(train, random_state=0)
    for scale in (0.3, 1.0, 3.0):
        sigma = rule * scale
        yield metrics.cdist_gak(train, sigma=sigma), metrics.cdist_gak(test, train, sigma=sigma)


def _tslearn() -> Any:
    try:
        from tslearn import metrics
    except ImportError:
        raise UsageError("tslearn is not installed. Run this with a Python that has it.") from None
    return metrics


def _frechet(first: Matrix, second: Matrix) -> Matrix:
    """With shape (n1, n2)."""
    gaps = np.sqrt(
        ((first[:, None, :, None] - second[None, :, None, :]) ** 2).sum(-1)
    )  # (n1, n2, L1, L2)
    for i in range(gaps.shape[2]):
        for j in range(gaps.shape[3]):
            earlier = [
                gaps[:, :, i - a, j - b] for a, b in ((1, 0), (0, 1), (1, 1)) if i >= a and j >= b
            ]
            if earlier:
                gaps[:, :, i, j] = np.maximum(gaps[:, :, i, j], np.min(earlier, axis=0))
    return np.asarray(gaps[:, :, -1, -1])


def scored_svc(
    family: Iterator[Pair], labels: NDArray[Any], truth: NDArray[Any]
) -> tuple[float, float]:
    """Accuracy and AUC on the test tracks, with the setting and C of the best inner accuracy."""
    best, decision = -1.0, np.zeros(len(truth))
    for gram, rows in family:
        for C in PENALTIES:
            model = SVC(kernel="precomputed", C=C)
            inner = cross_val_predict(model, gram, labels, cv=FOLDS)
            if (accuracy := float((inner == labels).mean())) > best:
                best = accuracy
                decision = model.fit(gram, labels).decision_function(rows)
    return float(((decision > 0) == truth).mean()), float(roc_auc_score(truth, decision))


def scored_neighbours(
    distances: Pair, labels: NDArray[Any], truth: NDArray[Any]
) -> tuple[float, float]:
    """The same of k nearest neighbours."""
    from sklearn.neighbors import KNeighborsClassifier

    def model(k: int) -> Any:
        return KNeighborsClassifier(k, metric="precomputed")

    inner = {
        k: (cross_val_predict(model(k), distances[0], labels, cv=FOLDS) == labels).mean()
        for k in (1, 3, 7, 15, 31)
    }
    best = model(max(inner, key=lambda k: inner[k])).fit(distances[0], labels)
    chance = best.predict_proba(distances[1])[:, 1]
    return float(((chance > 0.5) == truth).mean()), float(roc_auc_score(truth, chance))
