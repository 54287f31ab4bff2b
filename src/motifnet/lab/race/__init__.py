"""Whole methods on the same rows and one clock: test error against CPU seconds, times to a target, and what they show.

Comes in: a split table. Goes out: for each method the curve of its model at hand, and statistics of many such curves. The lab draws it, and the
benchmarks run it on more tables. Never knows about: figures and files.
"""

from motifnet.lab.race._course import Course, Point, Task
from motifnet.lab.race._racers import OURS, RACERS, enter, installed, missing, warm_up
from motifnet.lab.race._standing import CASE, FIT, Versus, at_seconds, curve_table, finals, firsts, paired, sooner, table_of_course, times, versus
from motifnet.lab.race._survival import LEVEL, SAME_TIME, TARGET, Mean, median_time, share_reached, sooner_or_later, survival

__all__ = [
    "CASE",
    "FIT",
    "LEVEL",
    "OURS",
    "RACERS",
    "SAME_TIME",
    "TARGET",
    "Course",
    "Mean",
    "Point",
    "Task",
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
    "share_reached",
    "sooner",
    "sooner_or_later",
    "survival",
    "table_of_course",
    "times",
    "versus",
    "warm_up",
]
