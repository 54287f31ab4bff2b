"""Rows in canonical form: without zero weight, sorted.

So the same rows give the same model, whatever their order. Columns are compared from the first to the last, then y, group, time and weight; levels by
their own order, missing values last. Equal rows stay as many as they are: they are independent observations, unless groups say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._column import Column
from motifnet.tables._level import codes_of, levels_of
from motifnet.tables._sample import Matrix
from motifnet.tables._table import Table

_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class CanonicalRows:
    """m rows; `groups` are codes without gaps; `rows` with shape (m,): the number of each row in the table that came in."""

    table: Table
    y: NDArray[Any]
    weight: Matrix
    groups: NDArray[np.int64] | None
    time: Matrix | None
    rows: NDArray[np.int64]


def canonical(table: Table, y: NDArray[Any], weight: Matrix, groups: NDArray[np.int64] | None = None, time: Matrix | None = None) -> CanonicalRows:
    """Canonical rows of a table with target y with shape (n,) or (n, q)."""
    keys = [_key(column) for column in table.columns] + list(y.reshape(len(y), -1).T)
    keys += [key for key in (groups, time, weight) if key is not None]
    used = np.flatnonzero(weight > 0)
    rows = used[np.lexsort([key[used] for key in reversed(keys)])]
    codes = None if groups is None else np.unique(groups[rows], return_inverse=True)[1].astype(np.int64)
    return CanonicalRows(table.take(rows), y[rows], weight[rows], codes, None if time is None else time[rows], rows)


def _key(column: Column) -> NDArray[Any]:
    """Numbers that sort and compare as the values do."""
    if column.kind == "categorical":
        return codes_of(column, levels_of(column))
    if column.kind == "date":
        return np.where(column.gaps, _LAST, column.values)
    return column.values
