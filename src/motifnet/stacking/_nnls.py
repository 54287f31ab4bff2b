"""Stacked regression (Wolpert 1992, Breiman 1996): for each target column

    min_{v ≥ 0}  Σ_i w_i (y_i − Σ_t v_t f_t(x_i))² + ρ ‖v − 1/T‖²,   f_t out of fold, ρ = the mean of w y²,

non-negative least squares on predictions of rows that the teachers have not seen. The small pull ρ, worth one row, toward equal weights makes the
solution unique where teachers agree. The honest score of the stack predicts each fold with weights from the other folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from motifnet.tables import Folds

Matrix = NDArray[np.float64]


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
        scored = usable & folds.held_out(k)
        others = usable & folds.train(k)
        # the first block forward in time has nothing earlier with a score
        weights = _solve(F[:, others], y[others], weight[others]) if others.any() else np.full((len(F), y.shape[1]), 1 / len(F))
        out[scored] = np.einsum("tnq,tq->nq", F[:, scored], weights)
    return NnlsStack(_solve(F[:, usable], y[usable], weight[usable]), out)


def _solve(F: Matrix, y: Matrix, weight: Matrix) -> Matrix:
    """Weights with shape (T, q) from predictions with shape (T, n, q)."""
    count, n, q = F.shape
    root = np.sqrt(weight)
    pull = np.sqrt(max(float(weight @ (y**2).mean(1)), 1e-300) / n)
    weights = np.empty((count, q))
    for c in range(q):
        A = np.vstack([(F[:, :, c] * root).T, pull * np.eye(count)])
        b = np.concatenate([y[:, c] * root, np.full(count, pull / count)])
        weights[:, c] = nnls(A, b)[0]
    return weights
