"""Who is first to the target: 1.02 times the least error of any method on a table.

Curves have the columns method, seconds and nrmse. A method that never gets there is *censored*: its time is more than the seconds after which it
ended. In the advantage of ours, time of theirs / time of ours, a censored time of theirs counts as the seconds at which it was censored, which makes
the advantage smaller than it is; where ours never arrives, the advantage counts as 0.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from motifnet.lab.race._racers import GRADIENT

SLACK = 1.02


def target_of(curves: pd.DataFrame) -> float:
    """The error to get to, on one table."""
    return SLACK * float(curves.nrmse.min())


def time_to(curve: pd.DataFrame, target: float) -> tuple[float, bool]:
    """Seconds until a method is there, and whether it got there; else the seconds after which it ended."""
    there = curve.loc[curve.nrmse <= target, "seconds"]
    return (float(there.min()), True) if len(there) else (float(curve.seconds.max()), False)


def times(curves: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a table and method: the target, the method's least error, seconds to the target, and whether it was reached."""
    rows = []
    for name, table in curves.items():
        target = target_of(table)
        for method, curve in table.groupby("method", sort=False):
            rows.append((name, method, target, float(curve.nrmse.min()), *time_to(curve, target)))
    return pd.DataFrame(rows, columns=["set", "method", "target", "error", "seconds", "reached"])


def firsts(table: pd.DataFrame) -> pd.Series:
    """The method that is first to the target, on each table."""
    return table[table.reached].sort_values("seconds").groupby("set").method.first()


def advantages(table: pd.DataFrame) -> pd.Series:
    """Time of each gradient-trained network over ours, one for each table and network."""
    ours = table[table.method == "ours"].set_index("set")
    theirs = table[table.method.isin(GRADIENT)]
    ratio = theirs.seconds.to_numpy() / ours.seconds[theirs.set].to_numpy()
    return pd.Series(np.where(ours.reached[theirs.set], ratio, 0.0), index=theirs.set + ": " + theirs.method)
