"""From scores on the logarithmic scale to means, by Duan's smearing factor (1983): for each column

    f(x) = c e^{g(x)},    c = Σ_i w_i y_i e^{−g(x_i)} / Σ_i w_i

over rows that g has not seen. e^g alone is about a median; c makes it a mean where relative errors are alike everywhere. Row i is predicted with the
c of the folds from which its own may be predicted, and c = 1 where none of these has a score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from motifnet.stacking._scores import predicted
from motifnet.tables import Folds

Matrix = NDArray[np.float64]


def smearing(log_oof: Matrix, y: Matrix, weight: Matrix, folds: Folds) -> tuple[Matrix, Matrix]:
    """c with shape (q,), and the out-of-fold c e^g with shape (n, q), for out-of-fold g and y > 0, both with shape (n, q)."""
    usable, folds = predicted(log_oof), folds.for_stack
    value = np.exp(log_oof)

    def factor(rows: NDArray[np.bool_]) -> Matrix:
        rows = rows & usable
        return np.asarray(weight[rows] @ (y[rows] / value[rows]) / weight[rows].sum()) if rows.any() else np.ones(y.shape[1])

    out = np.full(y.shape, np.nan)
    for k in range(folds.count):
        held_out = folds.held_out(k)
        out[held_out] = factor(folds.train(k)) * value[held_out]
    return factor(folds.scored), out
