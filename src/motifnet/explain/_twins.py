"""Rows that look like one object entered twice: all columns agree, in every digit of several numbers, where chance would not have it.

The chance that two rows agree in a column is its collision probability c_j = Σ_v n_v (n_v − 1) / n (n − 1), with n_v rows of the value v. Columns
count as evidence where they are numbers or dates with c_j ≤ 1/20, and no other such column orders the rows alike (|rank correlation| ≤ .99): in a
table of few categories, small integers or one measurement in two units copies say nothing. By chance, so many pairs of n rows agree:

    n (n − 1) / 2 · Π_j c_j

Where these are fewer than `EXPECTED_PAIRS`, by at least `LEAST_COLUMNS` columns, rows that agree are taken for twins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import warn_caller
from motifnet.tables import Column, Table

COLLISION, ALIKE, LEAST_COLUMNS, EXPECTED_PAIRS, LEAST_TWINS, SHARE = 0.05, 0.99, 3, 0.01, 4, 0.01
ADVICE = "If twins are of one object, errors are too good: pass the object as groups to the fit."
Mask = NDArray[np.bool_]


def twins(table: Table, groups: NDArray[Any] | None = None) -> Mask:
    """Rows, with shape (n,), that have a twin: of another group, where groups (or folds) are given. None where copies are what chance gives."""
    import pandas as pd

    codes = [pd.factorize(column.values, use_na_sentinel=False)[0] for column in table.columns]
    frame = pd.DataFrame(dict(enumerate(codes)))
    rows = frame.duplicated(keep=False).to_numpy().copy()
    if rows.any() and groups is not None:
        copy = frame[rows].groupby(list(frame), sort=False)[0].ngroup().to_numpy()
        own = pd.Series(groups[rows]).groupby(copy)
        rows[rows] = (own.transform("nunique") > 1).to_numpy()
    if not rows.any() or not _are_unexpected(table, codes):
        rows[:] = False
    return rows


def warn_of_twins(table: Table, groups: NDArray[Any] | None) -> None:
    """Say so where many rows of a fit have a twin that groups do not keep together with them."""
    count = int(twins(table, np.arange(table.n) if groups is None else groups).sum())
    if are_many(count, table.n):
        warn_caller(
            f"{count:,} of {table.n:,} rows have a twin that agrees with them in every digit of every column. If twins are one object entered twice, "
            "the errors of the fit are too good: pass groups= (--groups), with the same value for all rows of an object."
        )


def are_many(count: int, n: int) -> bool:
    """Whether so many twins among n rows make errors too good."""
    return count > max(LEAST_TWINS, SHARE * n)


def _are_unexpected(table: Table, codes: list[NDArray[np.int64]]) -> bool:
    """Whether chance would hardly make any pair of rows agree."""
    pairs, kept = table.n * (table.n - 1) / 2, list[NDArray[np.float64]]()
    for column, code in zip(table.columns, codes, strict=True):
        count = np.bincount(code)
        collision = float((count * (count - 1.0)).sum() / (table.n * (table.n - 1.0)))
        if column.kind in ("numeric", "date") and collision <= COLLISION:
            ranks = _ranks(column)
            if all(abs(float(ranks @ other)) <= ALIKE for other in kept):
                kept.append(ranks)
                pairs *= collision
                if len(kept) >= LEAST_COLUMNS and pairs < EXPECTED_PAIRS:
                    return True
    return False


def _ranks(column: Column) -> NDArray[np.float64]:
    """Ranks with mean 0 and length 1."""
    from scipy.stats import rankdata

    ranks = rankdata(np.nan_to_num(column.values))
    ranks -= ranks.mean()
    return ranks / max(float(np.linalg.norm(ranks)), 1e-300)
