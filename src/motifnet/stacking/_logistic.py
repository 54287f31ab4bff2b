"""The convex last layer of a classifier: calibrated probabilities from out-of-fold scores.

    p(x) = softmax( E Σ_t a_t s_t(x) + b ),   a_t ≥ 0

with s_t the scores of teacher t (one column for two classes, K columns else), E = [0; 1] for two
classes and the identity else. (a, b) minimise the weighted log loss on held-out rows of the
teachers plus a small ridge: Platt scaling and stacking in one convex problem. With several teachers
a pull toward equal weights, c ρ ‖v − v̄‖² / 2, counts as c = 30 rows of noise. a_t = v_t u_t, with
units u_t that give all scores one size, and ρ is the log loss at equal weights. The out-of-fold
loss of a stack predicts each fold with (a, b) from the other folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from motifnet.engine import Matrix
from motifnet.stacking._scores import log_loss
from motifnet.tables import Folds

PULL_ROWS = 30.0


@dataclass(frozen=True)
class LogisticStack:
    """Weights a with shape (T,), offsets b with shape (K,), and out-of-fold probabilities with
    shape (n, K).
    """

    weights: Matrix
    offsets: Matrix
    oof: Matrix


def expansion(n_classes: int) -> Matrix:
    """The matrix from score columns to one logit a class."""
    return np.array([[0.0], [1.0]]) if n_classes == 2 else np.eye(n_classes)


def fit_logistic_stack(
    oofs: list[Matrix], labels: NDArray[np.int64], n_classes: int, weight: Matrix, folds: Folds
) -> LogisticStack:
    """Calibrate and weight teachers with out-of-fold scores `oofs`, each with shape (n, q), for
    class codes with shape (n,).
    """
    S, folds = np.stack(oofs), folds.for_stack
    usable = np.isfinite(S).all(axis=(0, 2)) & folds.scored
    out = np.full((len(labels), n_classes), np.nan)
    for k in range(folds.count):
        scored = usable & folds.held_out(k)
        others = usable & folds.train(k)
        # forward in time nothing before the first block has a score, so that it gets none
        if not others.any():
            continue
        out[scored] = _probabilities(
            *_solve(S[:, others], labels[others], n_classes, weight[others]), S[:, scored]
        )
    return LogisticStack(*_solve(S[:, usable], labels[usable], n_classes, weight[usable]), out)


def _probabilities(a: Matrix, b: Matrix, S: Matrix) -> Matrix:
    return np.asarray(softmax(np.einsum("t,tnq->nq", a, S) @ expansion(len(b)).T + b, axis=1))


def _solve(
    S: Matrix, labels: NDArray[np.int64], n_classes: int, weight: Matrix
) -> tuple[Matrix, Matrix]:
    """a with shape (T,) and b with shape (K,) from scores with shape (T, n, q)."""
    logits, one_hot = np.einsum("tnq,cq->tnc", S, expansion(n_classes)), np.eye(n_classes)[labels]
    if len(S) == 1:
        scale = max(float(np.sqrt((logits**2).mean())), 1e-12)
        a, b = _minimise(logits / scale, one_hot, weight, 0.0)
        return a / scale, b
    slopes = _slopes(logits, one_hot, weight)
    (common,), b = _solve(np.tensordot(slopes / len(S), S, 1)[None], labels, n_classes, weight)
    units = common * slopes
    logits *= units[:, None, None]
    loss = log_loss(labels, softmax(logits.mean(0) + b, axis=1), weight)
    v, b = _minimise(logits, one_hot, weight, PULL_ROWS * loss)
    return v * units, b


def _slopes(logits: Matrix, one_hot: Matrix, weight: Matrix) -> Matrix:
    """The slope of the least-squares fit of the classes to each score, at least 0, with shape (T,).
    Scores times slopes have one size.
    """
    share = weight / weight.sum()
    apart = logits - np.einsum("n,tnc->tc", share, logits)[:, None]
    covariance = np.einsum("n,tnc,nc->t", share, apart, one_hot)
    variance = np.einsum("n,tnc->t", share, apart**2)
    return np.maximum(covariance / np.maximum(variance, 1e-300), 0.0)


def _minimise(
    logits: Matrix, one_hot: Matrix, weight: Matrix, pull: float
) -> tuple[Matrix, Matrix]:
    """v with shape (T,) and b with shape (K,) that minimise log loss plus pull ‖v − v̄‖² / 2 plus a
    small ridge, each per unit of weight.
    """
    count, total = len(logits), weight.sum()
    ridge, share = 0.01 / max(total, 1.0), weight / total
    flat, labels, rows = logits.reshape(count, -1), one_hot.argmax(1), np.arange(len(one_hot))

    def loss(theta: Matrix) -> tuple[float, Matrix]:
        v, b = theta[:count], theta[count:]
        z = (v @ flat).reshape(one_hot.shape) + b
        z -= z.max(1, keepdims=True)
        p = np.exp(z)
        sums = p.sum(1, keepdims=True)
        residual, apart = share[:, None] * (p / sums - one_hot), v - v.mean()
        value = (
            float(share @ (np.log(sums[:, 0]) - z[rows, labels]))
            + ridge * float(theta @ theta)
            + pull / total * float(apart @ apart) / 2
        )
        gradient = np.concatenate([flat @ residual.ravel() + pull / total * apart, residual.sum(0)])
        return value, gradient + 2 * ridge * theta

    start = np.concatenate([np.full(count, 1.0 / count), np.zeros(one_hot.shape[1])])
    bounds = [(0, None)] * count + [(None, None)] * one_hot.shape[1]
    theta = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-8},
    ).x
    return theta[:count], theta[count:]
