"""Retraining of a network.

With the estimator that it was computed from, the rows may be those of its own fit. Clones of it are
fitted without each fold, transferred and retrained in the same way; their predictions are the
out-of-fold scores (see `_pipeline`). Without the estimator the rows must be new. The last layer is
solved in closed form, then the network is trained end to end; each step is kept only if held-out
rows gain.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from sklearn.base import is_classifier

from motifnet.engine import (
    Control,
    DataError,
    LedgerRow,
    Matrix,
    UsageError,
    check_count,
    check_positive,
    resolve_jobs,
    seed_of,
    single_threaded,
)
from motifnet.motifs import Motif, count_parameters
from motifnet.pipeline._goal import ClassificationGoal, Goal, RegressionGoal
from motifnet.pipeline._history import History
from motifnet.pipeline._pipeline import run_stages
from motifnet.pipeline._presets import get_preset
from motifnet.pipeline._run import Run
from motifnet.structure import own_units
from motifnet.tables import Sample, as_numbers, as_target, as_weight, make_folds, standardised
from motifnet.teachers import Coding, EstimatorTeacher
from motifnet.training import (
    FineTuneSettings,
    RowSums,
    ends_affine,
    fine_tune_stage,
    refit_last_layer,
    solve_last_layer,
)

FOLDS = 4
MAX_VALUE = 1e150  # whose square is within float64


def retrain(
    network: Motif,
    X: Matrix,
    y: Any,
    sample_weight: Any,
    *,
    epochs: int,
    seed: int,
    n_jobs: int | None,
) -> tuple[Motif, tuple[LedgerRow, ...]]:
    """The network after both stages, and their ledger with errors in units of sd(y)."""
    target, seed = _target(network, X, y), seed_of(seed, "seed")
    check_count("epochs", epochs, 0, 20)
    if len(X) < FOLDS:
        raise DataError(f"retrain takes at least {FOLDS} rows, but got {len(X)}. Pass more rows.")
    sample = Sample.plain(
        X, target, folds=FOLDS, seed=seed, weight=as_weight(sample_weight, len(X))
    )
    sd, jobs = float(target.std(0).mean()) or 1.0, resolve_jobs(n_jobs)
    rows: list[LedgerRow] = []

    def error(mean_squared: float) -> float:
        return float(np.sqrt(mean_squared)) / sd

    def enter(stage: str, seconds: float, mean_squared: float, kept: bool, note: str) -> None:
        size = count_parameters(network)
        rows.append(LedgerRow(stage, seconds, error(mean_squared), size, kept, note))

    start, fold_networks = time.monotonic(), [network] * FOLDS
    if ends_affine(network):
        last = refit_last_layer(network, sample, n_jobs=jobs)
        kept, note = last.error_after < last.error_before, f"ridge {last.ridge:.2g}"
        enter("as it is", 0.0, last.error_before, True, "")
        enter("last layer", time.monotonic() - start, last.error_after, kept, note)
        if kept:
            trains = [sample.folds.train(k) for k in range(FOLDS)]
            fold_networks = [
                solve_last_layer(network, X[train], target[train], sample.weight[train], last.ridge)
                for train in trains
            ]
            network = last.network
    start, settings = time.monotonic(), FineTuneSettings(epochs=epochs)
    tuned = fine_tune_stage(
        network, lambda k: fold_networks[k], sample, settings=settings, seed=seed, n_jobs=jobs
    )
    network = cast(Motif, tuned.network)
    note = f"{tuned.epochs} of {epochs} epochs chosen by the fold networks"
    enter("fine-tuning", time.monotonic() - start, tuned.error_after, tuned.kept, note)
    return network, tuple(rows)


def retrain_from(
    estimator: Any, X: Matrix, y: Any, sample_weight: Any, *, seed: int, n_jobs: int | None
) -> tuple[Motif, Callable[[Matrix], Matrix], tuple[LedgerRow, ...]]:
    """The estimator's network and its retrained one with non-negative weights; the same function in
    numpy; the ledger.
    """
    if not np.isfinite(X).all():
        raise DataError(
            "X has missing values; expected a number in every cell. Fill them, or "
            "pass the estimator as MotifRegressor(teacher=...)."
        )
    if len(X) < 2 * FOLDS:
        raise DataError(
            f"retrain takes at least {2 * FOLDS} rows, but got {len(X)}. Pass more rows."
        )
    seed, weight = seed_of(seed, "seed"), as_weight(sample_weight, len(X))
    sample, goal, coding = (
        _classes(estimator, X, y, weight, seed)
        if is_classifier(estimator)
        else _values(X, y, weight, seed)
    )
    control = Control()
    run = Run(
        sample=sample,
        goal=goal,
        preset=get_preset("balanced"),
        seed=seed,
        n_jobs=resolve_jobs(n_jobs),
        control=control,
        history=History(goal, control, lambda stage, row: None),
        teacher=EstimatorTeacher(estimator, coding),
        units=own_units(X),
    )
    with control.listening(), single_threaded():
        scored = run_stages(run)
    return goal.network(scored), goal.teacher(scored), tuple(run.history.ledger)


def _values(X: Matrix, y: Any, weight: Matrix, seed: int) -> tuple[Sample, Goal, Coding]:
    coded, mean, sd = standardised(as_numbers(y, len(X)), weight)
    sample = Sample.plain(X, coded, folds=FOLDS, seed=seed, weight=weight)
    return sample, RegressionGoal(sample, mean, sd), Coding(mean, sd)


def _classes(
    estimator: Any, X: Matrix, y: Any, weight: Matrix, seed: int
) -> tuple[Sample, Goal, Coding]:
    """Classes in the order of the estimator's own."""
    target = as_target(y, len(X), "classification", weight=weight)
    if list(target.classes or ()) != np.asarray(estimator.classes_).tolist():
        raise DataError(
            f"y has the classes {list(target.classes or ())}, the estimator "
            f"{np.asarray(estimator.classes_).tolist()}. Pass its own y."
        )
    labels, K = target.values[:, 0].astype(np.int64), len(estimator.classes_)
    coded = np.asarray(2.0 * labels[:, None] - 1 if K == 2 else np.eye(K)[labels], dtype=np.float64)
    folds = make_folds(len(X), FOLDS, seed, labels=labels)
    sample = Sample(X, coded, weight, folds, labels=labels, numeric=np.ones(X.shape[1], dtype=bool))
    return sample, ClassificationGoal(sample, K), Coding(np.zeros(1), np.ones(1), K)


