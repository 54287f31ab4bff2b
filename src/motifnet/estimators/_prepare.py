"""From what a user passes to `fit` to the sample that the pipeline runs on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np

from motifnet.bundle import check_width
from motifnet.engine import DataError
from motifnet.estimators._goal import ClassificationGoal, Goal, RegressionGoal
from motifnet.estimators._loss_goal import LossGoal
from motifnet.estimators._presets import Preset
from motifnet.explain import Evidence, raw_columns, warn_of_leaks, warn_of_twins
from motifnet.losses import Objective
from motifnet.profiling import Rows, units_of
from motifnet.structure import LogScale
from motifnet.tables import (
    Encoder,
    Matrix,
    Response,
    Sample,
    Schema,
    Table,
    Target,
    Task,
    as_groups,
    as_offset,
    as_table,
    as_target,
    as_time,
    as_weight,
    canonical,
    check_domain,
    check_range,
    code_response,
    make_folds,
    note_strings,
    sensible_weight,
    standardised,
)

LEAST_ROWS = 2
SCORED_ROWS = 4_000  # of a single fold, by which errors are known to a hundredth
SCORED_OF_CLASS = 50  # rows of every class, where there are as many, so that probabilities are calibrated by more than a few
SINGLE, MAX_FOLDS = 4, 20  # a single fold has at most a quarter of the rows; folds that cross-fit the encoding of categories


@dataclass(frozen=True)
class Prepared:
    """The encoded sample with its goal, the table of its rows, what is needed to treat new rows alike, and the logarithmic scale where it is worth
    a try."""

    sample: Sample
    goal: Goal
    table: Table
    schema: Schema
    encoder: Encoder
    targets: tuple[str, ...]
    classes: tuple[Any, ...] | None
    flat: bool
    log: LogScale | None

    def looked_at(self, seed: int) -> Rows:
        """The rows as the detectors of the profile see them, in random order."""
        s, q = self.sample, self.sample.y.shape[1]
        order = np.random.default_rng([seed, 8]).permutation(s.n)
        mean, sd = (self.goal.mean, self.goal.sd) if isinstance(self.goal, RegressionGoal) else (np.zeros(q), np.ones(q))
        names, classes = self.encoder.names, s.labels is not None
        return Rows(s.X[order], s.y[order], mean, sd, names, self.encoder.numeric, *units_of(self.encoder), self.targets, s.n, classes, seed)


def prepare(
    X: Any, y: Any, sample_weight: Any, groups: Any, time: Any, offset: Any = None, *, task: Task, objective: Objective, preset: Preset, seed: int
) -> Prepared:
    """Check, type and sort the rows; make folds; encode. Raises DataError or UsageError with the column or row."""
    table = as_table(X)
    note_strings(table, X)
    weight = sensible_weight(as_weight(sample_weight, table.n))
    target = as_target(y, table.n, task, weight=weight)
    check_domain(target.values, target.names, objective)
    values, exposed = _per_exposure(target.values, weight, as_offset(offset, table.n), objective)
    check_range(values, target.names, objective)
    rows = canonical(table, values, exposed, as_groups(groups, table.n), as_time(time, table.n))
    n = rows.table.n
    if n < LEAST_ROWS:
        raise DataError(f"The table has {n} sample(s) that have weight; a minimum of {LEAST_ROWS} is required. Add rows.")
    labels = rows.y[:, 0].astype(np.int64) if task == "classification" else None
    alike = rows.groups is None and rows.time is None
    rarest = n if labels is None else int(np.bincount(labels).min())
    single = alike and n >= preset.single_rows and rarest >= SINGLE * SCORED_OF_CLASS
    count = min(max(n // SCORED_ROWS, SINGLE), MAX_FOLDS) if single else preset.n_folds(n)
    folds = make_folds(n, count, seed, groups=rows.groups, time=rows.time, labels=labels)
    if folds.count < 1 or (folds.count < 2 and not folds.forward):
        what = "time has one value" if rows.time is not None else "groups has one group"
        raise DataError(f"{what} only, so that no row can be scored by a fit that has not seen it. Pass at least two, or leave it out.")
    if not all(folds.train(k).any() for k in range(folds.count)):
        raise DataError("groups and time together leave no earlier rows of other groups to score some rows by. Leave one of them out, or add groups.")
    coded, response, goal_of = _code(rows.y, rows.weight, labels, target, objective)
    row_weight = rows.weight / (fsum(exposed) / fsum(weight))  # so that units of exposure do not matter
    few = max(preset.scored_rows, math.ceil(SCORED_OF_CLASS * n / rarest))
    scored = folds.first(1, at_least=1) if single else folds.first(few) if alike else folds
    encoder, matrix, views = Encoder.fit(rows.table, coded, row_weight, folds, scored.count)
    check_width(encoder, table.schema)
    sample = Sample(matrix, coded, row_weight, scored, rows.groups, rows.time, labels, encoder.numeric, views, response)
    goal, flat = goal_of(sample), target.flat and len(objective.quantiles) < 2
    log = LogScale.of(sample, goal.mean, goal.sd) if isinstance(goal, RegressionGoal) else None
    return Prepared(sample, goal, rows.table, table.schema, encoder, target.names, target.classes, flat, log)


def warn_of_rows(ready: Prepared, seed: int) -> None:
    """A MotifnetWarning of a column that gives the target away, and one of objects that were entered twice."""
    sample = ready.sample
    rows = Evidence(sample.X, "rows of the fit", sample.y, folds=sample.folds.of, table=ready.table)
    warn_of_leaks(raw_columns(ready.encoder, ready.schema), rows, sample.labels is not None, seed)
    warn_of_twins(ready.table, sample.groups)


def _per_exposure(y: Matrix, weight: Matrix, offset: Matrix, objective: Objective) -> tuple[Matrix, Matrix]:
    """Targets per unit of exposure, and weights: a count says as much about its rate as its exposure is large."""
    exposure = np.exp(offset)
    return y / exposure[:, None], weight * exposure if objective.name == "poisson" else weight


def _code(y: Matrix, w: Matrix, labels: Any, target: Target, objective: Objective) -> tuple[Matrix, Response | None, Callable[[Sample], Goal]]:
    """The target as teachers see it, its response where it has losses of its own, and the goal that goes with it."""
    if labels is not None and (classes := target.classes) is not None:
        one_hot = np.eye(len(classes))[labels]
        coded = 2 * one_hot[:, 1:] - 1 if len(classes) == 2 else one_hot
        return coded, None, lambda sample: ClassificationGoal(sample, len(classes))
    if losses := objective.losses(y.shape[1]):
        coded, response = code_response(y, w, losses)
        return coded, response, LossGoal
    coded, mean, sd = standardised(y, w)
    return coded, None, lambda sample: RegressionGoal(sample, mean, sd)
