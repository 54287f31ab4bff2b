"""The start of a race on one table: our fit goes first, and its seconds set the budget of the others.

Seconds are CPU seconds. Those of our stages are the clock's, times the CPU seconds of our fit over its seconds by the clock.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from motifnet.lab.race._best_so_far import Task
from motifnet.lab.race._ours import Course, fit
from motifnet.lab.race._racers import CLOCK, Start
from motifnet.lab.race._split import Split
from motifnet.motifs import count_parameters


def enter(data: Split, preset: str, factor: float, seed: int = 0) -> tuple[Course, Start]:
    """Our course in CPU seconds, and what every racer gets: `factor` times our seconds."""
    start = CLOCK()
    ours = fit(data, preset, 1, seed)
    share = min(1.0, (CLOCK() - start) / ours.seconds)
    stages = [replace(stage, seconds=share * stage.seconds) for stage in ours.stages]
    ours = replace(ours, seconds=share * ours.seconds, stages=stages)
    return ours, Start(task_of(data, ours), data, factor * ours.seconds, count_parameters(ours.model.network_.module))


def task_of(data: Split, ours: Course) -> Task:
    """The matrix as our encoder makes it, in float32, and the standardised target."""
    y = data.train["target"].to_numpy(dtype=float)
    mean, sd = y.mean(), y.std()
    X, X_test = (torch.as_tensor(ours.model.encode(part[data.columns]), dtype=torch.float32) for part in (data.train, data.test))

    def error(prediction: np.ndarray) -> float:
        return data.nrmse(prediction * sd + mean)

    return Task(X, torch.as_tensor((y - mean) / sd, dtype=torch.float32)[:, None], X_test, error)
