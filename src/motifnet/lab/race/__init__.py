"""Whole methods on the same rows and one clock: test error against CPU seconds, and times to a
target.

Comes in: a split table. Goes out: for each method the curve of its model at hand, and statistics of
many such curves. The lab draws them, and the benchmarks have more tables. Never knows about:
figures and files.
"""

from motifnet.lab.race._history import History, Point, Task
from motifnet.lab.race._racers import OURS, RACERS, enter, installed, missing, warm_up
from motifnet.lab.race._search import Learner, Trial, search
from motifnet.lab.race._standing import (
    CASE,
    TARGET,
    Mean,
    Versus,
    at_seconds,
    curve_table,
    finals,
    firsts,
    median_time,
    paired,
    share_reached,
    sooner,
    sooner_or_later,
    survival,
    table_of_history,
    times,
    versus,
)

__all__ = [
    "CASE",
    "OURS",
    "RACERS",
    "TARGET",
    "History",
    "Learner",
    "Mean",
    "Point",
    "Task",
    "Trial",
    "Versus",
    "at_seconds",
    "curve_table",
    "enter",
    "finals",
    "firsts",
    "installed",
    "median_time",
    "missing",
    "paired",
    "search",
    "share_reached",
    "sooner",
    "sooner_or_later",
    "survival",
    "table_of_history",
    "times",
    "versus",
    "warm_up",
]
