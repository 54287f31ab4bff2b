"""The exact cost of moving one set of masses to another, c(a, b) = min Σ π_ij D_ij over plans π with sums a and b: an assignment where all masses are
equal, else the linear programme. Both are scipy's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import eye_array, kron, vstack

Matrix = NDArray[np.float64]


def transport_cost(D: Matrix, a: Matrix, b: Matrix) -> float:
    """D with shape (n, m); positive masses a with shape (n,) and b with shape (m,) of equal sum."""
    if len(a) == len(b) and a.min() == a.max() and b.min() == b.max():
        i, j = linear_sum_assignment(D)
        return float(a[0] * D[i, j].sum())
    total, (n, m) = a.sum(), D.shape
    sums = vstack([kron(eye_array(n), np.ones((1, m))), kron(np.ones((1, n)), eye_array(m))], format="csr")
    # the last sum follows from the others; asking for it again could make rounding infeasible
    found = linprog(D.ravel(), A_eq=sums[:-1], b_eq=np.concatenate([a / total, b / b.sum()])[:-1], method="highs")
    return float(total * found.fun)
