"""How much of the network's variance a column, and a pair of columns beyond both alone, has a part in; no target is needed.

With x and x' two rows and x^j the row x with column j of x',

    T_j = ½ E( f(x) − f(x^j) )² / Var f                          total Sobol index (Jansen 1999)
    Υ_jk = ¼ E( f(x) − f(x^j) − f(x^k) + f(x^jk) )² / Var f       superset importance (Liu and Owen, JASA 101, 2006, Theorem 1)

Both are shares of the variance where columns are independent, and 0 where f is additive in j, in j and k. Υ_jk is the mean squared second difference.
Of several outputs the sums of numerators and of variances are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from motifnet.explain._columns import RawColumn
from motifnet.tables import Matrix

PAIRED_ROWS, PAIRED_COLUMNS = 200, 6
Values = Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Share:
    """A share of the variance with its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Pair:
    """Two columns and their interaction."""

    first: str
    second: str
    share: Share


def sensitivity(columns: Sequence[RawColumn], X: Matrix, values: Values, seed: int) -> tuple[list[Share], list[Pair]]:
    """T of every column, and Υ of the pairs of the `PAIRED_COLUMNS` with the largest T, the strongest first, by rows X with shape (n, d)."""
    rng = np.random.default_rng([seed, 11])
    chosen = rng.permutation(len(X))[:PAIRED_ROWS]
    A, B = X[chosen], X[np.roll(chosen, 1)]
    base = values(A)
    variance = float(values(X).var(0).sum())
    alone = [base - values(_swapped(A, B, column)) for column in columns]
    total = [_share(difference, 2, variance) for difference in alone]
    leading = sorted(np.argsort([-share.value for share in total], kind="stable")[:PAIRED_COLUMNS].tolist())
    pairs = []
    for j, k in combinations(leading, 2):
        together = base - values(_swapped(A, B, columns[j], columns[k]))
        pairs.append(Pair(columns[j].name, columns[k].name, _share(together - alone[j] - alone[k], 4, variance)))
    return total, sorted(pairs, key=lambda pair: -pair.share.value)


def _swapped(A: Matrix, B: Matrix, *columns: RawColumn) -> Matrix:
    """The rows of A with these columns of B."""
    mixed = A.copy()
    for column in columns:
        mixed[:, column.where] = B[:, column.where]
    return mixed


def _share(difference: Matrix, divisor: int, variance: float) -> Share:
    terms = (difference**2).sum(1) / divisor
    if not variance > 0:
        return Share(0.0, 0.0)
    return Share(float(terms.mean() / variance), float(terms.std() / np.sqrt(len(terms)) / variance))
