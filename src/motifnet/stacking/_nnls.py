"""Stacked regression (Wolpert 1992, Breiman 1996): for each target column

    min over v ≥ 0, Σ v ≤ 1   Σ_i w_i (y_i − Σ_t v_t f_t(x_i))² + c ρ ‖v − v̄‖²,   f_t out of fold, v̄ the mean of v

a convex combination of the teachers and of 0, the centre of the coding, by predictions of rows that the teachers have not seen. ρ is the mean
squared error of the best teacher, so that the pull toward equal weights counts as c = 10 rows of noise, however small the noise is. With the
weight of 0 as one more v the sum is 1 and the objective a homogeneous ‖A v‖² in the errors; the minimiser of ‖A v‖² + (1 − Σ v)² over v ≥ 0 lies
on the same ray, so that one non-negative least squares problem gives both. The honest score of the stack predicts each fold with weights from the
other folds, and in place of 0, the mean of all rows, with the mean of those from which the fold may be predicted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from motifnet.tables import Folds

Matrix = NDArray[np.float64]
PULL = 10.0


@dataclass(frozen=True)
class NnlsStack:
    """Weights with shape (T, q) and the out-of-fold predictions of the stack with shape (n, q)."""

    weights: Matrix
    oof: Matrix


def fit_nnls_stack(oofs: list[Matrix], y: Matrix, weight: Matrix, folds: Folds) -> NnlsStack:
    """Weights for teachers with out-of-fold predictions `oofs`, each with shape (n, q), for targets y with shape (n, q)."""
    F, folds = np.stack(oofs), folds.for_stack
    usable = np.isfinite(F).all(axis=(0, 2)) & folds.scored
    out = np.full(y.shape, np.nan)
    for k in range(folds.count):
        scored = usable & folds.held_out(k)
        others = usable & folds.train(k)
        # the first block forward in time has nothing earlier with a score
        seen = folds.train(k)
        centre = np.average(y[seen], axis=0, weights=weight[seen]) if seen.any() else np.zeros(y.shape[1])
        shifted = F - centre
        weights = _solve(shifted[:, others], y[others] - centre, weight[others]) if others.any() else np.full((len(F), y.shape[1]), 1 / len(F))
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
        A = np.vstack([R, np.sqrt(PULL * noise) * apart])
        A /= max(float(np.linalg.norm(A)), 1e-300)
        v = nnls(np.vstack([A, np.ones(count + 1)]), np.append(np.zeros(len(A)), 1.0))[0]
        weights[:, c] = v[:count] / v.sum()
    return weights
