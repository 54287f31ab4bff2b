"""Retraining of a network on rows that it has not seen: the last layer in closed form, then end to end, each kept only if held-out rows gain."""

from __future__ import annotations

import time
from typing import Any, cast

import numpy as np

from motifnet.engine import DataError, LedgerRow, UsageError, check_count, check_positive, resolve_jobs, seed_of
from motifnet.motifs import Motif, count_parameters
from motifnet.retrain import FineTuneSettings, RowSums, ends_affine, fine_tune_stage, refit_last_layer
from motifnet.tables import Matrix, Sample, as_numbers, as_weight

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
        last = refit_last_layer(network, sample, fold_networks=fold_networks, n_jobs=jobs)
        kept = last.error_after < last.error_before
        rows.append(_row("as it is", 0.0, error(last.error_before), network, True, ""))
        rows.append(_row("last layer", time.monotonic() - start, error(last.error_after), network, kept, f"ridge {last.ridge:.2g}"))
        if kept:
            parts = [sample.rows(sample.folds.train(k)) for k in range(FOLDS)]
            fold_networks = [refit_last_layer(network, part, fold_networks=[network] * FOLDS, ridges=[last.ridge]).network for part in parts]
            network = last.network
    start, settings = time.monotonic(), FineTuneSettings(epochs=epochs)
    tuned = fine_tune_stage(network, lambda k: fold_networks[k], sample, settings=settings, seed=seed, n_jobs=jobs)
    network = cast(Motif, tuned.network)
    note = f"{tuned.epochs} of {epochs} epochs chosen by the fold networks"
    rows.append(_row("fine-tuning", time.monotonic() - start, error(tuned.error_after), network, tuned.kept, note))
    return network, tuple(rows)


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
    return refit_last_layer(network, Sample.plain(X, y, folds=FOLDS, seed=seed), fold_networks=[network] * FOLDS).ridge


def _row(stage: str, seconds: float, error: float, network: Motif, kept: bool, note: str) -> LedgerRow:
    return LedgerRow(stage, seconds, error, count_parameters(network), kept, note)
