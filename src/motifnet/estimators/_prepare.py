"""From what a user passes to `fit` to the sample that the pipeline runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from motifnet.engine import DataError
from motifnet.estimators._goal import ClassificationGoal, Goal, RegressionGoal
from motifnet.estimators._presets import Preset
from motifnet.tables import Encoder, Matrix, Sample, Schema, Task, as_groups, as_table, as_target, as_time, as_weight, canonical, make_folds

LEAST_ROWS = 2


@dataclass(frozen=True)
class Prepared:
    """The encoded sample with its goal, and what is needed to treat new rows alike."""

    sample: Sample
    goal: Goal
    schema: Schema
    encoder: Encoder
    targets: tuple[str, ...]
    classes: tuple[Any, ...] | None
    flat: bool


def prepare(X: Any, y: Any, sample_weight: Any, groups: Any, time: Any, *, task: Task, preset: Preset, seed: int) -> Prepared:
    """Check, type, merge and sort the rows; make folds; encode. Raises DataError or UsageError with the column or row."""
    table = as_table(X)
    weight = as_weight(sample_weight, table.n)
    target = as_target(y, table.n, task, weight=weight)
    rows = canonical(table, target.values, weight, as_groups(groups, table.n), as_time(time, table.n))
    n = rows.table.n
    if n < LEAST_ROWS:
        raise DataError(f"The table has {n} sample(s) that differ and have weight; a minimum of {LEAST_ROWS} is required. Add rows.")
    labels = rows.y[:, 0].astype(np.int64) if task == "classification" else None
    folds = make_folds(n, preset.n_folds(n), seed, groups=rows.groups, time=rows.time, labels=labels)
    if folds.count < 1 or (folds.count < 2 and not folds.forward):
        what = "time has one value" if rows.time is not None else "groups has one group"
        raise DataError(f"{what} only, so that no row can be scored by a fit that has not seen it. Pass at least two, or leave it out.")
    if not all(folds.train(k).any() for k in range(folds.count)):
        raise DataError("groups and time together leave no earlier rows of other groups to score some rows by. Leave one of them out, or add groups.")
    coded, goal_of = _code(rows.y, rows.weight, labels, target.classes)
    encoder, matrix, views = Encoder.fit(rows.table, coded, rows.weight, folds)
    sample = Sample(matrix, coded, rows.weight, folds, rows.groups, rows.time, labels, encoder.numeric, views)
    return Prepared(sample, goal_of(sample), table.schema, encoder, target.names, target.classes, target.flat)


def _code(y: Matrix, w: Matrix, labels: Any, classes: tuple[Any, ...] | None) -> tuple[Matrix, Any]:
    """The target as teachers see it, and the goal that goes with it."""
    if labels is not None and classes is not None:
        one_hot = np.eye(len(classes))[labels]
        coded = 2 * one_hot[:, 1:] - 1 if len(classes) == 2 else one_hot
        return coded, lambda sample: ClassificationGoal(sample, len(classes))
    scale = np.maximum(np.abs(y).max(0), 1e-300)  # sums of squares of large values must not overflow
    mean = scale * (w @ (y / scale)) / w.sum()
    sd = scale * np.sqrt(w @ ((y - mean) / scale) ** 2 / w.sum())
    sd = np.where(sd > 1e-12 * scale, sd, 1.0)
    return (y - mean) / sd, lambda sample: RegressionGoal(sample, mean, sd)
