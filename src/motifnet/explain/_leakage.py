"""Signs that errors are too good: a column that gives the target away, and rows that come in several folds.

A column alone explains, out of fold,  R² = 1 − Σ (y − ŷ)² / Σ (y − ȳ)²,  by means of its levels, a small tree or a broken line. Above `GIVEN_AWAY` it
is worth asking whether the column is known before the target is. Of several targets the best explained one counts, of classes all together.

A fit looks first at what a number explains of the target of its neighbours, which costs a sort (Rice, Ann. Statist. 12, 1984):

    1 − Σ_i (y_(i+1) − y_(i))² / (2 Σ_i (y_i − ȳ)²),   rows in the order of the column
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import warn_caller
from motifnet.explain._columns import RawColumn
from motifnet.explain._rows import Evidence
from motifnet.explain._twins import ADVICE, are_many, twins
from motifnet.tables import Matrix

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]
Predict = Callable[[Mask, Mask], Matrix]  # from rows that are known and rows to predict to the predictions of these

GIVEN_AWAY, PROMISING, LEAST_ROWS, LEAVES, LOOKED_AT = 0.99, 0.9, 30, 64, 2_000
KNOWN_LATE = "Make sure that the column is known before the target is, or leave it out."


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
        signs = [{"found": _alone(name, share), "advice": KNOWN_LATE} for name, share in shares.items()]
        if are_many(self.repeated, self.rows):
            found = f"{self.repeated:,} of {self.rows:,} rows have a twin with the same columns in another fold"
            signs.append({"found": found, "advice": ADVICE})
        return signs


def leakage(columns: Sequence[RawColumn], evidence: Evidence, classes: bool, seed: int) -> Leakage:
    """The check on rows with folds; rows without folds are dealt to three."""
    n, rows = len(evidence.X), _dealt(evidence, seed)
    alone = None
    if _can_tell(rows):
        alone = {column.name: _explained(column, rows, classes) for column in columns}
    given = tuple(name for name, share in (alone or {}).items() if share > GIVEN_AWAY)
    repeated = 0 if evidence.folds is None or evidence.table is None else int(twins(evidence.table, evidence.folds).sum())
    return Leakage(alone, given, repeated, n)


def warn_of_leaks(columns: Sequence[RawColumn], evidence: Evidence, classes: bool, seed: int) -> None:
    """Say so where one of several columns gives the target away; on some rows of a fit."""
    some = np.random.default_rng([seed, 17]).permutation(len(evidence.X))[:LOOKED_AT]
    rows = _dealt(evidence.take(some), seed)
    if len(columns) < 2 or not _can_tell(rows):
        return
    worth = [c for c in columns if not c.is_number or _of_neighbours(c.numbers_of(rows), rows, classes) > PROMISING]
    shares = {column.name: _explained(column, rows, classes) for column in worth}
    given = [_alone(name, share) for name, share in shares.items() if share > GIVEN_AWAY]
    if given:
        more = f", and so do {len(given) - 1} more" if len(given) > 1 else ""
        warn_caller(f"{given[0][0].upper()}{given[0][1:]}{more}. {KNOWN_LATE}")


def _alone(name: str, share: float) -> str:
    return f"column {name!r} alone explains {share:.1%} of the target's variance"


def _dealt(evidence: Evidence, seed: int) -> Evidence:
    if evidence.folds is not None:
        return evidence
    return replace(evidence, folds=np.random.default_rng([seed, 14]).permutation(len(evidence.X)) % 3)


def _can_tell(rows: Evidence) -> bool:
    y, folds = rows.observed, rows.folds
    return y is not None and folds is not None and len(y) >= LEAST_ROWS and bool(y.var(0).sum() > 0) and len(np.unique(folds)) > 1


def _explained(column: RawColumn, rows: Evidence, classes: bool) -> float:
    assert rows.observed is not None and rows.folds is not None
    y, folds = rows.observed, rows.folds
    if not column.is_number and column.levels()[0]:
        return _out_of_fold(_by_levels(column.codes_of(rows), y), y, folds, classes)
    share = _out_of_fold(_by_tree(rows.X[:, column.where], y), y, folds, classes)
    return max(share, _out_of_fold(_by_line(column.numbers_of(rows), y), y, folds, classes)) if column.is_number else share


def _out_of_fold(predict: Predict, y: Matrix, folds: Codes, classes: bool) -> float:
    predicted = np.empty_like(y)
    for k in np.unique(folds):
        out = folds == k
        predicted[out] = predict(~out, out)
    return _share((y - predicted) ** 2, y, classes)


def _by_levels(codes: Codes, y: Matrix) -> Predict:
    def predict(known: Mask, out: Mask) -> Matrix:
        count = np.bincount(codes[known], minlength=codes.max() + 1)
        sums = np.stack([np.bincount(codes[known], column, len(count)) for column in y[known].T], 1)
        means = np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], y[known].mean(0))
        return np.asarray(means[codes[out]])

    return predict


def _by_tree(z: Matrix, y: Matrix) -> Predict:
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, random_state=0)
    return lambda known, out: tree.fit(z[known], y[known]).predict(z[out]).reshape(int(out.sum()), -1)


def _by_line(x: Matrix, y: Matrix) -> Predict:
    """Straight through the rows that are known, and on beyond them: what depends on the column smoothly needs few of them."""
    from scipy.interpolate import interp1d

    def predict(known: Mask, out: Mask) -> Matrix:
        there = known & np.isfinite(x)
        at, where, count = np.unique(x[there], return_inverse=True, return_counts=True)
        mean = y[known].mean(0)
        if len(at) < 2:
            return np.tile(mean, (int(out.sum()), 1))
        means = np.stack([np.bincount(where, column) / count for column in y[there].T], 1)
        with np.errstate(all="ignore"):  # between the ends of float64 there is no line, and nothing is explained
            line = interp1d(at, means, axis=0, fill_value="extrapolate")(x[out])
        return np.where(np.isfinite(x[out])[:, None], line, mean)

    return predict


def _of_neighbours(x: Matrix, rows: Evidence, classes: bool) -> float:
    """By rows in random order, so that ties are too."""
    assert rows.observed is not None
    return _share(np.diff(rows.observed[np.argsort(x, kind="stable")], axis=0) ** 2 / 2, rows.observed, classes)


def _share(squares: Matrix, y: Matrix, classes: bool) -> float:
    """What is not left of the variance, with squared errors and targets of q columns."""
    left, all_of_it = squares.sum(0), ((y - y.mean(0)) ** 2).sum(0)
    if classes:
        return float(1 - left.sum() / all_of_it.sum())
    return float((1 - left[all_of_it > 0] / all_of_it[all_of_it > 0]).max())
