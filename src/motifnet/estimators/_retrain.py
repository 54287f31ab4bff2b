"""Retraining of a network.

With the estimator that it was computed from, the rows may be those of its own fit: clones of it, fitted without each fold, are transferred and
retrained in the same way, and their predictions are the out-of-fold scores (see `_pipeline`). Without it the rows must be new: the last layer is
solved in closed form, then the network is trained end to end, each kept only if held-out rows gain.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from sklearn.base import is_classifier

from motifnet.engine import Control, DataError, LedgerRow, UsageError, check_count, check_positive, resolve_jobs, seed_of, single_threaded
from motifnet.estimators._course import Course
from motifnet.estimators._goal import ClassificationGoal, Goal, RegressionGoal
from motifnet.estimators._pipeline import run_stages
from motifnet.estimators._presets import get_preset
from motifnet.estimators._run import Run
from motifnet.motifs import Motif, count_parameters
from motifnet.retrain import FineTuneSettings, RowSums, ends_affine, fine_tune_stage, refit_last_layer, solve_last_layer
from motifnet.structure import own_units
from motifnet.tables import Matrix, Sample, as_numbers, as_target, as_weight, make_folds, standardised
from motifnet.teachers import Coding, EstimatorTeacher

FOLDS, LARGEST = 4, 1e150


def retrain(
    network: Motif, X: Matrix, y: Any, sample_weight: Any, *, epochs: int, seed: int, n_jobs: int | None
) -> tuple[Motif, tuple[LedgerRow, ...]]:
    """The network after both stages, and their ledger with errors in units of sd(y)."""
    target, seed = _target(network, X, y), seed_of(seed, "seed")
    check_count("epochs", epochs, 0, 20)
    if len(X) < FOLDS:
        raise DataError(f"retrain takes at least {FOLDS} rows, but got {len(X)}. Pass more rows.")
    sample = Sample.plain(X, target, folds=FOLDS, seed=seed, weight=as_weight(sample_weight, len(X)))
    sd, jobs, rows = float(target.std(0).mean()) or 1.0, resolve_jobs(n_jobs), []

    def error(mean_squared: float) -> float:
        return float(np.sqrt(mean_squared)) / sd

    start, fold_networks = time.monotonic(), [network] * FOLDS
    if ends_affine(network):
        last = refit_last_layer(network, sample, n_jobs=jobs)
        kept = last.error_after < last.error_before
        rows.append(_row("as it is", 0.0, error(last.error_before), network, True, ""))
        rows.append(_row("last layer", time.monotonic() - start, error(last.error_after), network, kept, f"ridge {last.ridge:.2g}"))
        if kept:
            trains = [sample.folds.train(k) for k in range(FOLDS)]
            fold_networks = [solve_last_layer(network, X[train], target[train], sample.weight[train], last.ridge) for train in trains]
            network = last.network
    start, settings = time.monotonic(), FineTuneSettings(epochs=epochs)
    tuned = fine_tune_stage(network, lambda k: fold_networks[k], sample, settings=settings, seed=seed, n_jobs=jobs)
    network = cast(Motif, tuned.network)
    note = f"{tuned.epochs} of {epochs} epochs chosen by the fold networks"
    rows.append(_row("fine-tuning", time.monotonic() - start, error(tuned.error_after), network, tuned.kept, note))
    return network, tuple(rows)


def retrain_from(
    estimator: Any, X: Matrix, y: Any, sample_weight: Any, *, seed: int, n_jobs: int | None
) -> tuple[Motif, Callable[[Matrix], Matrix], tuple[LedgerRow, ...]]:
    """The estimator's network and the network that feature learning made of it, by non-negative weights; the same in numpy; the ledger."""
    if not np.isfinite(X).all():
        raise DataError("X has missing values; expected a number in every cell. Fill them, or pass the estimator as MotifRegressor(teacher=...).")
    if len(X) < 2 * FOLDS:
        raise DataError(f"retrain takes at least {2 * FOLDS} rows, but got {len(X)}. Pass more rows.")
    seed, weight = seed_of(seed, "seed"), as_weight(sample_weight, len(X))
    sample, goal, coding = _classes(estimator, X, y, weight, seed) if is_classifier(estimator) else _values(X, y, weight, seed)
    control = Control()
    run = Run(sample, goal, get_preset("balanced"), seed, resolve_jobs(n_jobs), control, Course(goal, control, lambda stage, row: None))
    run.teacher, run.units = EstimatorTeacher(estimator, coding), own_units(X)
    with control.listening(), single_threaded():
        judged = run_stages(run)
    return goal.network(judged), goal.teacher(judged), tuple(run.course.ledger)


