"""Rows in canonical form: without zero weight, identical rows (x, y, group, time) merged into one of their summed weight, sorted.

So the same rows give the same model, whatever their order, and weight 2 is a repeated row. Columns are compared from the first to the last, then y,
group and time; levels by their own order, gaps last.
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
    """m rows; `groups` are codes without gaps; `rows` with shape (m,): one original row of each; `inverse` with shape (n,): the canonical row of each
    original row, -1 where its weight is zero."""

    table: Table
    y: NDArray[Any]
    weight: Matrix
    groups: NDArray[np.int64] | None
    time: Matrix | None
    rows: NDArray[np.int64]
    inverse: NDArray[np.int64]


def canonical(table: Table, y: NDArray[Any], weight: Matrix, groups: NDArray[np.int64] | None = None, time: Matrix | None = None) -> CanonicalRows:
    """Canonical rows of a table with target y with shape (n,) or (n, q)."""
    used = np.flatnonzero(weight > 0)
    targets = y.reshape(len(y), -1).T
    keys = [_key(column)[used] for column in table.columns] + [key[used] for key in targets]
    keys += [key[used] for key in (groups, time) if key is not None]
    w = weight[used]
    # weights are sorted too, so that their sums do not depend on the order of the rows
    order = np.lexsort([w, *reversed(keys)])
    new = np.ones(len(used), dtype=bool)
    new[1:] = np.any([_differs(key[order]) for key in keys], axis=0)
    starts = np.flatnonzero(new)
    rows = used[order[starts]]
    inverse = np.full(len(weight), -1, dtype=np.int64)
    inverse[used[order]] = np.cumsum(new) - 1
    codes = None if groups is None else np.unique(groups[rows], return_inverse=True)[1].astype(np.int64)
    summed = np.add.reduceat(w[order], starts)
    return CanonicalRows(table.take(rows), y[rows], summed, codes, None if time is None else time[rows], rows, inverse)


def _key(column: Column) -> NDArray[Any]:
    """Numbers that sort and compare as the values do."""
    if column.kind == "categorical":
        return codes_of(column, levels_of(column))
    if column.kind == "date":
        return np.where(column.gaps, _LAST, column.values)
    return column.values


def _differs(key: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a sorted key differs from the one before; NaN equals NaN."""
    a, b = key[1:], key[:-1]
    different: NDArray[np.bool_] = a != b
    return different & ~(np.isnan(a) & np.isnan(b)) if key.dtype.kind == "f" else different
