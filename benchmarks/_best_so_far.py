"""A task with rows held out for choices, and the best model so far against seconds that leave out
what only the curve needs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from benchmarks._own_course import Course
from benchmarks._split import Split

VALID = 0.15


@dataclass(frozen=True)
class Task:
    """Encoded training rows and standardised target, and the test error of predictions in that
    standardisation.
    """

    X: Tensor
    y: Tensor
    X_test: Tensor
    error: Callable[[np.ndarray], float]

    def held_out(self, seed: int = 0) -> tuple[Tensor, Tensor]:
        """Numbers of the rows to train on and of those to choose by."""
        order = torch.randperm(len(self.X), generator=torch.Generator().manual_seed(seed))
        cut = max(1, int(len(order) * VALID))
        return order[cut:], order[:cut]


@dataclass
class BestSoFar:
    """Candidates arrive with a score that the test rows have no part in; `points` has (seconds,
    test error) wherever the best changes.

    The clock, of wall or of CPU seconds, stands still while the test rows are predicted.
    """

    task: Task
    clock: Callable[[], float] = time.monotonic
    points: list[tuple[float, float]] = field(default_factory=list)
    best: float = float("inf")
    aside: float = 0.0
    start: float = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.clock()

    @property
    def seconds(self) -> float:
        return self.clock() - self.start - self.aside

    def offer(self, score: float, predict: Callable[[Tensor], np.ndarray]) -> None:
        """A candidate with its score, the less the better; `predict` gives standardised values at
        encoded rows.
        """
        if score < self.best:
            self.best, now, before = score, self.seconds, self.clock()
            self.points.append(
                (
                    now,
                    self.task.error(
                        np.asarray(predict(self.task.X_test), dtype=float).reshape(-1, 1)
                    ),
                )
            )
            self.aside += self.clock() - before

    def end(self) -> list[tuple[float, float]]:
        """The curve, to the second at which the method stopped."""
        return [*self.points, (self.seconds, self.points[-1][1])]


def task_of(data: Split, ours: Course) -> Task:
    """The matrix as our encoder makes it, in float32, and the standardised target."""
    y = data.train["target"].to_numpy(dtype=float)
    mean, sd = y.mean(), y.std()
    X, X_test = (
        torch.as_tensor(ours.model.encode(part[data.columns]), dtype=torch.float32)
        for part in (data.train, data.test)
    )

    def error(prediction: np.ndarray) -> float:
        return data.nrmse(prediction * sd + mean)

    return Task(X, torch.as_tensor((y - mean) / sd, dtype=torch.float32)[:, None], X_test, error)