def _values(X: Matrix, y: Any, weight: Matrix, seed: int) -> tuple[Sample, Goal, Coding]:
    coded, mean, sd = standardised(as_numbers(y, len(X)), weight)
    sample = Sample.plain(X, coded, folds=FOLDS, seed=seed, weight=weight)
    return sample, RegressionGoal(sample, mean, sd), Coding(mean, sd)


def _classes(estimator: Any, X: Matrix, y: Any, weight: Matrix, seed: int) -> tuple[Sample, Goal, Coding]:
    """Classes in the order of the estimator's own."""
    target = as_target(y, len(X), "classification", weight=weight)
    if list(target.classes or ()) != np.asarray(estimator.classes_).tolist():
        raise DataError(f"y has the classes {list(target.classes or ())}, the estimator {np.asarray(estimator.classes_).tolist()}. Pass its own y.")
    labels, K = target.values[:, 0].astype(np.int64), len(estimator.classes_)
    coded = np.asarray(2.0 * labels[:, None] - 1 if K == 2 else np.eye(K)[labels], dtype=np.float64)
    folds = make_folds(len(X), FOLDS, seed, labels=labels)
    sample = Sample(X, coded, weight, folds, labels=labels, numeric=np.ones(X.shape[1], dtype=bool))
    return sample, ClassificationGoal(sample, K), Coding(np.zeros(1), np.ones(1), K)


def updated(
    network: Motif, sums: RowSums | None, X: Matrix, y: Any, sample_weight: Any, *, ridge: float | None, sign: int, seed: int
) -> tuple[Motif, RowSums]:
    """The network whose last layer has seen some rows more (sign 1) or less (sign −1), and the sums of its rows."""
    target, seed = _target(network, X, y), seed_of(seed, "seed")
    if ridge is not None:
        check_positive("ridge", ridge, "1.0, or None for what left-out rows choose")
    if sums is None:
        if sign < 0:
            raise UsageError("This network has not been updated, so there are no rows to forget. `forget` takes rows that `update` was given.")
        sums = RowSums.start(network, ridge if ridge is not None else _trust(network, X, target, seed))
    if sign < 0 and sums.weight < 0.5:
        raise UsageError("All rows that this network was updated with are forgotten already.")
    sums = sums.changed(network, X, target, as_weight(sample_weight, len(X)), sign)
    return sums.network(network), sums


def _target(network: Motif, X: Matrix, y: Any) -> Matrix:
    """y with shape (k, q) for rows X and a network of q outputs; DataError for what cannot be learned from."""
    if not len(X) or not np.isfinite(X).all():
        raise DataError(f"X has {len(X)} rows, or missing values; expected at least one row, and a number in every cell. Leave other rows out.")
    target, q = as_numbers(y, len(X)), network.outputs(X.shape[1])
    if not (np.abs(target) < LARGEST).all():
        raise DataError(f"y holds a number above {LARGEST:g}, whose square is beyond float64. Take another unit.")
    if target.shape[1] != q:
        raise DataError(f"y has {target.shape[1]} columns, but the network has {q} outputs. Pass y with shape ({len(X)}, {q}).")
    return target


def _trust(network: Motif, X: Matrix, y: Matrix, seed: int) -> float:
    """λ by predictions of left-out folds of the first rows; where those are few, one row's weight."""
    if len(X) < FOLDS:
        return 1.0
    return refit_last_layer(network, Sample.plain(X, y, folds=FOLDS, seed=seed)).ridge


def _row(stage: str, seconds: float, error: float, network: Motif, kept: bool, note: str) -> LedgerRow:
    return LedgerRow(stage, seconds, error, count_parameters(network), kept, note)
