"""Matrices of tracks, ours and those of tslearn, and an SVC with settings from inner folds.

Matrices are of all tracks, one a setting, and splits take their parts: kernels and distances have
no part in the labels. A family of kernels is a list of such matrices. Ours is clipped in each
split, by its training tracks alone, as `FrechetKernel` does. The discrete Fréchet distance is that
of Eiter and Mannila (1994), all pairs at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.svm import SVC

from benchmarks._storms import Rows
from motifnet.engine import Matrix, UsageError
from motifnet.trajectories import frechet_kernel

Scores = tuple[float, float]  # accuracy and AUC on the test tracks
SCALES, BETAS, PENALTIES = (0.2, 0.7, 2.0), (1.0, 10.0), (1.0, 10.0, 100.0)
NEIGHBOURS = (1, 3, 7, 15, 31)
FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)


def ours(tracks: Matrix) -> list[Matrix]:
    """The Fréchet kernel before clipping; gamma in units of the number of coordinates."""
    settings = [(scale * tracks.shape[2], beta) for beta in BETAS for scale in SCALES]
    return [frechet_kernel(tracks, gamma=gamma, beta=beta, psd=None) for gamma, beta in settings]


def exponentials(distances: Matrix) -> list[Matrix]:
    """exp(−distance/γ) with γ around the median."""
    median = np.median(distances)
    return [np.exp(-distances / (scale * median)) for scale in SCALES]


def frechet_distances(tracks: Matrix) -> Matrix:
    """Of all pairs, with shape (n, n)."""
    leash = np.sqrt(((tracks[:, None, :, None] - tracks[None, :, None, :]) ** 2).sum(-1))
    for i in range(leash.shape[2]):
        for j in range(leash.shape[3]):
            earlier = [
                leash[:, :, i - a, j - b] for a, b in ((1, 0), (0, 1), (1, 1)) if i >= a and j >= b
            ]
            if earlier:
                leash[:, :, i, j] = np.maximum(leash[:, :, i, j], np.min(earlier, axis=0))
    return np.asarray(leash[:, :, -1, -1])


def dtw_distances(tracks: Matrix) -> Matrix:
    """Of tslearn."""
    return np.asarray(_tslearn().cdist_dtw(tracks))


def global_alignment(tracks: Matrix) -> list[Matrix]:
    """Global alignment kernels of tslearn, with sigma around its own rule."""
    metrics = _tslearn()
    rule = metrics.sigma_gak(tracks, random_state=0)
    return [metrics.cdist_gak(tracks, sigma=scale * rule) for scale in (0.3, 1.0, 3.0)]


def _tslearn() -> Any:
    try:
        from tslearn import metrics
    except ImportError:
        raise UsageError("tslearn is not installed. Run this with a Python that has it.") from None
    return metrics


def clipped(gram: Matrix, train: Rows) -> Matrix:
    """All rows, against the training tracks."""
    values, vectors = np.linalg.eigh(gram[np.ix_(train, train)])
    kept = values > 1e-10 * values[-1]
    features = gram[:, train] @ (vectors[:, kept] / np.sqrt(values[kept]))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features @ features[train].T)


def plain(gram: Matrix, train: Rows) -> Matrix:
    return gram[:, train]


def scored_svc(
    family: Sequence[Matrix],
    prepared: Callable[[Matrix, Rows], Matrix],
    labels: NDArray[Any],
    train: Rows,
    test: Rows,
) -> Scores:
    """With the kernel and C of the best inner accuracy."""
    best, decision = -1.0, np.zeros(len(test))
    for gram in family:
        rows = prepared(gram, train)
        for C in PENALTIES:
            model = SVC(kernel="precomputed", C=C)
            inner = cross_val_predict(model, rows[train], labels[train], cv=FOLDS)
            if (accuracy := float((inner == labels[train]).mean())) > best:
                best = accuracy
                decision = model.fit(rows[train], labels[train]).decision_function(rows[test])
    return _scores(decision > 0, decision, labels[test])


def scored_neighbours(distances: Matrix, labels: NDArray[Any], train: Rows, test: Rows) -> Scores:
    """Of k nearest neighbours, with the k of the best inner accuracy."""
    from sklearn.neighbors import KNeighborsClassifier

    inside = distances[np.ix_(train, train)]
    models = [KNeighborsClassifier(k, metric="precomputed") for k in NEIGHBOURS]
    inner = [cross_val_predict(model, inside, labels[train], cv=FOLDS) for model in models]
    best = int(np.argmax([(found == labels[train]).mean() for found in inner]))
    fitted = models[best].fit(inside, labels[train])
    chance = fitted.predict_proba(distances[np.ix_(test, train)])[:, 1]
    return _scores(chance > 0.5, chance, labels[test])


def _scores(found: NDArray[Any], decision: Matrix, truth: NDArray[Any]) -> Scores:
    return float((found == truth).mean()), float(roc_auc_score(truth, decision))
