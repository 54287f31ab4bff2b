"""One method on one task: the test error of its model at hand against CPU seconds.

A method offers candidates with a score from rows that it holds out of the training rows. Its model
at hand is the one with the best score so far. A model that is fitted to all training rows, with the
settings that the held-out rows chose, supersedes it. Test rows have no part in any choice. The
clock stands still while they are predicted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motifnet.compare import Inputs, Split, nrmse

Vector = NDArray[np.float64]
Predict = Callable[[], Vector]
HELD_OUT = 5  # one row of five is held out
MAX_DEVIATIONS = 8.0  # standardised columns are clipped there


class Point(NamedTuple):
    """The test error of the model at hand from these seconds on. `stage` names its stage, where a
    method has stages.
    """

    seconds: float
    error: float
    stage: str = ""


@dataclass(frozen=True)
class Matrix:
    """Standardised columns with shapes (n, p) and (test rows, p), categories as 0 and 1, and the
    standardised target with shape (n,).
    """

    X: Vector
    X_test: Vector
    y: Vector
    mean: float
    sd: float

    def original(self, values: Vector) -> Vector:
        """Values of the target in its own units."""
        return np.asarray(values, dtype=np.float64).ravel() * self.sd + self.mean


@dataclass(frozen=True)
class Task:
    """A split, the seed, the CPU seconds after which a method begins nothing more, and the largest
    number of settings that a search may try.
    """

    split: Split
    seed: int = 0
    limit: float = float("inf")
    tries: int = 8

    @cached_property
    def rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices of the training rows to fit, and of the held-out rows."""
        order = np.random.default_rng(self.seed).permutation(len(self.split.X))
        cut = max(1, len(order) // HELD_OUT)
        return order[cut:], order[:cut]

    @cached_property
    def matrix(self) -> Matrix:
        """The task for methods that take only numbers."""
        inputs = Inputs.of(self.split.X, "matrix")
        X, X_test = (
            inputs(part).to_numpy(dtype=np.float64) for part in (self.split.X, self.split.X_test)
        )
        middle, spread = X.mean(0), X.std(0)
        spread[spread == 0] = 1.0
        y = self.split.y.astype(np.float64)
        mean, sd = float(y.mean()), float(y.std()) or 1.0
        X, X_test = (
            np.clip((part - middle) / spread, -MAX_DEVIATIONS, MAX_DEVIATIONS)
            for part in (X, X_test)
        )
        return Matrix(X, X_test, (y - mean) / sd, mean, sd)

    def error(self, predicted: Vector) -> float:
        """nRMSE on the test rows."""
        return nrmse(self.split.y_test, predicted)


@dataclass
class History:
    """The points of a method on a task. `at` is the time at which a candidate is ready; the default
    is now.
    """

    task: Task
    points: list[Point] = field(default_factory=list)
    score: float = float("inf")
    ended_by_limit: bool = False
    aside: float = 0.0
    start: float = field(default_factory=time.process_time)

    @property
    def seconds(self) -> float:
        return time.process_time() - self.start - self.aside

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock, for work that only the curve needs."""
        aside, before = self.aside, time.process_time()
        try:
            yield
        finally:
            self.aside = aside + time.process_time() - before

    def offer(self, score: float, predict: Predict, at: float | None = None) -> None:
        """Offer a candidate; it is at hand where its score is the least so far."""
        if score < self.score:
            self.score = score
            self.supersede(predict, at)

    def supersede(self, predict: Predict, at: float | None = None, stage: str = "") -> None:
        """Put a model at hand, whatever its score."""
        seconds = self.seconds if at is None else at
        with self.paused():
            self.points.append(Point(seconds, self.task.error(predict()), stage))

    def over(self) -> bool:
        """Whether the limit has passed; this also records that the limit ended the method."""
        self.ended_by_limit = self.ended_by_limit or self.seconds >= self.task.limit
        return self.ended_by_limit

    def end(self) -> None:
        """Repeat the last model at the second at which the method ended."""
        last = self.points[-1]
        self.points.append(last._replace(seconds=max(last.seconds, self.seconds)))
