"""The effect of a column on the prediction, from the network itself.

    numbers    f_j(z) = ∫^z E( ∂f/∂x_j | x_j = t ) dt     accumulated local effects (Apley and Zhu, JRSS B 82, 2020, eq. 5 and 10)
    levels     f_j(l) = E( f(x with x_j = l) )            partial dependence (Friedman 2001)

each less its mean over the rows. The first asks only for values near those that a row has, so that columns that depend on each other do not lead it
to where there are no rows. The band is two standard errors of the average over rows: with c_gk the share of bin k's mean in point g,

    Var f_j(z_g) = Σ_k c_gk² s_k² / n_k

It says how well the average over such rows is known, not how well the network is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from motifnet.explain._columns import RawColumn
from motifnet.explain._rows import Evidence
from motifnet.tables import Matrix

BINS, MOST_LEVELS, TAIL, SIGMAS = 20, 12, 0.01, 1.96
Values = Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Effect:
    """`at`: G numbers (dates as ISO texts) or levels; `value` and `error` with shape (G, q), in units of the prediction; `share` of rows."""

    name: str
    kind: str
    at: tuple[Any, ...]
    value: Matrix
    error: Matrix
    share: Matrix

    @property
    def size(self) -> Matrix:
        """Largest less smallest value of each output, with shape (q,)."""
        return np.asarray(np.ptp(self.value, axis=0))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        numbers = {"effect": self.value, "lower": self.value - SIGMAS * self.error, "upper": self.value + SIGMAS * self.error, "share": self.share}
        return {"column": self.name, "kind": self.kind, "at": list(self.at)} | {key: array.tolist() for key, array in numbers.items()}


def effect_of(column: RawColumn, rows: Evidence, values: Values) -> Effect | None:
    """The effect of a column by these rows; None where they do not vary in it."""
    return _of_number(column, rows, values) if column.is_number else _of_levels(column, rows, values)


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
    at_rows = np.append(share / 2, 0.0) + np.insert(share / 2, 0, 0.0)  # a bin's rows lie at its two ends
    C = C - at_rows @ C
    error = np.sqrt(C**2 @ (variance / np.maximum(count, 1)[:, None]))
    return Effect(column.name, column.kind, _shown(edges, column.kind), C @ mean, error, at_rows)


def _moments(step: Matrix, k: Any, count: Matrix) -> tuple[Matrix, Matrix]:
    """Mean and variance of the steps of each bin, with shape (K, q)."""
    per = np.maximum(count, 1)[:, None]
    mean = np.stack([np.bincount(k, column, len(count)) for column in step.T], 1) / per
    square = np.stack([np.bincount(k, column, len(count)) for column in ((step - mean[k]) ** 2).T], 1)
    return mean, square / np.maximum(per - 1, 1)


def _of_levels(column: RawColumn, rows: Evidence, values: Values) -> Effect | None:
    X, (names, blocks) = rows.X, column.levels()
    if len(names) < 2:
        return None
    count = np.bincount(column.codes_of(rows), minlength=len(names))
    chosen = [int(j) for j in np.argsort(-count, kind="stable")[:MOST_LEVELS] if count[j]]
    if len(chosen) < 2:
        return None
    P = np.stack([values(_with(X, column, np.repeat(blocks[[j]], len(X), 0))) for j in chosen], 1)
    share = count[chosen] / count[chosen].sum()
    P = P - np.einsum("nlq,l->nq", P, share)[:, None]
    return Effect(column.name, column.kind, tuple(names[j] for j in chosen), P.mean(0), P.std(0) / np.sqrt(len(X)), share)


def _with(X: Matrix, column: RawColumn, block: Matrix) -> Matrix:
    """The rows with other values of the column."""
    changed = X.copy()
    changed[:, column.where] = block
    return changed


def _shown(edges: Matrix, kind: str) -> tuple[Any, ...]:
    if kind == "date":
        return tuple(str(t) for t in np.round(edges).astype(np.int64).astype("datetime64[us]").astype("datetime64[s]"))
    return tuple(float(value) for value in edges)
