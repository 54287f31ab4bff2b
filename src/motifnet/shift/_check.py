"""The check: each column by itself, all together in the metric of the model, and the error.

The two questions, does a column move and do they move together, share the level of 5 %: p-values of columns are corrected by Holm's method, and both
are doubled.

Columns with very many levels are compared by themselves only. Their encoding by statistics of each level cannot be compared: a level that the fit has
not seen is frequent among new rows and never occurs among old ones, though nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from motifnet.shift._columns import ColumnShift, compare_column, holm
from motifnet.shift._error import error_shift
from motifnet.shift._reference import Reference
from motifnet.shift._report import ShiftReport
from motifnet.tables import Encoder, OneHot, Table, TargetMean
from motifnet.transport import WassersteinTestResult, wasserstein_test

Matrix = NDArray[np.float64]
TOGETHER_ROWS, RATIO_ROWS = 1_000, 2_000


def check(
    reference: Reference,
    table: Table,
    encoder: Encoder,
    metric: Callable[[Matrix], Matrix],
    *,
    root: bool,
    error_unit: str,
    seed: int,
) -> ShiftReport:
    """Compare a table of n rows with the reference.

    `metric`: from the matrix that the network sees to the points, with shape (n, r), at which it takes distances. `root`: the error is the root of
    the mean loss.
    """
    tests: list[ColumnShift] = []
    for old, new, feature in zip(reference.columns, table.columns, encoder.features, strict=True):
        tests += compare_column(old, new, feature.levels if isinstance(feature, OneHot | TargetMean) else ())
    corrected = tuple(min(1.0, 2 * p) for p in holm([test.pvalue for test in tests]))
    overall, error = None, None
    if (old_rows := reference.rows) is not None:
        chosen = np.random.default_rng([seed, 1]).permutation(table.n)[:RATIO_ROWS]
        left_out = [name for feature in encoder.features if isinstance(feature, TargetMean) for name in feature.names]
        usable = ~np.isin(encoder.names, left_out)
        X, Z = (np.where(usable, rows, 0.0) for rows in (old_rows.X, encoder.transform(table.take(chosen))))
        overall = _together(X, Z, metric, seed)
        error = error_shift(X, old_rows.losses, Z, groups=old_rows.groups, root=root, seed=seed)
    p, distance = (None, None) if overall is None else (min(1.0, 2 * overall.pvalue), overall.distance)
    return ShiftReport(table.n, tuple(tests), corrected, p, distance, error, error_unit)


def _together(old: Matrix, new: Matrix, metric: Callable[[Matrix], Matrix], seed: int) -> WassersteinTestResult | None:
    """The sliced distance at the points of the network; None where there are too few rows to compare."""
    if min(len(old), len(new)) < 2:
        return None
    rows = np.random.default_rng([seed, 2]).permutation(len(old))[:TOGETHER_ROWS]
    points = metric(np.concatenate([old[rows], new[:TOGETHER_ROWS]]))  # at once: units must not depend on which sample a row is of
    return wasserstein_test(points[: len(rows)], points[len(rows) :], critic="sliced", standardize=False, random_state=seed)
