"""From the arguments of `fit` to the sample that the pipeline runs on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import fsum
from typing import Any

import numpy as np

from motifnet.engine import DataError, Matrix
from motifnet.losses import Objective
from motifnet.model import check_width
from motifnet.model.explain import (
    Evidence,
    duplicate_rows,
    raw_columns,
    warn_of_leaks,
    warn_of_twins,
)
from motifnet.pipeline._goal import ClassificationGoal, Goal, LossGoal, RegressionGoal
from motifnet.pipeline._presets import Preset
from motifnet.structure import LogScale, Rows, units_of
from motifnet.tables import (
    CanonicalRows,
    Encoder,
    Folds,
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

MIN_ROWS = 2
SCORED_ROWS = 4_000  # of a single fold: they determine an error to a hundredth
SCORED_OF_CLASS = 50  # rows of every class, so that probabilities can be calibrated
# cross-fit the encoding of categories where a single one is
# scored, which then has at most a quarter of the rows
MIN_FOLDS, MAX_FOLDS = 4, 20


@dataclass(frozen=True)
class Prepared:
    """The encoded sample with its goal, the table of its rows, the encoding for new rows, and the
    logarithmic scale where it is worth a try. `duplicates`: groups are of rows that are copies.
    """

    sample: Sample
    goal: Goal
    table: Table
    schema: Schema
    encoder: Encoder
    targets: tuple[str, ...]
    classes: tuple[Any, ...] | None
    flat: bool
    duplicates: bool
    log: LogScale | None

    def profile_rows(self, seed: int) -> Rows:
        """The input of the profile's detectors: the rows in random order."""
        s, q = self.sample, self.sample.y.shape[1]
        order = np.random.default_rng([seed, 8]).permutation(s.n)
        mean, sd = (
            (self.goal.mean, self.goal.sd)
            if isinstance(self.goal, RegressionGoal)
            else (np.zeros(q), np.ones(q))
        )
        centre, unit = units_of(self.encoder)
        return Rows(
            X=s.X[order],
            y=s.y[order],
            mean=mean,
            sd=sd,
            names=self.encoder.names,
            numeric=self.encoder.numeric,
            centre=centre,
            unit=unit,
            targets=self.targets,
            total=s.n,
            classes=s.labels is not None,
            seed=seed,
        )


def prepare(
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any,
    time: Any,
    offset: Any = None,
    *,
    task: Task,
    objective: Objective,
    preset: Preset,
    seed: int,
) -> Prepared:
    """Check, type and sort the rows, make folds, encode.

    Raises DataError or UsageError with the column or row concerned.
    """
    table = as_table(X)
    note_strings(table, X)
    weight = sensible_weight(as_weight(sample_weight, table.n))
    target = as_target(y, table.n, task, weight=weight)
    check_domain(target.values, target.names, objective)
    values, exposed = _per_exposure(target.values, weight, as_offset(offset, table.n), objective)
    check_range(values, target.names, objective)
    rows = canonical(table, values, exposed, as_groups(groups, table.n), as_time(time, table.n))
    labels = rows.y[:, 0].astype(np.int64) if task == "classification" else None
    alike = rows.groups is None and rows.time is None
    if alike:
        rows = replace(rows, groups=duplicate_rows(rows.table, rows.y))
    folds, scored = _make_folds(rows, labels, preset, seed, alike=alike)
    coded, response, goal_of = _code(rows.y, rows.weight, labels, target, objective)
    # so that units of exposure do not matter
    row_weight = rows.weight / (fsum(exposed) / fsum(weight))
    encoder, matrix, views = Encoder.fit(rows.table, coded, row_weight, folds, scored.count)
    check_width(encoder, table.schema)
    sample = Sample(
        X=matrix,
        y=coded,
        weight=row_weight,
        folds=scored,
        groups=rows.groups,
        time=rows.time,
        labels=labels,
        numeric=encoder.numeric,
        views=views,
        response=response,
    )
    goal = goal_of(sample)
    return Prepared(
        sample=sample,
        goal=goal,
        table=rows.table,
        schema=table.schema,
        encoder=encoder,
        targets=target.names,
        classes=target.classes,
        flat=target.flat and len(objective.quantiles) < 2,
        duplicates=alike and rows.groups is not None,
        log=LogScale.of(sample, goal.mean, goal.sd) if isinstance(goal, RegressionGoal) else None,
    )


def _make_folds(
    rows: CanonicalRows, labels: Any, preset: Preset, seed: int, *, alike: bool
) -> tuple[Folds, Folds]:
    """The folds that cross-fit the encoding, and those of them that are scored: not all where rows
    are `alike`, without groups and time of the user.
    """
    n = rows.table.n
    if n < MIN_ROWS:
        raise DataError(
            f"The table has {n} sample(s) that have weight; a minimum of {MIN_ROWS} "
            "is required. Add rows."
        )
    rarest = n if labels is None else int(np.bincount(labels).min())
    single = alike and n >= preset.single_rows and rarest >= MIN_FOLDS * SCORED_OF_CLASS
    count = min(max(n // SCORED_ROWS, MIN_FOLDS), MAX_FOLDS) if single else preset.n_folds(n)
    folds = make_folds(n, count, seed, groups=rows.groups, time=rows.time, labels=labels)
    if folds.count < 1 or (folds.count < 2 and not folds.forward):
        what = "time has one value" if rows.time is not None else "groups has one group"
        raise DataError(
            f"{what} only, so that no row can be scored by a fit without it. Pass at least two, or "
            "leave it out."
        )
    if not all(folds.train(k).any() for k in range(folds.count)):
        raise DataError(
            "groups and time together leave no earlier rows of other groups to score "
            "some rows by. Leave one of them out, or add groups."
        )
    if single:
        return folds, replace(folds.first(1, at_least=1), groups=rows.groups)
    scored_rows = max(preset.scored_rows, math.ceil(SCORED_OF_CLASS * n / rarest))
    return folds, folds.first(scored_rows) if alike else folds


def warn_of_rows(ready: Prepared, seed: int) -> None:
    """Warn of columns that give the target away, and of objects that were entered twice."""
    sample = ready.sample
    rows = Evidence(sample.X, "rows of the fit", sample.y, folds=sample.folds.of, table=ready.table)
    warn_of_leaks(raw_columns(ready.encoder, ready.schema), rows, sample.labels is not None, seed)
    warn_of_twins(ready.table, sample.groups, ready.duplicates)


def _per_exposure(
    y: Matrix, weight: Matrix, offset: Matrix, objective: Objective
) -> tuple[Matrix, Matrix]:
    """Targets per unit of exposure, and weights: the information of a count about its rate is
    proportional to its exposure.
    """
    exposure = np.exp(offset)
    return y / exposure[:, None], weight * exposure if objective.name == "poisson" else weight


def _code(
    y: Matrix, w: Matrix, labels: Any, target: Target, objective: Objective
) -> tuple[Matrix, Response | None, Callable[[Sample], Goal]]:
    """The coded target for teachers, its response where the objective has losses, and the goal."""
    if labels is not None and (classes := target.classes) is not None:
        one_hot = np.eye(len(classes))[labels]
        coded = 2 * one_hot[:, 1:] - 1 if len(classes) == 2 else one_hot
        return coded, None, lambda sample: ClassificationGoal(sample, len(classes))
    if losses := objective.losses(y.shape[1]):
        coded, response = code_response(y, w, losses)
        return coded, response, LossGoal
    coded, mean, sd = standardised(y, w)
    return coded, None, lambda sample: RegressionGoal(sample, mean, sd)
