"""Signs of too small errors: a column that gives the target away, and rows that occur twice.

A single column explains, out of fold,

    R² = 1 − Σ (y − ŷ)² / Σ (y − ȳ)²

by its levels, a small tree or a broken line. Above `GIVEN_AWAY` the column may not be known before
the target is. Of several targets the best explained one counts; classes count together. A fit first
computes the share that a number explains by its neighbours, which costs a sort (Rice, Ann. Statist.
12, 1984):

    1 − Σ_i (y_(i+1) − y_(i))² / (2 Σ_i (y_i − ȳ)²),   rows in the order of the column

Twins are rows that look like one object entered twice. All columns agree, in every digit of several
numbers, and chance does not explain it. Two rows agree in a column by chance with its collision
probability c_j = Σ_v n_v (n_v − 1) / n (n − 1), with n_v rows of the value v. A column counts as
evidence if it holds numbers or dates with c_j ≤ 1/20, and if no other such column has the same
order of rows (|rank correlation| ≤ .99). So copies say nothing in a table of categories, of small
integers or of one measurement in two units. The expected number of agreeing pairs of n rows is

    n (n − 1) / 2 · Π_j c_j

Rows that agree are twins if this is below `EXPECTED_PAIRS` by at least `MIN_COLUMNS` columns. Twins
that agree in the target too are copies. A fit keeps copies on one side of every split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, warn_caller
from motifnet.model.explain._evidence import Evidence, RawColumn
from motifnet.tables import Column, Table

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]
Predict = Callable[[Mask, Mask], Matrix]  # (known rows, rows to predict) → predictions

GIVEN_AWAY = 0.99  # share of the variance that a column explains alone
PROMISING = 0.9  # share by neighbours, above which a fit computes the other
MIN_ROWS, MAX_ROWS = 30, 2_000
LEAVES = 64
COLLISION, ALIKE = 0.05, 0.99  # limits of c_j and of the rank correlation
MIN_COLUMNS, EXPECTED_PAIRS = 3, 0.01
MIN_TWINS, TWIN_SHARE = 4, 0.01  # rows that a warning needs
KNOWN_LATE = "Make sure that the column is known before the target is, or leave it out."
ADVICE = "If twins are of one object, errors are too good: pass the object as groups to the fit."


@dataclass(frozen=True)
class Leakage:
    """Signs of leakage.

    Attributes
    ----------
    alone : dict or None
        R² of each single column, None where it is unknown.
    given_away : tuple of str
        The columns above the limit of .99.
    repeated : int
        Number of rows that have a twin in another fold.
    rows : int
        Number of rows that were looked at.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> model.explain().leakage.found
    []
    """

    alone: dict[str, float] | None
    given_away: tuple[str, ...]
    repeated: int
    rows: int

    @property
    def found(self) -> list[dict[str, str]]:
        """Each sign with advice, as {"found", "advice"}."""
        shares = {name: (self.alone or {})[name] for name in self.given_away}
        signs = [
            {"found": _alone(name, share), "advice": KNOWN_LATE} for name, share in shares.items()
        ]
        if are_many(self.repeated, self.rows):
            found = (
                f"{self.repeated:,} of {self.rows:,} rows have a twin with the same columns in "
                "another fold"
            )
            signs.append({"found": found, "advice": ADVICE})
        return signs


def leakage(columns: Sequence[RawColumn], evidence: Evidence, classes: bool, seed: int) -> Leakage:
    """The check on rows with folds. Rows without folds are dealt to three."""
    n, rows = len(evidence.X), _dealt(evidence, seed)
    alone = None
    if _can_tell(rows):
        alone = {column.name: _explained(column, rows, classes) for column in columns}
    given = tuple(name for name, share in (alone or {}).items() if share > GIVEN_AWAY)
    repeated = (
        0
        if evidence.folds is None or evidence.table is None
        else int(twins(evidence.table, evidence.folds).sum())
    )
    return Leakage(alone, given, repeated, n)


def warn_of_leaks(
    columns: Sequence[RawColumn], evidence: Evidence, classes: bool, seed: int
) -> None:
    """Warn if one of several columns gives the target away, by some rows of a fit."""
    some = np.random.default_rng([seed, 17]).permutation(len(evidence.X))[:MAX_ROWS]
    rows = _dealt(evidence.take(some), seed)
    if len(columns) < 2 or not _can_tell(rows):
        return
    worth = [
        c
        for c in columns
        if not c.is_number or _of_neighbours(c.numbers_of(rows), rows, classes) > PROMISING
    ]
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
    return replace(
        evidence, folds=np.random.default_rng([seed, 14]).permutation(len(evidence.X)) % 3
    )


def _can_tell(rows: Evidence) -> bool:
    y, folds = rows.observed, rows.folds
    return (
        y is not None
        and folds is not None
        and len(y) >= MIN_ROWS
        and bool(y.var(0).sum() > 0)
        and len(np.unique(folds)) > 1
    )


def _explained(column: RawColumn, rows: Evidence, classes: bool) -> float:
    assert rows.observed is not None and rows.folds is not None
    y, folds = rows.observed, rows.folds
    if not column.is_number and column.levels()[0]:
        return _out_of_fold(_by_levels(column.codes_of(rows), y), y, folds, classes)
    share = _out_of_fold(_by_tree(rows.X[:, column.where], y), y, folds, classes)
    return (
        max(share, _out_of_fold(_by_line(column.numbers_of(rows), y), y, folds, classes))
        if column.is_number
        else share
    )


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
    return lambda known, out: (
        tree.fit(z[known], y[known]).predict(z[out]).reshape(int(out.sum()), -1)
    )


def _by_line(x: Matrix, y: Matrix) -> Predict:
    """A broken line through the known rows, continued beyond them. Smooth targets need few rows."""
    from scipy.interpolate import interp1d

    def predict(known: Mask, out: Mask) -> Matrix:
        there = known & np.isfinite(x)
        at, where, count = np.unique(x[there], return_inverse=True, return_counts=True)
        mean = y[known].mean(0)
        if len(at) < 2:
            return np.tile(mean, (int(out.sum()), 1))
        means = np.stack([np.bincount(where, column) / count for column in y[there].T], 1)
        # a line between the ends of float64 overflows and explains nothing
        with np.errstate(all="ignore"):
            line = interp1d(at, means, axis=0, fill_value="extrapolate")(x[out])
        return np.where(np.isfinite(x[out])[:, None], line, mean)

    return predict


def _of_neighbours(x: Matrix, rows: Evidence, classes: bool) -> float:
    """The share by neighbours. Rows are in random order, so that ties are too."""
    assert rows.observed is not None
    return _share(
        np.diff(rows.observed[np.argsort(x, kind="stable")], axis=0) ** 2 / 2,
        rows.observed,
        classes,
    )


def _share(squares: Matrix, y: Matrix, classes: bool) -> float:
    """The explained share of the variance, by squared errors and targets of q columns."""
    residual, total = squares.sum(0), ((y - y.mean(0)) ** 2).sum(0)
    if classes:
        return float(1 - residual.sum() / total.sum())
    return float((1 - residual[total > 0] / total[total > 0]).max())


def twins(table: Table, groups: NDArray[Any] | None = None) -> Mask:
    """The rows that have a twin, with shape (n,); with groups (or folds) one of another group.

    No row has one where chance explains the copies.
    """
    import pandas as pd

    codes = _codes(table)
    frame = pd.DataFrame(dict(enumerate(codes)))
    rows = frame.duplicated(keep=False).to_numpy().copy()
    if rows.any() and groups is not None:
        copy = frame[rows].groupby(list(frame), sort=False)[0].ngroup().to_numpy()
        own = pd.Series(groups[rows]).groupby(copy)
        rows[rows] = (own.transform("nunique") > 1).to_numpy()
    if not rows.any() or not _are_unexpected(table, codes):
        rows[:] = False
    return rows


def duplicate_rows(table: Table, y: NDArray[Any]) -> Codes | None:
    """Codes with shape (n,), equal for rows that are copies, of a table and its target y with shape
    (n, q); None if these are few.
    """
    import pandas as pd

    codes = _codes(table)
    frame = pd.DataFrame(dict(enumerate([*codes, *y.T])))
    if not are_many(int(frame.duplicated(keep=False).sum()), table.n):
        return None
    if not _are_unexpected(table, codes):
        return None
    return frame.groupby(list(frame), sort=False, dropna=False).ngroup().to_numpy(dtype=np.int64)


def warn_of_twins(table: Table, groups: NDArray[Any] | None, together: bool = False) -> None:
    """Warn if many rows of a fit have a twin in another group, or are copies that it keeps
    `together`.
    """
    import pandas as pd

    count = int(twins(table, np.arange(table.n) if groups is None else groups).sum())
    if are_many(count, table.n):
        warn_caller(
            f"{count:,} of {table.n:,} rows have a twin that agrees with them in every digit of "
            "every column. If twins are one object entered twice, the errors of the fit are too "
            "good: pass groups= (--groups), with the same value for all rows of an object."
        )
    elif together:
        again = int(pd.Series(groups).duplicated().sum())
        warn_caller(
            f"{again:,} of {table.n:,} rows are copies of another one, in every column and the "
            "target. The fit keeps copies on one side of every split, so that its errors are those "
            "of new rows. Leave copies out, or pass groups= (--groups) if they are other objects."
        )


def are_many(count: int, n: int) -> bool:
    """Whether this number of twins among n rows makes errors too good."""
    return count > max(MIN_TWINS, TWIN_SHARE * n)


def _codes(table: Table) -> list[Codes]:
    """Of each column, codes that equal values share."""
    import pandas as pd

    return [pd.factorize(column.values, use_na_sentinel=False)[0] for column in table.columns]


def _are_unexpected(table: Table, codes: list[Codes]) -> bool:
    """Whether chance makes hardly any pair of rows agree."""
    pairs, kept = table.n * (table.n - 1) / 2, list[NDArray[np.float64]]()
    for column, code in zip(table.columns, codes, strict=True):
        count = np.bincount(code)
        collision = float((count * (count - 1.0)).sum() / (table.n * (table.n - 1.0)))
        if column.kind in ("numeric", "date") and collision <= COLLISION:
            ranks = _ranks(column)
            if all(abs(float(ranks @ other)) <= ALIKE for other in kept):
                kept.append(ranks)
                pairs *= collision
                if len(kept) >= MIN_COLUMNS and pairs < EXPECTED_PAIRS:
                    return True
    return False


def _ranks(column: Column) -> NDArray[np.float64]:
    """Ranks with mean 0 and length 1."""
    from scipy.stats import rankdata

    ranks = rankdata(np.nan_to_num(column.values))
    ranks -= ranks.mean()
    return ranks / max(float(np.linalg.norm(ranks)), 1e-300)
