"""Statistics of trainings from several starts: final errors, times to a target with censoring, and
what a comparison shows.

A *case* is one split of a table for one architecture. Its target is 1.02 times the least error of
any start in it. A start that never gets there is censored at the seconds of its longest training.
Seconds are known up to the lengths of the trainings; what is *sooner*, and shares of cases that are
not yet at the target, are those of `motifnet.lab.race`. Comparisons are means over tables, each the
mean of its splits, with Student's interval at 95 %: splits of one table share rows, tables do not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from motifnet.lab.race import TARGET, Mean, Versus, sooner_or_later

CASE = ["label", "network", "set", "cap", "split"]


def with_ratios(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `ratio`, the error over the least of the case."""
    return rows.assign(ratio=rows.error / rows.groupby(CASE).error.transform("min"))


def finals(rows: pd.DataFrame) -> pd.DataFrame:
    """The row of the longest training of each start in each case, where that one has run."""
    return rows[rows.steps == rows.groupby(["network", "start"]).steps.transform("max")]


def times(rows: pd.DataFrame, with_teacher: bool = False, target: float = TARGET) -> pd.DataFrame:
    """One row a case and start: seconds until the target and whether it was reached; else the
    seconds of the longest training.
    """
    found = []
    for key, curve in with_ratios(rows).groupby([*CASE, "start"], sort=False):
        there = curve.seconds[curve.ratio <= target]
        seconds = float(there.min() if len(there) else curve.seconds.max())
        before = float(curve.teacher_seconds.fillna(0).max()) if with_teacher else 0.0
        found.append((*key, seconds + before, len(there) > 0))
    return pd.DataFrame(found, columns=[*CASE, "start", "seconds", "reached"])


def compare(rows: pd.DataFrame, network: str, other: str, with_teacher: bool = False) -> Versus:
    """The teacher against another start of the same architecture, in the cases that have both."""
    mine = rows[rows.network == network]
    error = _paired(finals(mine), "error", other)
    clock = _paired(times(mine, with_teacher), "seconds", other)
    there = _paired(times(mine, with_teacher), "reached", other)
    score = sooner_or_later(clock, there, "teacher", other)
    return Versus(
        f"{network}: the transferred teacher",
        other,
        Mean.of(np.log(error[other] / error.teacher).groupby("set").mean()),
        Mean.of(score.groupby("set").mean()),
        len(score),
        int((score > 0).sum()),
        int((score < 0).sum()),
    )


def comparisons(rows: pd.DataFrame, with_teacher: bool = False) -> list[Versus]:
    """The teacher against every other start, for every architecture."""
    pairs = rows[["network", "start"]].drop_duplicates().query("start != 'teacher'")
    return [
        compare(rows, network, other, with_teacher)
        for network, other in pairs.itertuples(index=False)
    ]


def _paired(table: pd.DataFrame, column: str, other: str) -> pd.DataFrame:
    return table.pivot(index=CASE, columns="start", values=column)[["teacher", other]].dropna()
