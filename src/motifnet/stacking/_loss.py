"""The convex last layer under a loss: weights on out-of-fold scores, one column of the prediction at a time.

    min over v, b   Σ_i w_i ℓ(y_i, m + s (Σ_t v_t f_t(x_i) + b)) + c ρ ‖v − v̄‖² / 2,     v_t ≥ 0

m, s: the coding of the response; v̄: the mean of v. ρ is the mean loss of the best part, so that the pull toward equal weights counts as c = 10 rows
of noise. The honest loss of a stack predicts each fold with weights from the other folds. Pinball losses are rounded off a little, so that L-BFGS-B
can follow their slopes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from motifnet.losses import Loss
from motifnet.stacking._nnls import PULL, Matrix
from motifnet.tables import Folds, Response

_ROUNDED = 0.1


@dataclass(frozen=True)
class LossStack:
    """Weights with shape (T, q), offsets b with shape (q,), and out-of-fold η with shape (n, q)."""

    weights: Matrix
    offsets: Matrix
    oof: Matrix


def fit_loss_stack(oofs: list[Matrix], response: Response, weight: Matrix, folds: Folds) -> LossStack:
    """Weights for parts with out-of-fold scores, each with shape (n, q) or (n, 1)."""
    r, folds = response, folds.for_stack
    F = np.stack([np.broadcast_to(part, (len(weight), r.q)) for part in oofs])
    usable = np.isfinite(F).all(axis=(0, 2)) & folds.scored
    weights, offsets, out = np.empty((len(F), r.q)), np.empty(r.q), np.full((len(weight), r.q), np.nan)
    for c, loss in enumerate(r.losses):
        column = _Column(F[:, :, c], r.mean[c], r.sd[c], loss, r.y[:, c], weight)
        for k in range(folds.count):
            scored, others = usable & folds.held_out(k), usable & folds.train(k)
            if others.any():  # the first block forward in time has nothing earlier with a score
                v, b = column.solve(others)
                out[scored, c] = column.eta(v, b)[scored]
        v, b = column.solve(usable)
        weights[:, c], offsets[c] = v, b
    return LossStack(weights, offsets, out)


def mean_loss(response: Response, eta: Matrix, weight: Matrix) -> Matrix:
    """Weighted mean loss of each column over the rows that are predicted; eta with shape (n, q)."""
    rows = np.isfinite(eta).all(1)
    values = [loss.value(y, e) for loss, y, e in zip(response.losses, response.y[rows].T, eta[rows].T, strict=True)]
    return np.asarray(np.stack(values) @ weight[rows] / weight[rows].sum())


def explained(losses: tuple[Loss, ...], y: Matrix, predicted: Matrix, weight: Matrix, offset: Matrix) -> float:
    """D², the mean over columns of 1 − Σ w ℓ / Σ w ℓ of the best constant rate; y with shape (n, columns), predicted with shape (n, q)."""
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
        pull, w = PULL / w.sum(), w / w.sum()
        losses = [float(w @ self.loss.value(y, self.mean + self.sd * s)) for s in S]
        best = int(np.argmin(losses))
        smooth, noise = self.loss.smooth(y, self.mean + self.sd * S[best], _ROUNDED), max(losses[best], 1e-300)

        def value(theta: Matrix) -> tuple[float, Matrix]:
            v, b = theta[:-1], theta[-1]
            eta = self.mean + self.sd * (v @ S + b)
            slope = w * smooth.slope(y, eta) * (self.sd / noise)
            apart = v - v.mean()
            return float(w @ smooth.value(y, eta)) / noise + pull * float(apart @ apart) / 2, np.append(S @ slope + pull * apart, slope.sum())

        start = np.append(np.full(len(S), 1 / len(S)), 0.0)
        limits = [(0.0, None)] * len(S) + [(None, None)]
        theta = minimize(value, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8}).x
        return theta[:-1], float(theta[-1])
