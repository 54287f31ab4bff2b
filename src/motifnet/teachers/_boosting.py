"""Gradient boosting of one target or one set of classes: arrays in, forests out.

    score:  f_T(x) = f_0 + Σ_{t ≤ T} tree_t(x)       a value, a logit, or the η of a loss

f_0 is the best constant (for classes, of smoothed shares). So T = 0 is a model that early stopping
may choose.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Control, Matrix, MotifnetWarning
from motifnet.losses import Loss
from motifnet.teachers._forest import Forest

MIN_TREES = 250  # of the stated learning rate; fewer trees have a larger rate
MAX_RATE = 0.3


@dataclass(frozen=True)
class Growth:
    """Settings of the growth. `limit` is the number of trees, or its maximum with early stopping.

    `randomised`: one random threshold per column is tried, not all (extremely randomised trees,
    Geurts et al. 2006). `smooth`: a node of n rows has the value (n v + s u) / (n + s), v its own
    and u its parent's, with s = `smooth` rows (path smoothing; LightGBM only, leaves of 2 rows at
    least). `signs` of the columns: 1 or −1 where the function must rise or fall along it; empty
    without constraints (LightGBM only). `seconds`: the time limit of the growth; the rate rises
    where the limit is too short for the stated one (LightGBM only).
    """

    learning_rate: float
    leaves: int
    limit: int
    patience: int
    min_rows: int = 10
    columns: float = 1.0
    rows: float = 1.0
    l2: float = 0.0
    randomised: bool = False
    smooth: float = 0.0
    signs: tuple[int, ...] = ()
    seconds: float = math.inf

    def rate_at(self, pace: float) -> float:
        """The learning rate for trees that take `pace` seconds each: the stated one where there is
        time for `MIN_TREES` trees, else a larger one with which fewer trees learn as much.
        """
        trees = self.seconds / max(pace, 1e-9)
        return (
            self.learning_rate
            if trees >= MIN_TREES
            else min(max(self.learning_rate, MAX_RATE), self.learning_rate * MIN_TREES / trees)
        )


@dataclass(frozen=True)
class Problem:
    """Rows X with shape (n, d), target y (values or class codes) and weights with shape (n,),
    number of classes (0: values), and the loss of values (None: squared error).
    """

    X: Matrix
    y: Matrix
    weight: Matrix
    classes: int = 0
    loss: Loss | None = None

    def part(self, rows: NDArray[np.bool_]) -> Problem:
        return Problem(self.X[rows], self.y[rows], self.weight[rows], self.classes, self.loss)

    @property
    def base(self) -> Matrix:
        """f_0 with shape (outputs,)."""
        if self.loss is not None:
            return np.array([self.loss.constant(self.y, self.weight)])
        if self.classes == 0:
            return np.atleast_1d(self.weight @ self.y / self.weight.sum())
        weight = self.weight * (len(self.y) / self.weight.sum())
        share = np.bincount(self.y.astype(np.int64), weight, max(self.classes, 2)) + 0.5
        share /= share.sum()
        return np.log(share[1:] / share[:1]) if self.classes <= 2 else np.log(share)

    @property
    def constants(self) -> list[Forest]:
        """f_0, one forest for each output."""
        return [Forest.constant(value) for value in self.base]


Until = Callable[[Problem, Problem, Growth, int, Control | None], list[Forest]]


@dataclass(frozen=True)
class Engine:
    """A library that grows trees.

    `count` gives the number of trees, grown on the first problem, that is best for the second.
    `grow` gives forests, one for each output. `until` gives the forests of the first problem with
    the best number for the second, if the library can do that at once. All take `growth`, a seed
    and a control. They require `growth.limit` > 0 and a number of rows that allows a split.
    """

    count: Callable[[Problem, Problem, Growth, int, Control | None], int]
    grow: Callable[[Problem, Growth, int, Control | None], list[Forest]]
    until: Until | None = None


def find_engine(library: str) -> Engine:
    """The engine of a library, "catboost" or "lightgbm". Where LightGBM cannot be loaded, it is
    scikit-learn's histogram boosting, with a warning.
    """
    if library == "catboost":
        from motifnet.teachers import _catboost

        return Engine(_catboost.count, _catboost.grow)
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError) as error:
        # OSError: the wheel is installed without the OpenMP library that it needs
        warnings.warn(
            f"LightGBM cannot be imported ({error}); boosted trees are grown by scikit-learn "
            "instead, which is slower. "
            "Install LightGBM and its OpenMP library (libgomp1, or libomp on macOS) to use it.",
            MotifnetWarning,
            stacklevel=2,
        )
        from motifnet.teachers import _sklearn_trees

        return Engine(_sklearn_trees.count, _sklearn_trees.grow)
    from motifnet.teachers import _lightgbm

    return Engine(_lightgbm.count, _lightgbm.grow, _lightgbm.grow_until)


def grow_best(
    engine: Engine,
    problem: Problem,
    valid: NDArray[np.bool_],
    growth: Growth,
    seed: int,
    control: Control | None,
    *,
    once: bool = False,
) -> list[Forest]:
    """Trees on all rows. Their number is the best one for the rows `valid` when grown on the
    others, times the ratio of the numbers of rows.

    Where a time limit does not allow both growths, or with `once`, the trees are those grown on the
    others.
    """
    grown_on = int((~valid).sum())
    first = problem.part(~valid)
    if (
        not valid.any()
        or grown_on < 2 * growth.min_rows
        or (problem.loss is not None and np.ptp(first.y) == 0)
    ):
        return problem.constants
    if once and engine.until is not None:
        return engine.until(first, problem.part(valid), growth, seed, control)
    if math.isfinite(growth.seconds) and engine.until is not None:
        return _grow_in_time(engine, engine.until, problem, valid, growth, seed, control)
    best = engine.count(first, problem.part(valid), growth, seed, control)
    limit = round(best * len(valid) / grown_on)
    return (
        engine.grow(problem, replace(growth, limit=limit), seed, control)
        if limit
        else problem.constants
    )


def _grow_in_time(
    engine: Engine,
    until: Until,
    problem: Problem,
    valid: NDArray[np.bool_],
    growth: Growth,
    seed: int,
    control: Control | None,
) -> list[Forest]:
    """Trees on the rows that are not `valid`, in the number that is best for the rows `valid`; on
    all rows where there is time to grow them again.
    """
    start = time.monotonic()
    forests = until(problem.part(~valid), problem.part(valid), growth, seed, control)
    took = time.monotonic() - start
    trees = len(forests[0].roots) - 1
    ratio = len(valid) / int((~valid).sum())
    if (
        not trees
        or growth.rate_at(took / trees) > growth.learning_rate
        or took + ratio**2 * took > growth.seconds
    ):
        return forests
    return engine.grow(problem, replace(growth, limit=round(trees * ratio)), seed, control)


def grow_scored(
    engine: Engine,
    train: Problem,
    valid: Problem,
    growth: Growth,
    seed: int,
    control: Control | None,
) -> list[Forest]:
    """Trees on `train`, in the number that is best for `valid`."""
    if engine.until is not None:
        return engine.until(train, valid, growth, seed, control)
    limit = engine.count(train, valid, growth, seed, control)
    return (
        engine.grow(train, replace(growth, limit=limit), seed, control)
        if limit
        else train.constants
    )


def best_count(forests: list[Forest], valid: Problem) -> int:
    """The number of trees with the least loss on held-out rows, 0 included, of forests, one for
    each output, whose first tree is the constant.
    """
    stages = np.stack([np.cumsum(f.values[f.leaves(valid.X)][:, :, 0], axis=1) for f in forests])
    return int(np.argmin([_loss(stages[:, :, t].T, valid) for t in range(stages.shape[2])]))


def _loss(score: Matrix, part: Problem) -> float:
    """Weighted squared error, log loss or loss of scores with shape (n, outputs)."""
    if part.loss is not None:
        return float(part.weight @ part.loss.value(part.y, score[:, 0]))
    if part.classes == 0:
        return float(part.weight @ (score[:, 0] - part.y) ** 2)
    logits = np.column_stack([np.zeros(len(score)), score]) if part.classes <= 2 else score
    own = logits[np.arange(len(logits)), part.y.astype(np.int64)]
    return float(part.weight @ (np.logaddexp.reduce(logits, axis=1) - own))
