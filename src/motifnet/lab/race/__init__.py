"""Error against seconds: our fit, and what else a user could run, on one clock. The lab draws it, and the benchmarks run it on more tables.

Comes in: a split table, a preset, a budget in units of our seconds. Goes out: for each method a curve of the best model at hand. Never knows about:
figures and files.
"""

from motifnet.lab.race._best_so_far import BestSoFar, Task
from motifnet.lab.race._descent import Descent
from motifnet.lab.race._mlp import mlp
from motifnet.lab.race._ours import Course, Stage, fit, warm_up
from motifnet.lab.race._racers import CLOCK, GRADIENT, RACERS, Start, installed
from motifnet.lab.race._split import Split
from motifnet.lab.race._start import enter, task_of
from motifnet.lab.race._target import SLACK, advantages, firsts, target_of, time_to, times

__all__ = [
    "CLOCK",
    "GRADIENT",
    "RACERS",
    "SLACK",
    "BestSoFar",
    "Course",
    "Descent",
    "Split",
    "Stage",
    "Start",
    "Task",
    "advantages",
    "enter",
    "firsts",
    "fit",
    "installed",
    "mlp",
    "target_of",
    "task_of",
    "time_to",
    "times",
    "warm_up",
]
