"""The check: each column by itself, all together in the metric of the model, and the error.

The two questions, does a column move and do they move together, share the level of 5 %: p-values of columns are corrected by Holm's method, and both
are doubled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from motifnet.shift._columns import ColumnShift, compare_column, holm
from motifnet.shift._error import error_shift
from motifnet.shift._reference import Reference, RowSample
from motifnet.shift._report import ShiftReport
from motifnet.tables import Level, Table
from motifnet.transport import WassersteinTestResult, wasserstein_test

Matrix = NDArray[np.float64]
TOGETHER_ROWS, RATIO_ROWS = 1_000, 2_000


def check(
    reference: Reference,
    table: Table,
    levels: Sequence[Sequence[Level | None]],
    encode: Callable[[Table], Matrix],
    metric: Callable[[Matrix], Matrix],
    *,
    root: bool,
    error_unit: str,
    seed: int,
) -> ShiftReport:
    """Compare a table of n rows with the reference.

    `levels`: those that the encoder knows, for each column; `encode`: to the matrix that the network sees; `metric`: from it to the points, with
    shape (n, r), at which the network takes distances. `root`: the error is the root of the mean loss.
    """
    tests: list[ColumnShift] = []
    for old, new, known in zip(reference.columns, table.columns, levels, strict=True):
        tests += compare_column(old, new, known)
    corrected = tuple(min(1.0, 2 * p) for p in holm([test.pvalue for test in tests]))
    overall, error = None, None
    if (old_rows := reference.rows) is not None:
        chosen = np.random.default_rng([seed, 1]).permutation(table.n)[:RATIO_ROWS]
        new_rows = encode(table.take(chosen))
        overall = _together(old_rows, new_rows, metric, seed)
        error = error_shift(old_rows.X, old_rows.losses, new_rows, root=root, seed=seed)
    p, distance = (None, None) if overall is None else (min(1.0, 2 * overall.pvalue), overall.distance)
    return ShiftReport(table.n, tuple(tests), corrected, p, distance, error, error_unit)


def _together(old: RowSample, new: Matrix, metric: Callable[[Matrix], Matrix], seed: int) -> WassersteinTestResult | None:
    """The sliced distance at the points of the network; None where there are too few rows to compare."""
    if min(len(old.X), len(new)) < 2:
        return None
    rows = np.random.default_rng([seed, 2]).permutation(len(old.X))[:TOGETHER_ROWS]
    points = metric(np.concatenate([old.X[rows], new[:TOGETHER_ROWS]]))  # at once: units must not depend on which sample a row is of
    return wasserstein_test(points[: len(rows)], points[len(rows) :], critic="sliced", standardize=False, random_state=seed)
