"""A first look at a group, by least squares: does the target plainly tell apart what the group would make one?

Under an invariance the monomials that an invariant function cannot have add nothing to a model of invariant ones. The F-test of them beside the
quotient's columns, their squares and their products is no proof, for an invariant function need not be quadratic, and so a group is dropped only
where it is beyond doubt. It costs a thousandth of the test in the smooth model.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import f as f_distribution

from motifnet.profiling._group import Group, non_invariant
from motifnet.tables import Matrix

DOUBT = 1e-6
MOST = 6  # columns of the quotient whose products are in the model


def plainly_broken(group: Group, X: Matrix, y: Matrix) -> bool:
    """Whether y with shape (n,) at rows X, in units common to an orbit, contradicts the group beyond doubt."""
    Z, breaks = group.quotient(X), non_invariant(group, X)
    moved = sorted({j for block in group.blocks for j in block})[:MOST]
    products = [Z[:, i] * Z[:, j] for i in moved for j in moved if i < j]
    model = np.column_stack([np.ones(len(X)), Z, Z**2, *products])
    both = np.column_stack([model, breaks])
    before, after = (_left(A, y) for A in (model, both))
    (small, fewer), (large, more) = before, after
    freedom = len(y) - more
    if more <= fewer or freedom < len(y) // 4:
        return False
    F = (small - large) / (more - fewer) / max(large / freedom, 1e-300)
    return bool(f_distribution.sf(F, more - fewer, freedom) < DOUBT)


def _left(A: Matrix, y: Matrix) -> tuple[float, int]:
    """The sum of squares that a least squares fit leaves, and its rank."""
    solution, _, rank, _ = np.linalg.lstsq(A, y, rcond=1e-8)
    return float(((y - A @ solution) ** 2).sum()), int(rank)
