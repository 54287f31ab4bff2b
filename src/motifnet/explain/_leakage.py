"""Signs that errors are too good: a column that gives the target away, and rows that come in several folds.

A column alone explains, out of fold,  R² = 1 − Σ (y − ŷ)² / Σ (y − ȳ)²  by a small regression tree. Above `GIVEN_AWAY` it is worth asking whether the
column is known before the target is. Rows are repeated where all encoded columns agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.explain._columns import RawColumn
from motifnet.explain._rows import Evidence
from motifnet.tables import Matrix

Codes = NDArray[np.int64]

GIVEN_AWAY, LEAST_ROWS, LEAVES, DIGITS, REPEATED = 0.97, 30, 64, 9, 0.01
KNOWN_LATE = "Make sure that the column is known before the target is, or leave it out."
TWINS = "If twins are of one object, errors are too good: pass the object as groups to the fit."


@dataclass(frozen=True)
class Leakage:
    """`alone`: R² of each column by itself, None where it is not known; `given_away`: those above the limit; `repeated`: rows that have a twin in
    another fold, of `rows`."""

    alone: dict[str, float] | None
    given_away: tuple[str, ...]
    repeated: int
    rows: int

    @property
    def found(self) -> list[dict[str, str]]:
        """What was found, and what to do: {"found", "advice"}; empty where nothing was."""
        shares = {name: (self.alone or {})[name] for name in self.given_away}
        signs = [{"found": f"column {n!r} alone explains {share:.1%} of the target's variance", "advice": KNOWN_LATE} for n, share in shares.items()]
        if self.repeated > REPEATED * self.rows:
            twins = f"{self.repeated:,} of {self.rows:,} rows have a twin with the same columns in another fold"
            signs.append({"found": twins, "advice": TWINS})
        return signs


def leakage(columns: Sequence[RawColumn], evidence: Evidence, seed: int) -> Leakage:
    """The check on rows with folds; rows without folds are dealt to three."""
    n = len(evidence.X)
    folds = evidence.folds if evidence.folds is not None else np.random.default_rng([seed, 14]).permutation(n) % 3
    alone = None
    if evidence.observed is not None and n >= LEAST_ROWS and evidence.observed.var(0).sum() > 0 and len(np.unique(folds)) > 1:
        alone = {column.name: _explained(evidence.X[:, column.where], evidence.observed, folds) for column in columns}
    given = tuple(name for name, share in (alone or {}).items() if share > GIVEN_AWAY)
    return Leakage(alone, given, _repeated(evidence.X, folds) if evidence.folds is not None else 0, n)


def _explained(z: Matrix, y: Matrix, folds: Codes) -> float:
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=3, random_state=0)
    predicted = np.empty_like(y)
    for k in np.unique(folds):
        out = folds == k
        predicted[out] = tree.fit(z[~out], y[~out]).predict(z[out]).reshape(int(out.sum()), -1)
    return float(1 - ((y - predicted) ** 2).sum() / ((y - y.mean(0)) ** 2).sum())


def _repeated(X: Matrix, folds: Codes) -> int:
    """Rows of which an equal one lies in another fold."""
    _, same = np.unique(np.round(X, DIGITS), axis=0, return_inverse=True)
    same = same.ravel()
    first = np.full(same.max() + 1, folds.max() + 1)
    np.minimum.at(first, same, folds)
    last = np.full(same.max() + 1, folds.min() - 1)
    np.maximum.at(last, same, folds)
    return int((first != last)[same].sum())
