"""The results of a race: final errors, times to the target, one method against another.

A *case* is one split of a table. Its target is 1.02 times the least *final* error of any method in
it, so that no method is measured by a point of a curve that its user could not have chosen. A
method arrives where its model at hand has at most that error from then on to its end. It *touches*
the target where it has that error once; it may lose it again.

Points have the columns set, split, method, seconds, error, stage and limited; `limited` is True for
methods that the limit ended. Comparisons are means over tables, each the mean of its splits: splits
of one table share rows, tables do not.

The time of a method that the limit ended is *censored*: it is more than its seconds. A method that
ended by itself without arriving has infinite seconds. Kaplan and Meier estimate the share of cases
that have not arrived:

    S(t) = Π_{t_i ≤ t} (1 − d_i / n_i)        d_i of the n_i cases at risk arrive at t_i

One of a pair is *sooner* where the other needs more than 1.25 times its seconds. Intervals are
Student's at 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from motifnet.lab.race._history import History, Point

TARGET, LEVEL, SAME_TIME, AT_RISK = 1.02, 0.95, 1.25, 0.25
CASE = ["set", "split"]
FIT = [*CASE, "method"]


@dataclass(frozen=True)
class Mean:
    """A mean over tables, its standard error and the ends of its interval; NaN with fewer than two
    tables.
    """

    value: float
    standard_error: float
    low: float
    high: float

    @classmethod
    def of(cls, values: pd.Series) -> Mean:
        """Of one value a table."""
        n, value = len(values), float(values.mean()) if len(values) else float("nan")
        error = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
        reach = float(student.ppf((1 + LEVEL) / 2, n - 1)) * error if n > 1 else float("nan")
        return cls(value, error, value - reach, value + reach)

    @property
    def sign(self) -> int:
        """1 where the interval is above 0, -1 where it is below, else 0."""
        return int(self.low > 0) - int(self.high < 0)


def survival(table: pd.DataFrame, at_least: float = AT_RISK) -> tuple[np.ndarray, np.ndarray]:
    """Kaplan and Meier's times of arrival, ascending, and the share of cases that have not arrived
    after each, while a share of `at_least` is at risk.
    """
    seconds, reached = table.seconds.to_numpy(), table.reached.to_numpy()
    arrivals = np.unique(seconds[reached])
    arrivals = arrivals[
        np.array([(seconds >= moment).mean() >= at_least for moment in arrivals], dtype=bool)
    ]
    at_risk = np.array([(seconds >= moment).sum() for moment in arrivals])
    arrived = np.array([(reached & (seconds == moment)).sum() for moment in arrivals])
    return arrivals, np.cumprod(1 - arrived / at_risk)


def median_time(table: pd.DataFrame) -> float:
    """Seconds after which half of the cases are at the target; infinite where they never arrive."""
    arrivals, share = survival(table)
    there = arrivals[share <= 0.5]
    return float(there[0]) if len(there) else float("inf")


def share_reached(table: pd.DataFrame) -> float:
    """The share of cases that arrive, by Kaplan and Meier."""
    share = survival(table, at_least=0.0)[1]
    return 1 - float(share[-1]) if len(share) else 0.0


def sooner_or_later(
    seconds: pd.DataFrame, reached: pd.DataFrame, one: str, other: str
) -> pd.Series:
    """1 where `one` is sooner than `other`, -1 where it is later, else 0. Tables have a column for
    each method and a row for each case.
    """
    # a censored method arrives after its seconds: censored first, it decides nothing
    sooner = reached[one].astype(bool) & (SAME_TIME * seconds[one] < seconds[other])
    later = reached[other].astype(bool) & (SAME_TIME * seconds[other] < seconds[one])
    return sooner.astype(int) - later.astype(int)


@dataclass(frozen=True)
class Versus:
    """One method against another: log(other's final error / its own), and cases in which it is
    sooner less cases in which it is later.
    """

    one: str
    other: str
    error: Mean
    sooner: Mean
    cases: int
    wins: int
    losses: int

    @property
    def sentence(self) -> str:
        """The comparison in words."""
        if not np.isfinite(self.error.low):
            ratio = np.exp(-self.error.value)
            return (
                f"{self.one}, against {self.other}: on one table only, which says nothing of "
                f"others (ratio of final errors {ratio:.3f})."
            )
        ratio, low, high = (
            np.exp(-end) for end in (self.error.value, self.error.high, self.error.low)
        )
        what = {
            1: "ends at a lower error",
            -1: "ends at a higher error",
            0: "shows no difference of the final error",
        }[self.error.sign]
        when = {
            1: "is sooner at the target",
            -1: "is later at the target",
            0: "shows no difference of the time to the target",
        }[self.sooner.sign]
        return (
            f"{self.one}, against {self.other}: {what} (ratio {ratio:.3f}, 95 % interval "
            f"{low:.3f} to {high:.3f}) and {when} (sooner in {self.wins} "
            f"of {self.cases} cases, later in {self.losses})."
        )


def curve_table(
    name: str, split: int, method: str, points: list[Point], limited: bool
) -> pd.DataFrame:
    """The points of one fit."""
    return pd.DataFrame(points, columns=list(Point._fields)).assign(
        set=name, split=split, method=method, limited=limited
    )


def table_of_history(name: str, split: int, method: str, history: History) -> pd.DataFrame:
    """The points of a history."""
    return curve_table(name, split, method, history.points, history.ended_by_limit)


def finals(points: pd.DataFrame) -> pd.DataFrame:
    """One row a fit: its last error, the seconds of the whole fit, and `ratio`, the error over the
    least final error of the case.
    """
    last = points.groupby(FIT, sort=False, as_index=False).last()
    return last.assign(ratio=last.error / last.groupby(CASE).error.transform("min"))


def times(points: pd.DataFrame, target: float = TARGET, *, touch: bool = False) -> pd.DataFrame:
    """One row a fit: seconds until it arrives at the target, or touches it, and whether it does."""
    least = finals(points).groupby(CASE).error.min()
    found = []
    for key, curve in points.groupby(FIT, sort=False):
        there = (curve.error <= target * least[key[:2]]).to_numpy()
        moments = curve.seconds.to_numpy()[
            there if touch else np.logical_and.accumulate(there[::-1])[::-1]
        ]
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
    return Versus(
        one, other, means[0], means[1], len(score), int((score > 0).sum()), int((score < 0).sum())
    )


def sooner(points: pd.DataFrame, one: str, other: str) -> pd.Series:
    """1 for each case in which one method is sooner at the target than the other, -1 where it is
    later, else 0.
    """
    table = times(points)
    seconds, reached = (paired(table, column, one, other) for column in ("seconds", "reached"))
    return sooner_or_later(seconds, reached, one, other)


def paired(table: pd.DataFrame, column: str, one: str, other: str) -> pd.DataFrame:
    """A column of two methods side by side, in the cases that have both."""
    return table.pivot(index=CASE, columns="method", values=column)[[one, other]].dropna()


def at_seconds(points: pd.DataFrame, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Errors of the models at hand at these seconds, one row a fit; NaN before the first model."""
    lines = []
    for _, curve in points.groupby(FIT, sort=False):
        position = np.searchsorted(curve.seconds.to_numpy(), seconds, side="right") - 1
        lines.append(np.where(position < 0, np.nan, curve.error.to_numpy()[position]))
    return np.array(lines)
