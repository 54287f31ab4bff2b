"""The effect of a column on the prediction, as a curve and as a share of the variance.

Curves, from the network itself:

    numbers    f_j(z) = ∫^z E( ∂f/∂x_j | x_j = t ) dt     accumulated local effects
               (Apley and Zhu, JRSS B 82, 2020, eq. 5 and 10)
    levels     f_j(l) = E( f(x with x_j = l) )            partial dependence (Friedman 2001)

each less its mean over the rows. The first changes a value only to a near one, so that it stays
where rows are, even if columns depend on each other. The band is two standard errors of the average
over rows. With c_gk the share of bin k's mean in point g,

    Var f_j(z_g) = Σ_k c_gk² s_k² / n_k

It measures the error of the average over rows, not the error of the network.

Shares of the network's variance need no target. With x and x' two rows and x^j the row x with
column j of x',

    T_j = ½ E( f(x) − f(x^j) )² / Var f                          total Sobol index (Jansen 1999)
    Υ_jk = ¼ E( f(x) − f(x^j) − f(x^k) + f(x^jk) )² / Var f       superset importance
           (Liu and Owen, JASA 101, 2006, Theorem 1)

Both are shares of the variance where columns are independent. T_j is 0 where f does not depend on
j, Υ_jk where f is additive in j and k. Υ_jk is the mean squared second difference. For several
outputs numerators and variances are summed.

Permutation importance on held-out rows (Breiman 2001; Fisher, Rudin and Dominici, JMLR 20, 2019):

    I_j = Σ_i [ (y_i − f(x_i^π))² − (y_i − f(x_i))² ] / Σ_i (y_i − ȳ)²

where x_i^π is the row with column j of another such row. The unit is the share of the target's
variance, and 0 means that the column is not needed. On rows of the fit, fitted noise would seem to
matter. So f is the network of a fold for the rows of that fold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from motifnet.engine import Matrix
from motifnet.model.explain._evidence import Evidence, RawColumn, ScoredRows

BINS, MAX_LEVELS, TAIL, SIGMAS = 20, 12, 0.01, 1.96
PAIRED_ROWS, PAIRED_COLUMNS = 200, 6
REPEATS = 3
Values = Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Effect:
    """The effect of one column, in the `effects` of an `Explanation`.

    Attributes
    ----------
    name : str
        The column.
    kind : str
        Its kind, such as "numeric" or "categorical".
    at : tuple
        G numbers (dates as ISO strings) or levels.
    value : array with shape (G, q)
        Effect on the prediction, in its units, with mean 0 over the rows.
    error : array with shape (G, q)
        Standard error of the average over rows.
    share : array with shape (G,)
        Share of rows at each.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> effect = model.explain().effects[0]
    >>> effect.value.shape == (len(effect.at), 1)
    True
    """

    name: str
    kind: str
    at: tuple[Any, ...] = field(repr=False)
    value: Matrix = field(repr=False)
    error: Matrix = field(repr=False)
    share: Matrix = field(repr=False)

    @property
    def size(self) -> Matrix:
        """The range of the values of each output, with shape (q,)."""
        return np.asarray(np.ptp(self.value, axis=0))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        numbers = {
            "effect": self.value,
            "lower": self.value - SIGMAS * self.error,
            "upper": self.value + SIGMAS * self.error,
            "share": self.share,
        }
        return {"column": self.name, "kind": self.kind, "at": list(self.at)} | {
            key: array.tolist() for key, array in numbers.items()
        }


def effect_of(column: RawColumn, rows: Evidence, values: Values) -> Effect | None:
    """The effect of a column on these rows; None where the column does not vary in them."""
    return (
        _of_number(column, rows, values) if column.is_number else _of_levels(column, rows, values)
    )


def _of_number(column: RawColumn, rows: Evidence, values: Values) -> Effect | None:
    x = column.numbers_of(rows)
    X, x = rows.X[np.isfinite(x)], x[np.isfinite(x)]
    if not x.size:
        return None
    edges = np.unique(np.quantile(x, np.linspace(TAIL, 1 - TAIL, BINS + 1), method="inverted_cdf"))
    if len(edges) < 2:
        return None
    k = np.clip(np.searchsorted(edges, x), 1, len(edges) - 1)
    blocks = column.at(edges)
    step = values(_with(X, column, blocks[k])) - values(_with(X, column, blocks[k - 1]))
    count = np.bincount(k, minlength=len(edges))[1:].astype(np.float64)
    mean, variance = _moments(step, k - 1, count)
    share = count / count.sum()
    C = np.tri(len(edges), len(count), -1)
    # the rows of a bin lie at its two ends
    at_rows = np.append(share / 2, 0.0) + np.insert(share / 2, 0, 0.0)
    C = C - at_rows @ C
    error = np.sqrt(C**2 @ (variance / np.maximum(count, 1)[:, None]))
    return Effect(column.name, column.kind, _shown(edges, column.kind), C @ mean, error, at_rows)


def _moments(step: Matrix, k: Any, count: Matrix) -> tuple[Matrix, Matrix]:
    """Mean and variance of the steps of each bin, with shape (K, q)."""
    per = np.maximum(count, 1)[:, None]
    mean = np.stack([np.bincount(k, column, len(count)) for column in step.T], 1) / per
    square = np.stack(
        [np.bincount(k, column, len(count)) for column in ((step - mean[k]) ** 2).T], 1
    )
    return mean, square / np.maximum(per - 1, 1)


def _of_levels(column: RawColumn, rows: Evidence, values: Values) -> Effect | None:
    X, (names, blocks) = rows.X, column.levels()
    if len(names) < 2:
        return None
    count = np.bincount(column.codes_of(rows), minlength=len(names))
    chosen = [int(j) for j in np.argsort(-count, kind="stable")[:MAX_LEVELS] if count[j]]
    if len(chosen) < 2:
        return None
    P = np.stack([values(_with(X, column, np.repeat(blocks[[j]], len(X), 0))) for j in chosen], 1)
    share = count[chosen] / count[chosen].sum()
    P = P - np.einsum("nlq,l->nq", P, share)[:, None]
    return Effect(
        column.name,
        column.kind,
        tuple(names[j] for j in chosen),
        P.mean(0),
        P.std(0) / np.sqrt(len(X)),
        share,
    )


def _with(X: Matrix, column: RawColumn, block: Matrix) -> Matrix:
    """The rows with other values of a column."""
    changed = X.copy()
    changed[:, column.where] = block
    return changed


def _shown(edges: Matrix, kind: str) -> tuple[Any, ...]:
    if kind == "date":
        return tuple(
            str(t)
            for t in np.round(edges)
            .astype(np.int64)
            .astype("datetime64[us]")
            .astype("datetime64[s]")
        )
    return tuple(float(value) for value in edges)


@dataclass(frozen=True)
class Share:
    """A share of the variance.

    Attributes
    ----------
    value : float
    error : float
        Its standard error.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> share = model.explain().importances[0].sensitivity
    >>> print(share)
    0... ± 0...
    """

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.error:.3f}"


@dataclass(frozen=True)
class Pair:
    """Two columns and their interaction.

    Attributes
    ----------
    first, second : str
        The columns.
    share : Share
        Υ, the mean squared second difference as a share of the network's variance.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> pair = model.explain().interactions[0]
    >>> pair.first != pair.second
    True
    """

    first: str
    second: str
    share: Share


def sensitivity(
    columns: Sequence[RawColumn], X: Matrix, values: Values, seed: int
) -> tuple[list[Share], list[Pair]]:
    """T of every column, and Υ of pairs, by rows X with shape (n, d).

    The pairs are those of the `PAIRED_COLUMNS` with the largest T, the strongest pair first.
    """
    rng = np.random.default_rng([seed, 11])
    chosen = rng.permutation(len(X))[:PAIRED_ROWS]
    A, B = X[chosen], X[np.roll(chosen, 1)]
    base = values(A)
    variance = float(values(X).var(0).sum())
    single = [base - values(_swapped(A, B, column)) for column in columns]
    total = [_share(difference, 2, variance) for difference in single]
    leading = sorted(
        np.argsort([-share.value for share in total], kind="stable")[:PAIRED_COLUMNS].tolist()
    )
    pairs = []
    for j, k in combinations(leading, 2):
        together = base - values(_swapped(A, B, columns[j], columns[k]))
        pairs.append(
            Pair(
                columns[j].name,
                columns[k].name,
                _share(together - single[j] - single[k], 4, variance),
            )
        )
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
    return Share(
        float(terms.mean() / variance), float(terms.std() / np.sqrt(len(terms)) / variance)
    )


def permutation_importance(
    columns: Sequence[RawColumn], parts: Sequence[ScoredRows], seed: int
) -> list[Share]:
    """I of every column with its standard error over rows."""
    rng = np.random.default_rng([seed, 12])
    rises = np.concatenate([_rises(columns, part, rng) for part in parts], axis=1)
    target = np.concatenate([part.target for part in parts])
    variance = float(target.var(0).sum())
    if not variance > 0:
        return [Share(0.0, 0.0) for _ in columns]
    return [
        Share(float(rise.mean() / variance), float(rise.std() / np.sqrt(len(rise)) / variance))
        for rise in rises
    ]


def _rises(columns: Sequence[RawColumn], part: ScoredRows, rng: np.random.Generator) -> Matrix:
    """The rise of the squared error of each row, with shape (columns, rows)."""
    before = ((part.target - part.predict(part.X)) ** 2).sum(1)
    rises = np.zeros((len(columns), len(part.X)))
    for j, column in enumerate(columns):
        for _ in range(REPEATS):
            moved = part.X.copy()
            moved[:, column.where] = moved[rng.permutation(len(moved)), column.where]
            rises[j] += (((part.target - part.predict(moved)) ** 2).sum(1) - before) / REPEATS
    return rises
