"""Stacked regression (Wolpert 1992, Breiman 1996): for each target column

    min over v ≥ 0, Σ v ≤ 1   Σ_i w_i (y_i − Σ_t v_t f_t(x_i))² + c ρ ‖v − v̄‖²,   f_t out of fold, v̄ the mean of v

a convex combination of the teachers and of the constant, by predictions of rows that the teachers have not seen. The constant is 0, the mean of the
coding, in the fit to all rows; out of fold it is the mean of the rows from which the fold may be predicted, as the mean of all rows has seen the
fold, and forward in time what comes after it. ρ is the mean squared error of the best teacher, so that the pull toward equal weights counts as
c = 10 rows of noise, however small the noise is. With the weight of the constant as one more v the sum is 1 and the objective a homogeneous ‖A v‖² in
the errors; the minimiser of ‖A v‖² + (1 − Σ v)² over v ≥ 0 lies on the same ray, so that one non-negative least squares problem gives both. The
honest score of the stack predicts each fold with weights from the other folds.
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
    F = np.stack(oofs)
    usable = np.isfinite(F).all(axis=(0, 2)) & folds.scored
    out = np.full(y.shape, np.nan)
    for k in range(folds.count):
        scored, seen = usable & folds.held_out(k), folds.train(k)
        others = usable & seen
        both = np.concatenate([F, _constant(y, weight, folds, seen)[None]])
        # the first block forward in time has nothing earlier with a score
        weights = _solve(both[:, others], y[others], weight[others]) if others.any() else _equal(len(oofs), y.shape[1])
        out[scored] = np.einsum("tnq,tq->nq", both[:, scored], weights)
    both = np.concatenate([F, _constant(y, weight, folds, np.ones(len(y), dtype=bool))[None]])
    return NnlsStack(_solve(both[:, usable], y[usable], weight[usable])[:-1], out)


def _constant(y: Matrix, weight: Matrix, folds: Folds, seen: NDArray[np.bool_]) -> Matrix:
    """For each row the mean of those `seen` from which it may be predicted, with shape (n, q); of all of these where there are none."""
    out = np.zeros(y.shape)
    for k in range(folds.count):
        rows = seen & folds.train(k)
        rows = rows if rows.any() else seen
        if rows.any():
            out[folds.held_out(k)] = np.average(y[rows], axis=0, weights=weight[rows])
    return out


def _equal(count: int, q: int) -> Matrix:
    """Equal weights of the teachers and none of the constant."""
    return np.vstack([np.full((count, q), 1 / count), np.zeros((1, q))])


def _solve(F: Matrix, y: Matrix, weight: Matrix) -> Matrix:
    """Weights with shape (T + 1, q) from predictions with shape (T + 1, n, q), those of the constant the last."""
    count, q = len(F) - 1, F.shape[2]
    errors = (y - F) * np.sqrt(weight)[:, None]
    apart = np.column_stack([np.eye(count) - 1 / count, np.zeros(count)])
    weights = np.empty((count + 1, q))
    for c in range(q):
        R = errors[:, :, c].T
        noise = max(float((R**2).sum(0).min()) / float(weight.sum()), 1e-30)
        A = np.vstack([R, np.sqrt(PULL * noise) * apart])
        A /= max(float(np.linalg.norm(A)), 1e-300)
        v = nnls(np.vstack([A, np.ones(count + 1)]), np.append(np.zeros(len(A)), 1.0))[0]
        weights[:, c] = v / v.sum()
    return weights
