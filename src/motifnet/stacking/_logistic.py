"""The convex last layer of a classifier: calibrated probabilities from out-of-fold scores.

    p(x) = softmax( E Σ_t a_t s_t(x) + b ),   a_t ≥ 0

with s_t the scores of teacher t (one column for two classes, K columns else), E = [0; 1] for two classes and the identity else. (a, b) minimise
the weighted log loss on rows that the teachers have not seen plus a small ridge: Platt scaling and stacking in one convex problem. The honest loss
of a stack predicts each fold with (a, b) from the other folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from motifnet.tables import Folds

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class LogisticStack:
    """Weights a with shape (T,), offsets b with shape (K,), and out-of-fold probabilities with shape (n, K)."""

    weights: Matrix
    offsets: Matrix
    oof: Matrix


def expansion(n_classes: int) -> Matrix:
    """From score columns to one logit a class."""
    return np.array([[0.0], [1.0]]) if n_classes == 2 else np.eye(n_classes)


def fit_logistic_stack(oofs: list[Matrix], labels: NDArray[np.int64], n_classes: int, weight: Matrix, folds: Folds) -> LogisticStack:
    """Calibrate and weigh teachers with out-of-fold scores `oofs`, each with shape (n, q), for class codes with shape (n,)."""
    S = np.stack(oofs)
    usable = np.isfinite(S).all(axis=(0, 2)) & folds.scored
    out = np.full((len(labels), n_classes), np.nan)
    for k in range(folds.count):
        scored = usable & folds.held_out(k)
        others = usable & folds.train(k)
        if not others.any():  # the first block forward in time: nothing earlier has a score, so it gets none
            continue
        out[scored] = _probabilities(*_solve(S[:, others], labels[others], n_classes, weight[others]), S[:, scored])
    return LogisticStack(*_solve(S[:, usable], labels[usable], n_classes, weight[usable]), out)


def _probabilities(a: Matrix, b: Matrix, S: Matrix) -> Matrix:
    return np.asarray(softmax(np.einsum("t,tnq->nq", a, S) @ expansion(len(b)).T + b, axis=1))


def _solve(S: Matrix, labels: NDArray[np.int64], n_classes: int, weight: Matrix) -> tuple[Matrix, Matrix]:
    count, n, _ = S.shape
    E = expansion(n_classes)
    logits = np.einsum("tnq,cq->tnc", S, E)
    scale = max(float(np.sqrt((logits**2).mean())), 1e-12)
    logits = logits / scale
    total = weight.sum()
    one_hot = np.zeros((n, n_classes))
    one_hot[np.arange(n), labels] = 1
    ridge = 1.0 / max(total, 1.0)

    def loss(theta: Matrix) -> tuple[float, Matrix]:
        a, b = theta[:count], theta[count:]
        z = np.tensordot(a, logits, 1) + b
        log_p = z - logsumexp(z, axis=1, keepdims=True)
        residual = weight[:, None] * (np.exp(log_p) - one_hot) / total
        value = -float(weight @ log_p[np.arange(n), labels]) / total + ridge * float(a @ a / 100 + b @ b / 100)
        gradient = np.concatenate([np.einsum("nc,tnc->t", residual, logits), residual.sum(0)])
        return value, gradient + 2 * ridge * theta / 100

    start = np.concatenate([np.full(count, 1.0 / count), np.zeros(n_classes)])
    bounds = [(0, None)] * count + [(None, None)] * n_classes
    theta = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-8}).x
    return theta[:count] / scale, theta[count:]
