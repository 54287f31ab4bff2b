"""What the curves of a race show: final errors, times to the target, and one method against another.

A *case* is one split of a table. Its target is 1.02 times the least *final* error of any method in it, so that no method is measured by a point of a
curve that its user could not have chosen. A method arrives where its model at hand has at most that error from then on to its end; where it *touches*
the target, it may lose it again. One that ended by itself elsewhere never arrives; one that the limit ended is censored there.

Points have the columns set, split, method, seconds, error, stage and limited, the last one True for methods that the limit ended. Comparisons are
means over tables, each the mean of its splits: splits of one table share rows, tables do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.lab.race._course import Course, Point
from motifnet.lab.race._survival import TARGET, Mean, sooner_or_later

CASE = ["set", "split"]
FIT = [*CASE, "method"]


@dataclass(frozen=True)
class Versus:
    """One method against another: log(other's final error / its own), and cases in which it is sooner less those in which later."""

    one: str
    other: str
    error: Mean
    sooner: Mean
    cases: int
    wins: int
    losses: int

    @property
    def sentence(self) -> str:
        """What the rows show."""
        if not np.isfinite(self.error.low):
            ratio = np.exp(-self.error.value)
            return f"{self.one}, against {self.other}: on one table only, which says nothing of others (ratio of final errors {ratio:.3f})."
        ratio, low, high = (np.exp(-end) for end in (self.error.value, self.error.high, self.error.low))
        what = {1: "ends at a lower error", -1: "ends at a higher error", 0: "shows no difference of the final error"}[self.error.sign]
        when = {1: "is sooner at the target", -1: "is later at the target", 0: "shows no difference of the time to the target"}[self.sooner.sign]
        return (
            f"{self.one}, against {self.other}: {what} (ratio {ratio:.3f}, 95 % interval {low:.3f} to {high:.3f}) and {when} (sooner in {self.wins} "
            f"of {self.cases} cases, later in {self.losses})."
        )


def curve_table(name: str, split: int, method: str, points: list[Point], limited: bool) -> pd.DataFrame:
    """The points of one fit."""
    return pd.DataFrame(points, columns=list(Point._fields)).assign(set=name, split=split, method=method, limited=limited)


def table_of_course(name: str, split: int, method: str, course: Course) -> pd.DataFrame:
    """The same of a course."""
    return curve_table(name, split, method, course.points, course.ended_by_limit)


def finals(points: pd.DataFrame) -> pd.DataFrame:
    """One row a fit: its last error, the seconds of the whole fit, and `ratio`, the error over the least final one of the case."""
    last = points.groupby(FIT, sort=False, as_index=False).last()
    return last.assign(ratio=last.error / last.groupby(CASE).error.transform("min"))


def times(points: pd.DataFrame, target: float = TARGET, *, touch: bool = False) -> pd.DataFrame:
    """One row a fit: seconds until it arrives at the target, or touches it, and whether it does."""
    least = finals(points).groupby(CASE).error.min()
    found = []
    for key, curve in points.groupby(FIT, sort=False):
        there = (curve.error <= target * least[key[:2]]).to_numpy()
        moments = curve.seconds.to_numpy()[there if touch else np.logical_and.accumulate(there[::-1])[::-1]]
        missed = float(curve.seconds.max()) if curve.limited.iloc[0] else float("inf")
        found.append((*key, float(moments.min()) if len(moments) else missed, len(moments) > 0))
    return pd.DataFrame(found, columns=[*FIT, "seconds", "reached"])


def firsts(table: pd.DataFrame) -> pd.Series:
    """The method that is first at the target, for each case."""
    return table[table.reached].sort_values("seconds").groupby(CASE).method.first()


def versus(points: pd.DataFrame, one: str, other: str) -> Versus:
    """One method against another, in the cases that have both."""
    error, score = paired(finals(points), "error", one, other), sooner(points, one, other)
    logs = np.log(error[other] / error[one])
    means = [Mean.of(part.groupby("set").mean()) for part in (logs, score)]
    return Versus(one, other, means[0], means[1], len(score), int((score > 0).sum()), int((score < 0).sum()))


def sooner(points: pd.DataFrame, one: str, other: str) -> pd.Series:
    """1 for each case in which one method is sooner at the target than the other, -1 where it is later, else 0."""
    table = times(points)
    seconds, reached = (paired(table, column, one, other) for column in ("seconds", "reached"))
    return sooner_or_later(seconds, reached, one, other)


def paired(table: pd.DataFrame, column: str, one: str, other: str) -> pd.DataFrame:
    """A column of two methods side by side, in the cases that have both."""
    return table.pivot(index=CASE, columns="method", values=column)[[one, other]].dropna()


def at_seconds(points: pd.DataFrame, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Errors of the models at hand at these seconds, a row a fit; NaN before the first model."""
    lines = []
    for _, curve in points.groupby(FIT, sort=False):
        position = np.searchsorted(curve.seconds.to_numpy(), seconds, side="right") - 1
        lines.append(np.where(position < 0, np.nan, curve.error.to_numpy()[position]))
    return np.array(lines)
