"""Errors and coverage by subgroup: quarters of the numbers, levels of the categories, missing
values, and quarters of the prediction itself.

A subgroup is worse than the rest by Welch's t-test with Bonferroni's correction for all subgroups.
Losses are squared errors in units of the target's variance, or log losses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ttest_ind_from_stats

from motifnet.engine import Matrix
from motifnet.model.explain._evidence import MISSING, Evidence, RawColumn

MIN_ROWS, MAX_LEVELS, LEVEL, TINY = 20, 6, 0.05, 1e-12
PREDICTION = "the prediction"
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """The error of one subgroup.

    Attributes
    ----------
    column : str
    label : str
        The rows, such as a quarter of the numbers or a level.
    rows : int
        Their number.
    error : float
        Root mean squared error in standard deviations of the target, or log loss.
    ratio : float
        Its ratio to that of all rows.
    coverage : float or None
        Share of observations inside the intervals of the first level, None where unknown.
    worse : bool
        Whether the error is larger than that of the rest, beyond chance.
    low, high : float or None
        Ends of a group of numbers, None for a level.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> groups = model.explain().groups
    >>> [group.label for group in groups if group.worse]
    []
    """

    column: str
    label: str
    rows: int
    error: float
    ratio: float
    coverage: float | None
    worse: bool
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def losses(evidence: Evidence, classes: bool) -> Matrix:
    """The loss of each scored row, with shape (m,)."""
    assert evidence.observed is not None and evidence.predicted is not None
    y, p = evidence.observed[evidence.scored], evidence.predicted[evidence.scored]
    if classes:
        return np.asarray(-np.log(np.maximum((y * p).sum(1), TINY)))
    return np.asarray((((y - p) / np.maximum(y.std(0), TINY)) ** 2).mean(1))


def error_of(loss: Matrix, classes: bool) -> float:
    """The error of rows by their losses."""
    return float(loss.mean()) if classes else float(np.sqrt(loss.mean()))


def subgroups(columns: Sequence[RawColumn], evidence: Evidence, classes: bool) -> list[Group]:
    """Groups of at least `MIN_ROWS` scored rows, in the order of the columns."""
    scored = evidence.scored
    if scored.sum() < 2 * MIN_ROWS:
        return []
    loss, rows_scored = losses(evidence, classes), evidence.take(scored)
    covered = None if evidence.covered is None else evidence.covered[scored, 0]
    parts = [(column.name, *part) for column in columns for part in _parts(column, rows_scored)]
    assert evidence.predicted is not None
    if evidence.predicted.shape[1] == 1:
        parts += [(PREDICTION, *part) for part in _quarters(evidence.predicted[scored, 0])]
    parts = [part for part in parts if MIN_ROWS <= part[2].sum() <= len(loss) - MIN_ROWS]
    overall = max(error_of(loss, classes), TINY)
    found = []
    for name, label, rows, low, high in parts:
        error = error_of(loss[rows], classes)
        worse = _p_value(loss[rows], loss[~rows]) * len(parts) < LEVEL
        share = (
            None
            if covered is None or np.isnan(covered[rows]).all()
            else float(np.nanmean(covered[rows]))
        )
        found.append(
            Group(name, label, int(rows.sum()), error, error / overall, share, worse, low, high)
        )
    return found


def _p_value(here: Matrix, rest: Matrix) -> float:
    """The p-value of Welch's test that the mean is larger here; 1 where losses do not vary."""
    moments = [
        moment for part in (here, rest) for moment in (part.mean(), part.std(ddof=1), len(part))
    ]
    if max(moments[1], moments[4]) <= TINY * abs(moments[0]):
        return 1.0
    return float(ttest_ind_from_stats(*moments, equal_var=False, alternative="greater").pvalue)


def _parts(
    column: RawColumn, rows: Evidence
) -> Iterator[tuple[str, Mask, float | None, float | None]]:
    if column.is_number:
        x = column.numbers_of(rows)
        yield from _quarters(x, dates=column.kind == "date")
        yield MISSING, np.isnan(x), None, None
        return
    names, _ = column.levels()
    if names:
        codes = column.codes_of(rows)
        for j in np.argsort(-np.bincount(codes, minlength=len(names)), kind="stable")[:MAX_LEVELS]:
            yield names[j], codes == j, None, None


def _quarters(
    x: Matrix, dates: bool = False
) -> Iterator[tuple[str, Mask, float | None, float | None]]:
    there = x[np.isfinite(x)]
    edges = (
        np.unique(np.quantile(there, [0, 0.25, 0.5, 0.75, 1], method="inverted_cdf"))
        if there.size
        else np.empty(0)
    )
    for i, (low, high) in enumerate(pairwise(edges)):
        rows = (low < x) & (x <= high) | ((x == low) & (i == 0))
        ends = [_shown(t, dates) for t in (x[rows].min(), x[rows].max())]
        yield " to ".join(dict.fromkeys(ends)), rows, float(low), float(high)


def _shown(value: float, date: bool) -> str:
    if date:
        return str(np.int64(value).astype("datetime64[us]").astype("datetime64[D]"))
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e9 else f"{value:.4g}"
