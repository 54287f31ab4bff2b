"""Tests of the shift of each column: one of its values, and one of its missing values if any.

    numbers, dates   D = max |F(x) − G(x)| over the quantiles of the sketch; at most that of
                     Kolmogorov and Smirnov, whose law bounds its p-value
    levels           χ² of two samples for the levels with an expected count of 5 or more in the
                     smaller one; Fisher's exact test of those against all rarer ones; levels that
                     are new since the fit are levels like the others
    missing values   Fisher's exact test

p-values are corrected for the number of tests by Holm's method (1979), for any dependence between
columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import chi2_contingency, fisher_exact, kstwo

from motifnet.engine import Matrix
from motifnet.tables import Column, Level
from motifnet.uncertainty._reference import LEVELS, LevelSketch, NumberSketch

_MIN_EXPECTED = 5.0


@dataclass(frozen=True)
class ColumnShift:
    """The test of one column.

    Attributes
    ----------
    column : str
    what : {"values", "gaps"}
        "gaps" are missing values.
    distance : float
        Distance between old and new.
    unit : {"sd", "share"}
        Its unit: standard deviations of the old values, or a share of rows.
    before, after : str
        Old and new values, in words.
    pvalue : float
        Not corrected for the number of tests.

    Examples
    --------
    Here `model` is a `MotifRegressor` that was fitted to X and y.

    >>> test = model.check_shift(X + [1, 0, 0]).columns[0]
    >>> test.column, test.what, test.unit
    ('x0', 'values', 'sd')
    """

    column: str
    what: Literal["values", "gaps"]
    distance: float
    unit: Literal["sd", "share"]
    before: str
    after: str
    pvalue: float


def compare_column(
    old: NumberSketch | LevelSketch, new: Column, levels: Sequence[Level | None]
) -> list[ColumnShift]:
    """The tests of a column. There are none where there is nothing to compare. `levels`: those of
    the encoder, for a column of levels.
    """
    missing, there = new.missing, old.rows * (1 - old.gaps)
    tests = []
    if there >= 0.5 and not missing.all():
        part = new.take(~missing)
        tests.append(
            _of_levels(old, part, levels, there)
            if isinstance(old, LevelSketch)
            else _of_numbers(old, part, there)
        )
    count = round(old.rows * old.gaps)
    if count or missing.any():
        table = [[count, round(old.rows) - count], [int(missing.sum()), int((~missing).sum())]]
        share = float(missing.mean())
        p = float(fisher_exact(table).pvalue)
        tests.append(
            ColumnShift(
                old.name,
                "gaps",
                abs(share - old.gaps),
                "share",
                f"{old.gaps:.1%}",
                f"{share:.1%}",
                p,
            )
        )
    return [test for test in tests if test is not None]


def _of_numbers(old: NumberSketch, new: Column, n: float) -> ColumnShift:
    x, (values, below, upto) = np.sort(new.values.astype(np.float64)), old.table
    m = len(x)
    apart = [
        np.abs(np.searchsorted(x, values, side) / m - F).max()  # type: ignore[call-overload]
        for side, F in (("left", below), ("right", upto))
    ]
    p = float(kstwo.sf(max(apart), max(1, round(n * m / (n + m)))))
    before, after = old.quantiles, x[np.minimum((LEVELS * m).astype(np.int64), m - 1)]
    return ColumnShift(
        old.name,
        "values",
        _distance(before, after),
        "sd",
        _middle(before, new.kind),
        _middle(after, new.kind),
        p,
    )


def _distance(before: Matrix, after: Matrix) -> float:
    """∫ |F⁻¹ − G⁻¹|, the 1-Wasserstein distance, in standard deviations of the first sample, or of
    both where the first is constant.
    """
    scale = max(np.abs(before).max(), np.abs(after).max(), 1e-300)
    a, b = before / scale, after / scale
    sd = a.std() if np.ptp(a) > 0 else np.concatenate([a, b]).std()
    return float(np.abs(a - b).mean() / sd) if sd > 0 else 0.0


def _middle(quantiles: Matrix, kind: str) -> str:
    """The median, or the share of true values."""
    if kind == "boolean":
        return f"{quantiles.mean():.1%} true"
    middle = float(quantiles[len(quantiles) // 2])
    return (
        str(np.datetime64(int(middle), "us").astype("datetime64[s]")).removesuffix("T00:00:00")
        if kind == "date"
        else f"{middle:.4g}"
    )


def _of_levels(
    old: LevelSketch, new: Column, levels: Sequence[Level | None], n: float
) -> ColumnShift | None:
    names: list[Any] = [level for level in levels if level is not None]
    place = {level: i for i, level in enumerate(names)}
    codes = np.array([place.setdefault(value, len(place)) for value in new.values])
    names += list(place)[len(names) :]
    m = len(codes)
    before, after = np.zeros(len(names)), np.bincount(codes, minlength=len(names)) / m
    before[: len(old.shares)] = old.shares
    p = _levels_pvalue(before, after, n, m)
    if p is None:
        return None
    unseen = len(old.shares)
    groups = [*names[:unseen], _unseen(names[unseen:])]
    old_share, new_share = (
        np.append(share[:unseen], share[unseen:].sum()) for share in (before, after)
    )
    moved = int(np.argmax(np.abs(new_share - old_share)))
    was, now = (f"{groups[moved]} {share[moved]:.1%}" for share in (old_share, new_share))
    return ColumnShift(
        old.name, "values", float(np.abs(after - before).sum() / 2), "share", was, now, p
    )


def _unseen(names: Sequence[Any]) -> str:
    """The name of the group of levels that are new since the fit, with an example."""
    return (
        f"unseen ({names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''})"
        if names
        else ""
    )


def _levels_pvalue(before: Matrix, after: Matrix, n: float, m: float) -> float | None:
    """The p-value for shares of n and of m rows, from the smaller of its two parts. None where all
    levels are rare, or where there is one level.
    """
    rare = (n * before + m * after) / (n + m) * min(n, m) < _MIN_EXPECTED
    parts = []
    if rare.any() and not rare.all():
        both = [
            [round(rows * shares[part].sum()) for part in (rare, ~rare)]
            for rows, shares in ((n, before), (m, after))
        ]
        parts.append(float(fisher_exact(both).pvalue))
    if (~rare).sum() > 1:
        counts = [rows * shares[~rare] for rows, shares in ((n, before), (m, after))]
        if min(sum(row) for row in counts) > 0:
            parts.append(float(chi2_contingency(counts, correction=False).pvalue))
    return min(1.0, len(parts) * min(parts)) if parts else None


def holm(pvalues: Sequence[float]) -> list[float]:
    """p-values corrected for their number. Those at most α contain a false alarm with probability
    at most α.
    """
    p = np.asarray(pvalues, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected.tolist()


def column_cells(
    columns: Sequence[ColumnShift], corrected: Sequence[float]
) -> list[tuple[str, str, str, str, str, str]]:
    """Rows of a table, the smallest p-value first: column, what, before, after, distance, corrected
    p-value.
    """
    tests = sorted(
        zip(corrected, columns, strict=True), key=lambda test: (test[0], -test[1].distance)
    )
    return [
        (
            t.column,
            t.what if t.what == "values" else "missing values",
            t.before,
            t.after,
            f"{t.distance:.2f} {t.unit}",
            f"{p:.2g}" if p > 0 else "< 1e-300",
        )
        for p, t in tests
    ]
