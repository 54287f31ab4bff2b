"""Boosted trees, as one forest of all rows or bagged over the folds.

Early stopping on an inner split of train(k) gives the number of trees of model k. It is grown again
on all of train(k) with that number times the ratio of the rows, and predicts the held-out fold k.
The predictor is the mean of the models. If not `bagged`, or where folds look forward in time, it is
one model of all rows, with the mean number of trees per row of those models. From `ONCE_ROWS` rows
on, the trees of a single fold are those of the inner split: what they would gain by its quarter of
the rows decides nothing.

For classes, predictions are logits: of the second class against the first, or one for each class.
For a response, trees are fitted to its losses, and predictions are scores in the coding, one column
for each loss.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from motifnet.engine import Control, Matrix
from motifnet.tables import Sample
from motifnet.teachers._base import (
    INNER_FOLDS,
    FittedTeacher,
    Teacher,
    Worth,
    cross_fit,
    inner_split,
)
from motifnet.teachers._boosting import Engine, Growth, Problem, find_engine, grow_best, grow_scored
from motifnet.teachers._forest import Forest

Forests = tuple[Forest, ...]
ONCE_ROWS = 8_000  # from which on the trees of a single fold are grown once
_FULL_ROWS = 3000  # with the stated learning rate; it grows as 1 / √n with fewer rows, to save time
_MAX_SPEED = 2.4  # times the stated rate
_MANY_CLASSES = 2.0  # times the rate: a round grows a tree for each class
# time of trees of all rows, in units of that of a single fold, and of one that is grown once
_AGAIN, _AGAIN_ONCE = 1.5, 2.0
_SHARE = 0.75  # of the time that is left
# growth, of the time of a fold: trees are also read, and predict; many classes have more trees
_OF_SLICE, _OF_CLASSES = 0.7, 0.45


@dataclass(frozen=True)
class FittedTrees(FittedTeacher):
    """One forest for each output."""

    forests: Forests

    def predict(self, X: Matrix) -> Matrix:
        return _predict(self.forests, X)


@dataclass(frozen=True)
class BoostedTrees(Teacher):
    """Settings of the growth. `columns` and `rows` are the shares drawn for each tree; `min_rows`
    per leaf falls with n where rows are few.

    `randomised` (LightGBM only): trees try one random threshold per column. They are smoother, and
    better for few rows or categories. `smooth` (LightGBM only): the weight, in rows, of the value
    of its parent in that of a node, so that leaves may be small. `signs` (LightGBM only): of each
    column, 1 or −1 where the function must rise or fall along it; empty without constraints.
    `bagged`: the predictor is the
    mean of the fold models, which is a little more accurate, and larger by the number of folds.
    `library`: "lightgbm", or "catboost" for symmetric trees of depth 6, which have the rate,
    shares, number and patience of these settings.
    """

    learning_rate: float = 0.05
    leaves: int = 31
    min_rows: int = 5
    columns: float = 0.8
    rows: float = 0.8
    l2: float = 1.0
    max_trees: int = 500
    patience: int = 40
    randomised: bool = False
    smooth: float = 0.0
    signs: tuple[int, ...] = ()
    bagged: bool = True
    library: str = "lightgbm"

    def fit(
        self,
        sample: Sample,
        *,
        seed: int = 0,
        n_jobs: int = 1,
        control: Control | None = None,
        worth: Worth | None = None,
    ) -> FittedTrees:
        """As for all teachers. Raises `RejectedEarly` where the predictions of a trial are not
        `worth` the other folds.
        """
        engine, forward, start = find_engine(self.library), sample.folds.forward, time.monotonic()
        end = start + _SHARE * (control or Control()).seconds_left
        single, one_model = sample.folds.count == 1 and not forward, forward or not self.bagged
        count = sample.folds.count + (one_model and not single)
        once = single and one_model and sample.n >= ONCE_ROWS and engine.until is not None

        def grow(rows: Sample, k: int) -> Forests:
            seconds = (
                (_OF_CLASSES if sample.y.shape[1] > 1 else _OF_SLICE)
                * max(end - time.monotonic(), 0.0)
                / math.ceil((count - k) / n_jobs)
            )
            return self._grow(rows, engine, [seed, k], control, seconds, once=once)

        oof, models = cross_fit(sample, grow, _predict, n_jobs=n_jobs, control=control, worth=worth)
        now = time.monotonic()
        # Trees that a time limit cut short stay: grown again on all rows in the same time, they
        # would be worse than their score.
        again = _AGAIN_ONCE if once else _AGAIN
        if not models or (one_model and (not single or end - now > again * (now - start))):
            counted = not forward and bool(models) and (single or math.isinf(end))
            models = [
                self._grow_again(sample, engine, models, seed, once=once)
                if counted
                else grow(sample, sample.folds.count)
            ]
        return FittedTrees(
            oof,
            tuple(
                Forest.sum([model[c] for model in models]).scaled(1 / len(models))
                for c in range(len(models[0]))
            ),
        )

    def fit_scored(
        self, sample: Sample, scored: Sample, *, seed: int = 0, control: Control | None = None
    ) -> FittedTrees:
        """Trees on all rows of a sample. Their number is the best one for the rows `scored`, whose
        predictions are `oof`.
        """
        engine = find_engine(self.library)
        growth = self._growth(sample.n, sample.y.shape[1] if sample.labels is not None else 0)
        problems = zip(_problems(sample), _problems(scored), strict=True)
        forests = tuple(
            forest
            for train, valid in problems
            for forest in grow_scored(engine, train, valid, growth, seed, control)
        )
        return FittedTrees(_predict(forests, scored.X), forests)

    def grown(self, sample: Sample, seed: int, control: Control | None = None) -> FittedTrees:
        """Trees of all rows of a sample, their number by an inner split, without `oof`."""
        forests = self._grow(sample, find_engine(self.library), [seed], control, math.inf)
        return FittedTrees(np.full(sample.y.shape, np.nan), forests)

    def _grow(
        self,
        sample: Sample,
        engine: Engine,
        entropy: list[int],
        control: Control | None,
        seconds: float,
        *,
        once: bool = False,
    ) -> Forests:
        """Forests of one sample, one for each output, grown within some seconds."""
        seed, split_seed = (
            int(s) for s in np.random.default_rng(entropy).integers(2**31 - 1, size=2)
        )
        valid = inner_split(sample, split_seed)
        growth = self._growth(sample.n, sample.y.shape[1] if sample.labels is not None else 0)
        problems = _problems(sample)
        growth = replace(growth, seconds=seconds / len(problems))
        return self._coded(
            sample,
            [
                forest
                for problem in problems
                for forest in grow_best(engine, problem, valid, growth, seed, control, once=once)
            ],
        )

    @staticmethod
    def _coded(sample: Sample, forests: list[Forest]) -> Forests:
        """Forests in the coding of the sample's response."""
        if (r := sample.response) is None:
            return tuple(forests)
        origins = r.mean - [np.log(unit) for unit in _units(sample)]
        return tuple(
            Forest.sum([Forest.constant(-m), f]).scaled(1 / sd)
            for f, m, sd in zip(forests, origins, r.sd, strict=True)
        )

    def _grow_again(
        self, sample: Sample, engine: Engine, models: list[Forests], seed: int, *, once: bool
    ) -> Forests:
        """Forests of all rows. Their number of trees is the mean of the folds, times the ratio of
        the rows.
        """
        rows = np.mean([sample.folds.train(k).sum() for k in range(sample.folds.count)])
        ratio = sample.n / rows * (INNER_FOLDS / (INNER_FOLDS - 1) if once else 1)
        growth = self._growth(sample.n, sample.y.shape[1] if sample.labels is not None else 0)
        constants = 1 if sample.response is None else 2
        problems, forests = _problems(sample), list[Forest]()
        for i, problem in enumerate(problems):
            first = i * len(models[0]) // len(problems)
            limit = round(
                ratio * np.mean([len(model[first].roots) - constants for model in models])
            )
            forests += (
                engine.grow(problem, replace(growth, limit=limit), seed, None)
                if limit
                else problem.constants
            )
        return self._coded(sample, forests)

    def _growth(self, n: int, classes: int) -> Growth:
        speed = min(_MAX_SPEED, max(1.0, (_FULL_ROWS / n) ** 0.5)) * (
            _MANY_CLASSES if classes > 2 else 1.0
        )
        min_rows = min(self.min_rows, n // 10 + 1)
        rate, patience = self.learning_rate * speed, round(self.patience / speed)
        return Growth(
            learning_rate=rate,
            leaves=self.leaves,
            min_rows=min_rows,
            columns=self.columns,
            rows=self.rows,
            l2=self.l2,
            limit=self.max_trees,
            patience=patience,
            randomised=self.randomised,
            smooth=self.smooth,
            signs=self.signs,
        )


def _problems(sample: Sample) -> list[Problem]:
    """One for each loss or target column, or one for all classes."""
    if (r := sample.response) is not None:
        units = _units(sample)
        return [
            Problem(sample.X, column / u, sample.weight, loss=loss)
            for column, loss, u in zip(r.y.T, r.losses, units, strict=True)
        ]
    if sample.labels is None:
        return [Problem(sample.X, column, sample.weight) for column in sample.y.T]
    return [
        Problem(
            sample.X, sample.labels.astype(np.float64), sample.weight, max(2, sample.y.shape[1])
        )
    ]


def _units(sample: Sample) -> list[float]:
    """The unit of each target: its mean with a log link, so that the penalty on leaves does not
    depend on the unit of the data; else 1.
    """
    r = sample.response
    assert r is not None
    means = [float(np.average(y, weights=sample.weight)) for y in r.y.T]
    return [
        mean if loss.log_link and mean > 0 else 1.0
        for mean, loss in zip(means, r.losses, strict=True)
    ]


def _predict(forests: Forests, X: Matrix) -> Matrix:
    return np.column_stack([forest.predict(X)[:, 0] for forest in forests])
