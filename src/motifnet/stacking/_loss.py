"""The convex last layer under a loss: weights on out-of-fold scores, one column of the prediction at a time.

    min over v, b   Σ_i w_i ℓ(y_i, m + s (Σ_t v_t f_t(x_i) + b)) + c ρ ‖v − v̄‖² / 2,     v_t ≥ 0 but for free parts

m, s: the coding of the response; v̄: the mean of the v that are not free. ρ is the mean loss of the best part, so that the pull toward equal weights
counts as c = 10 rows of noise. A free part, such as a spread, is no prediction and takes any sign. The honest loss of a stack predicts each fold
with weights from the other folds. With log links and smoothed pinball losses the problem is smooth; L-BFGS-B solves it to a gradient of 1e-8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from motifnet.losses import Loss
from motifnet.stacking._nnls import PULL, Matrix
from motifnet.tables import Folds, Response


@dataclass(frozen=True)
class LossStack:
    """Weights with shape (T, q), offsets b with shape (q,), and out-of-fold η with shape (n, q)."""

    weights: Matrix
    offsets: Matrix
    oof: Matrix


def fit_loss_stack(oofs: list[Matrix], free: list[bool], response: Response, weight: Matrix, folds: Folds) -> LossStack:
    """Weights for parts with out-of-fold scores, each with shape (n, q) or (n, 1)."""
    r = response
    F = np.stack([np.broadcast_to(part, (len(weight), r.q)) for part in oofs])
    usable = np.isfinite(F).all(axis=(0, 2)) & folds.scored
    weights, offsets, out = np.empty((len(F), r.q)), np.empty(r.q), np.full((len(weight), r.q), np.nan)
    for c, loss in enumerate(r.losses):
        column = _Column(F[:, :, c], r.mean[c], r.sd[c], np.array(free), loss, r.y[:, c], weight)
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
    """Scores with shape (T, n), their coding, which parts are free, the loss and its rows."""

    scores: Matrix
    mean: float
    sd: float
    free: Matrix
    loss: Loss
    y: Matrix
    weight: Matrix

    def eta(self, v: Matrix, b: float) -> Matrix:
        return np.asarray(self.mean + self.sd * (v @ self.scores + b))

    def solve(self, rows: Matrix) -> tuple[Matrix, float]:
        """v with shape (T,) and b from some rows."""
        S, y, w, bound = self.scores[:, rows], self.y[rows], self.weight[rows], ~self.free
        w = w / w.sum()
        start = np.append(bound / bound.sum(), 0.0)
        losses = [float(w @ self.loss.value(y, self.mean + self.sd * s)) for s in S[bound]]
        best = int(np.argmin(losses))
        smooth, noise = self.loss.smooth(y, self.mean + self.sd * S[bound][best]), max(losses[best], 1e-300)
        pull = PULL / self.weight[rows].sum()

        def value(theta: Matrix) -> tuple[float, Matrix]:
            v, b = theta[:-1], theta[-1]
            eta = self.mean + self.sd * (v @ S + b)
            slope = w * smooth.slope(y, eta) * (self.sd / noise)
            apart = np.where(bound, v - v[bound].mean(), 0.0)
            return float(w @ smooth.value(y, eta)) / noise + pull * float(apart @ apart) / 2, np.append(S @ slope + pull * apart, slope.sum())

        limits = [(0.0 if b else None, None) for b in bound] + [(None, None)]
        theta = minimize(value, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8}).x
        return theta[:-1], float(theta[-1])
