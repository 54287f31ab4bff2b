"""Random search: settings in turn, the default first, each with early stopping by the held-out rows; the best once more on all training rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from motifnet.lab.race._course import Course, Predict

Settings = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """Its error on the held-out rows, epochs or trees at its best stopping time, its settings, and its values on the test rows."""

    score: float
    length: int
    settings: Settings
    predict: Predict


@dataclass(frozen=True)
class Learner:
    """`train(course, settings, None)` stops early by the held-out rows; with a length it fits all training rows to just that length.

    `most`: settings that are worth trying.
    """

    default: Settings
    draw: Callable[[np.random.Generator], Settings]
    train: Callable[[Course, Settings, int | None], Trial]
    most: int = 8


def search(learner: Learner, course: Course) -> str:
    """Run it; the answer tells what was chosen."""
    rng = np.random.default_rng(course.task.seed)
    tried: list[Trial] = []
    for number in range(min(learner.most, course.task.tries)):
        trial = learner.train(course, learner.draw(rng) if number else learner.default, None)
        course.offer(trial.score, trial.predict)
        tried.append(trial)
        if course.over():
            break
    best = min(tried, key=lambda trial: trial.score)
    if not course.over():
        course.supersede(learner.train(course, best.settings, best.length).predict)
    chosen = ", ".join(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in best.settings.items())
    return f"{chosen}; length {best.length}; of {len(tried)} settings"
