"""Stacked regression: convex last layers on out-of-fold predictions, one target column at a time.

Squared error, with f_t the out-of-fold predictions of teacher t (Wolpert 1992, Breiman 1996):

    min over v ≥ 0, Σ v ≤ 1   Σ_i w_i (y_i − Σ_t v_t f_t(x_i))² + c ρ ‖v − v̄‖²,     v̄: mean of v

a convex combination of the teachers and of 0, the centre of the coding, by predictions of held-out
rows. ρ is the mean squared error of the best teacher. So the pull toward equal weights counts as
c = 10 rows of noise, whatever the noise. With the weight of 0 as one more v the sum is 1, and the
objective is a homogeneous ‖A v‖² in the errors. The minimiser of ‖A v‖² + (1 − Σ v)² over v ≥ 0
lies on the same ray, so that one non-negative least squares problem gives both. The score of the
stack replaces 0, the mean of all rows, by the mean of the rows that may predict the fold.

Any other loss ℓ:

    min over v, b   Σ_i w_i ℓ(y_i, m + s (Σ_t v_t f_t(x_i) + b)) + c ρ ‖v − v̄‖² / 2,     v_t ≥ 0

m, s: the coding of the response; ρ: the mean loss of the best part, with c as above. Pinball losses
are smoothed a little, so that L-BFGS-B can use their gradients.

From scores g on the logarithmic scale to means, by Duan's smearing factor (1983):

    f(x) = c e^{g(x)},    c = Σ_i w_i y_i e^{−g(x_i)} / Σ_i w_i

over held-out rows of g. e^g estimates a median. c makes it a mean where relative errors have one
distribution everywhere. c = 1 where none of the folds that may predict a row has a score.

The out-of-fold score of each of the three predicts every fold with weights from the other folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from motifnet.engine import Matrix
from motifnet.losses import Loss
from motifnet.stacking._scores import predicted
from motifnet.tables import Folds, Response

PULL_ROWS = 10.0
_SMOOTHING = 0.1  # of losses with kinks


@dataclass(frozen=True)
class NnlsStack:
    """Weights with shape (T, q) and the out-of-fold predictions of the stack with shape (n, q)."""

    weights: Matrix
    oof: Matrix


def fit_nnls_stack(oofs: list[Matrix], y: Matrix, weight: Matrix, folds: Folds) -> NnlsStack:
    """Weights for teachers with out-of-fold predictions `oofs`, each with shape (n, q), for targets
    y with shape (n, q).
    """
    F, folds = np.stack(oofs), folds.for_stack
    usable = np.isfinite(F).all(axis=(0, 2)) & folds.scored
    out = np.full(y.shape, np.nan)
    for k in range(folds.count):
        scored = usable & folds.held_out(k)
        others = usable & folds.train(k)
        # forward in time nothing before the first block has a score
        train = folds.train(k)
        centre = (
            np.average(y[train], axis=0, weights=weight[train])
            if train.any()
            else np.zeros(y.shape[1])
        )
        shifted = F - centre
        weights = (
            _solve(shifted[:, others], y[others] - centre, weight[others])
            if others.any()
            else np.full((len(F), y.shape[1]), 1 / len(F))
        )
        out[scored] = centre + np.einsum("tnq,tq->nq", shifted[:, scored], weights)
    return NnlsStack(_solve(F[:, usable], y[usable], weight[usable]), out)


def _solve(F: Matrix, y: Matrix, weight: Matrix) -> Matrix:
    """Weights with shape (T, q) from predictions with shape (T, n, q)."""
    count, _, q = F.shape
    errors = (y - F) * np.sqrt(weight)[:, None]
    apart = np.column_stack([np.eye(count) - 1 / count, np.zeros(count)])
    weights = np.empty((count, q))
    for c in range(q):
        R = np.column_stack([errors[:, :, c].T, y[:, c] * np.sqrt(weight)])
        noise = max(float((R**2).sum(0).min()) / float(weight.sum()), 1e-30)
        A = np.vstack([R, np.sqrt(PULL_ROWS * noise) * apart])
        A /= max(float(np.linalg.norm(A)), 1e-300)
        v = nnls(np.vstack([A, np.ones(count + 1)]), np.append(np.zeros(len(A)), 1.0))[0]
        weights[:, c] = v[:count] / v.sum()
    return weights


@dataclass(frozen=True)
class LossStack:
    """Weights with shape (T, q), offsets b with shape (q,), and out-of-fold η with shape (n, q)."""

    weights: Matrix
    offsets: Matrix
    oof: Matrix


def fit_loss_stack(
    oofs: list[Matrix], response: Response, weight: Matrix, folds: Folds
) -> LossStack:
    """Weights for parts with out-of-fold scores, each with shape (n, q) or (n, 1)."""
    r, folds = response, folds.for_stack
    F = np.stack([np.broadcast_to(part, (len(weight), r.q)) for part in oofs])
    usable = np.isfinite(F).all(axis=(0, 2)) & folds.scored
    weights = np.empty((len(F), r.q))
    offsets = np.empty(r.q)
    out = np.full((len(weight), r.q), np.nan)
    for c, loss in enumerate(r.losses):
        column = _Column(F[:, :, c], r.mean[c], r.sd[c], loss, r.y[:, c], weight)
        for k in range(folds.count):
            scored, others = usable & folds.held_out(k), usable & folds.train(k)
            if others.any():  # forward in time nothing before the first block has a score
                v, b = column.solve(others)
                out[scored, c] = column.eta(v, b)[scored]
        v, b = column.solve(usable)
        weights[:, c], offsets[c] = v, b
    return LossStack(weights, offsets, out)


def mean_loss(response: Response, eta: Matrix, weight: Matrix) -> Matrix:
    """Weighted mean loss of each column over the predicted rows; eta has shape (n, q)."""
    rows = np.isfinite(eta).all(1)
    values = [
        loss.value(y, e)
        for loss, y, e in zip(response.losses, response.y[rows].T, eta[rows].T, strict=True)
    ]
    return np.asarray(np.stack(values) @ weight[rows] / weight[rows].sum())


def explained_deviance(
    losses: tuple[Loss, ...], y: Matrix, predicted: Matrix, weight: Matrix, offset: Matrix
) -> float:
    """D², the mean over columns of 1 − Σ w ℓ / Σ w ℓ of the best constant rate. y has shape (n,
    columns), predicted has shape (n, q).
    """
    parts, exposure = [], np.exp(offset)
    for c, loss in enumerate(losses):
        target = y[:, min(c, y.shape[1] - 1)] / exposure
        w = weight * exposure if loss.name == "poisson" else weight
        eta = np.log(predicted[:, c] / exposure) if loss.log_link else predicted[:, c]
        of_constant = float(w @ loss.value(target, np.full(len(w), loss.constant(target, w))))
        parts.append(1 - float(w @ loss.value(target, eta)) / max(of_constant, 1e-300))
    return float(np.mean(parts))


@dataclass(frozen=True)
class _Column:
    """Scores with shape (T, n), their coding, the loss and its rows."""

    scores: Matrix
    mean: float
    sd: float
    loss: Loss
    y: Matrix
    weight: Matrix

    def eta(self, v: Matrix, b: float) -> Matrix:
        return np.asarray(self.mean + self.sd * (v @ self.scores + b))

    def solve(self, rows: NDArray[np.bool_]) -> tuple[Matrix, float]:
        """v with shape (T,) and b from some rows."""
        S, y, w = self.scores[:, rows], self.y[rows], self.weight[rows]
        pull, w = PULL_ROWS / w.sum(), w / w.sum()
        losses = [float(w @ self.loss.value(y, self.mean + self.sd * s)) for s in S]
        best = int(np.argmin(losses))
        smooth = self.loss.smooth(y, self.mean + self.sd * S[best], _SMOOTHING)
        noise = max(losses[best], 1e-300)

        def value(theta: Matrix) -> tuple[float, Matrix]:
            v, b = theta[:-1], theta[-1]
            eta = self.mean + self.sd * (v @ S + b)
            gradient = w * smooth.gradient(y, eta) * (self.sd / noise)
            apart = v - v.mean()
            return float(w @ smooth.value(y, eta)) / noise + pull * float(
                apart @ apart
            ) / 2, np.append(S @ gradient + pull * apart, gradient.sum())

        start = np.append(np.full(len(S), 1 / len(S)), 0.0)
        limits = [(0.0, None)] * len(S) + [(None, None)]
        theta = minimize(
            value,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=limits,
            options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8},
        ).x
        return theta[:-1], float(theta[-1])


def smearing(log_oof: Matrix, y: Matrix, weight: Matrix, folds: Folds) -> tuple[Matrix, Matrix]:
    """c with shape (q,), and the out-of-fold c e^g with shape (n, q), for out-of-fold g and y > 0,
    both with shape (n, q).
    """
    usable, folds = predicted(log_oof), folds.for_stack
    value = np.exp(log_oof)

    def factor(rows: NDArray[np.bool_]) -> Matrix:
        rows = rows & usable
        return (
            np.asarray(weight[rows] @ (y[rows] / value[rows]) / weight[rows].sum())
            if rows.any()
            else np.ones(y.shape[1])
        )

    out = np.full(y.shape, np.nan)
    for k in range(folds.count):
        held_out = folds.held_out(k)
        out[held_out] = factor(folds.train(k)) * value[held_out]
    return factor(folds.scored), out
