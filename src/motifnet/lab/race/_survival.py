"""Means over tables, and times to a target of which some are not known.

A time is known, or *censored* where something from outside ended the watch: more than its seconds is all that is known. What ended by itself without
getting there never will, and has infinite seconds. Shares not yet there are estimated by Kaplan and Meier,

    S(t) = Π_{t_i ≤ t} (1 − d_i / n_i)        d_i of the n_i cases at risk arrive at t_i

One of a pair is *sooner* where the other needs more than 1.25 times its seconds. Intervals are Student's at 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

TARGET, LEVEL, SAME_TIME, AT_RISK = 1.02, 0.95, 1.25, 0.25


@dataclass(frozen=True)
class Mean:
    """A mean over tables, its standard error and the ends of its interval; NaN where there are fewer than two tables."""

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
        """1 or -1 where the interval leaves out 0 on that side, else 0."""
        return int(self.low > 0) - int(self.high < 0)


def survival(table: pd.DataFrame, at_least: float = AT_RISK) -> tuple[np.ndarray, np.ndarray]:
    """Kaplan and Meier's times of arrival, ascending, and the share of cases that is not there after each, while this share is at risk."""
    seconds, reached = table.seconds.to_numpy(), table.reached.to_numpy()
    arrivals = np.unique(seconds[reached])
    arrivals = arrivals[np.array([(seconds >= moment).mean() >= at_least for moment in arrivals], dtype=bool)]
    at_risk = np.array([(seconds >= moment).sum() for moment in arrivals])
    arrived = np.array([(reached & (seconds == moment)).sum() for moment in arrivals])
    return arrivals, np.cumprod(1 - arrived / at_risk)


def median_time(table: pd.DataFrame) -> float:
    """Seconds after which half of the cases are at the target; infinite where they never are."""
    arrivals, share = survival(table)
    there = arrivals[share <= 0.5]
    return float(there[0]) if len(there) else float("inf")


def share_reached(table: pd.DataFrame) -> float:
    """The share of cases that get there, by Kaplan and Meier."""
    share = survival(table, at_least=0.0)[1]
    return 1 - float(share[-1]) if len(share) else 0.0


def sooner_or_later(seconds: pd.DataFrame, reached: pd.DataFrame, one: str, other: str) -> pd.Series:
    """1 where `one` is sooner than `other`, -1 where it is later, else 0; a column each, a row a case."""
    # what was given up is not there before its seconds; a case in which the one that is not there was given up first decides nothing
    sooner = reached[one].astype(bool) & (SAME_TIME * seconds[one] < seconds[other])
    later = reached[other].astype(bool) & (SAME_TIME * seconds[other] < seconds[one])
    return sooner.astype(int) - later.astype(int)