def updated(
    network: Motif,
    sums: RowSums | None,
    X: Matrix,
    y: Any,
    sample_weight: Any,
    *,
    ridge: float | None,
    sign: int,
    seed: int,
) -> tuple[Motif, RowSums]:
    """The network after its last layer learns rows (sign 1) or forgets them (sign −1), and the sums
    over its rows.
    """
    target, seed = _target(network, X, y), seed_of(seed, "seed")
    if ridge is not None:
        check_positive("ridge", ridge, "1.0, or None for what left-out rows choose")
    if sums is None:
        if sign < 0:
            raise UsageError(
                "This network has not been updated, so there are no rows to forget. "
                "`forget` takes rows that `update` was given."
            )
        sums = RowSums.start(
            network, ridge if ridge is not None else _chosen_ridge(network, X, target, seed)
        )
    if sign < 0 and sums.weight < 0.5:
        raise UsageError("All rows that this network was updated with are forgotten already.")
    sums = sums.changed(network, X, target, as_weight(sample_weight, len(X)), sign)
    return sums.network(network), sums


def _target(network: Motif, X: Matrix, y: Any) -> Matrix:
    """y with shape (k, q) for rows X and a network of q outputs; DataError for what cannot be
    learned from.
    """
    if not len(X) or not np.isfinite(X).all():
        raise DataError(
            f"X has {len(X)} rows, or missing values; expected at least one row, and "
            "a number in every cell. Leave other rows out."
        )
    target, q = as_numbers(y, len(X)), network.outputs(X.shape[1])
    if not (np.abs(target) < MAX_VALUE).all():
        raise DataError(
            f"y holds a number above {MAX_VALUE:g}, whose square is beyond float64. "
            "Take another unit."
        )
    if target.shape[1] != q:
        raise DataError(
            f"y has {target.shape[1]} columns, but the network has {q} outputs. Pass "
            f"y with shape ({len(X)}, {q})."
        )
    return target


def _chosen_ridge(network: Motif, X: Matrix, y: Matrix, seed: int) -> float:
    """The λ that predicts held-out folds of the first rows best; one row's weight where there are
    fewer rows than folds.
    """
    if len(X) < FOLDS:
        return 1.0
    return refit_last_layer(network, Sample.plain(X, y, folds=FOLDS, seed=seed)).ridge
