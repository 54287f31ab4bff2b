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
from scipy.special import softmax

from motifnet.engine import Matrix
from motifnet.stacking._scores import log_loss
from motifnet.tables import Folds

PULL_ROWS = 30.0
TOLERANCE, MAX_STEPS, MAX_HALVINGS = 1e-12, 100, 30


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
    (count, _, classes), total = logits.shape, weight.sum()
    share = weight / total
    # the quadratic terms are θᵀ A θ / 2
    A = 0.02 / max(total, 1.0) * np.eye(count + classes)
    A[:count, :count] += pull / total * (np.eye(count) - 1 / count)
    problem = _Problem(logits, one_hot, share, A)
    start = np.concatenate([np.full(count, 1.0 / count), np.zeros(classes)])
    theta = projected_newton(problem, start, count)
    return theta[:count], theta[count:]


@dataclass(frozen=True)
class _Problem:
    """The log loss of logits F with shape (T, n, K) under shares with shape (n,), plus θᵀAθ/2.

    With p the probabilities, s the shares and m_t = Σ_c p_c F_tc, its Hessian is

        H_vv = Σ s (Σ_c p_c F_t F_u − m_t m_u),  H_vb = Σ s p_c (F_tc − m_t),
        H_bb = Σ s (diag p − p pᵀ)
    """

    F: Matrix
    one_hot: Matrix
    share: Matrix
    A: Matrix

    def value(self, theta: Matrix) -> tuple[float, Matrix]:
        """The value at θ = (v, b), and the probabilities."""
        z = np.tensordot(theta[: len(self.F)], self.F, 1) + theta[len(self.F) :]
        z -= z.max(1, keepdims=True)
        p = np.exp(z)
        sums = p.sum(1)
        loss = float(self.share @ (np.log(sums) - (z * self.one_hot).sum(1)))
        return loss + float(theta @ self.A @ theta) / 2, p / sums[:, None]

    def derivatives(self, theta: Matrix, p: Matrix) -> tuple[Matrix, Matrix]:
        """Gradient and Hessian at θ with the probabilities p."""
        count, weighted = len(self.F), self.share[:, None] * p
        flat = self.F.reshape(count, -1)
        residual = weighted - self.share[:, None] * self.one_hot
        gradient = np.concatenate([flat @ residual.ravel(), residual.sum(0)]) + self.A @ theta
        scores = weighted * self.F
        mean = np.einsum("nc,tnc->tn", p, self.F) * np.sqrt(self.share)
        root = np.sqrt(self.share)[:, None] * p
        H = self.A.copy()
        H[:count, :count] += scores.reshape(count, -1) @ flat.T - mean @ mean.T
        H[:count, count:] += scores.sum(1) - mean @ root
        H[count:, :count] = H[:count, count:].T
        H[count:, count:] += np.diag(weighted.sum(0)) - root.T @ root
        return gradient, H


def projected_newton(problem: _Problem, theta: Matrix, bounded: int) -> Matrix:
    """θ of least value, its first entries at least 0 (Bertsekas, SIAM J. Control Optim. 20, 1982):
    Newton steps in the entries that no bound holds, halved until the value falls.
    """
    value, p = problem.value(theta)
    for _ in range(MAX_STEPS):
        gradient, H = problem.derivatives(theta, p)
        free = np.ones(len(theta), dtype=bool)
        free[:bounded] = (theta[:bounded] > 0) | (gradient[:bounded] < 0)
        step = np.zeros(len(theta))
        step[free] = -np.linalg.solve(H[np.ix_(free, free)], gradient[free])
        if -float(gradient @ step) <= TOLERANCE * (1 + abs(value)):
            break  # what is left to gain
        for _ in range(MAX_HALVINGS):
            new = theta + step
            new[:bounded] = np.maximum(new[:bounded], 0.0)
            lower, q = problem.value(new)
            if lower <= value + 1e-4 * float(gradient @ (new - theta)):
                break
            step /= 2
        else:
            break  # rounding: nothing is lower
        theta, value, p = new, lower, q
    return theta
