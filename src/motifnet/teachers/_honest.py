"""Honest predictions and honest choices: which rows a fit, and the choice of its settings, may see.

    oof_i = f_k(x_i),   i in fold k,   f_k fitted on train(k) only, choices included

A choice inside train(k), such as the number of trees, is made on an inner split of train(k) by the same rules: groups whole, time forward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Control, parallel_map
from motifnet.tables import Folds, Matrix, Sample, make_folds

F = TypeVar("F")
R = TypeVar("R")
Worth = Callable[[Matrix], bool]
TRIAL_ROWS = 200
_BLOCK = 4096


class RejectedEarly(Exception):
    """The folds of the trial gain too little for the others to be fitted; `oof` with shape (n, q) has their predictions, NaN elsewhere."""

    def __init__(self, oof: Matrix) -> None:
        super().__init__(f"rejected early, after a trial on {int(np.isfinite(oof).all(1).sum()):,} rows")
        self.oof = oof


def trial_folds(folds: Folds) -> list[int]:
    """The fewest folds with `TRIAL_ROWS` rows: the first, or, where folds look forward in time, the last, which are predicted from most rows."""
    order = list(range(folds.count))[:: -1 if folds.forward else 1]
    enough = np.cumsum([int(folds.held_out(k).sum()) for k in order]) >= TRIAL_ROWS
    return sorted(order[: int(enough.argmax()) + 1]) if enough.any() else order


def fit_folds(sample: Sample, fit: Callable[[int], R], oof_of: Callable[[R], Matrix], n_jobs: int, worth: Worth | None) -> list[R]:
    """`fit(k)` for all folds; those of the trial first, where there is a `worth` and other folds are left; a single fold is a
    trial too. Raises `RejectedEarly`.
    """
    everything = list(range(sample.folds.count))
    trial = trial_folds(sample.folds) if worth else []
    if worth is None or (len(trial) == len(everything) > 1):
        return parallel_map(fit, everything, n_jobs)
    done = dict(zip(trial, parallel_map(fit, trial, n_jobs), strict=True))
    if not worth(oof := placed(sample, {k: oof_of(result) for k, result in done.items()})):
        raise RejectedEarly(oof)
    rest = [k for k in everything if k not in done]
    done |= zip(rest, parallel_map(fit, rest, n_jobs), strict=True)
    return [done[k] for k in everything]


def placed(sample: Sample, parts: dict[int, Matrix]) -> Matrix:
    """Predictions of the rows of some folds in their places, NaN elsewhere."""
    oof = np.full((sample.n, max(values.shape[1] for values in parts.values())), np.nan)
    for k, values in parts.items():
        oof[sample.folds.held_out(k)] = values
    return oof


def cross_fit(
    sample: Sample,
    fit: Callable[[Sample, int], F],
    predict: Callable[[F, Matrix], Matrix],
    *,
    n_jobs: int = 1,
    control: Control | None = None,
    worth: Worth | None = None,
) -> tuple[Matrix, list[F]]:
    """Out-of-fold predictions with shape (n, q), NaN in unscored rows, and the fitted models of the folds; `fit` takes the training rows and k.

    A fold without any training row is predicted by 0, the centre of the coding. `worth` sees the predictions of the folds of a trial before the
    others are fitted, and ends the fit by `RejectedEarly` where it is False.
    """

    control = control or Control()

    def one(k: int) -> tuple[Matrix, F | None]:
        control.check()
        train, out = sample.folds.train(k), sample.folds.held_out(k)
        if not train.any():
            return np.zeros((int(out.sum()), sample.y.shape[1])), None
        model, X = fit(sample.rows(train, k), k), sample.view(k)[out]
        guarded = control.guarded(predict)
        return np.concatenate([guarded(model, X[i : i + _BLOCK]) for i in range(0, max(len(X), 1), _BLOCK)]), model

    results = fit_folds(sample, one, lambda result: result[0], n_jobs, worth)
    return placed(sample, {k: values for k, (values, _) in enumerate(results)}), [model for _, model in results if model is not None]


def inner_folds(sample: Sample, count: int, seed: int) -> Folds:
    """New folds within a sample, by its own rules; a single group or a single time is split as if it were none."""
    groups, time = sample.groups, sample.time if sample.folds.forward else None
    if groups is not None:
        groups = np.unique(groups, return_inverse=True)[1].astype(np.int64)
        groups = groups if groups.max() > 0 else None
    if time is not None and time.min() == time.max():
        time = None
    return make_folds(sample.n, count, seed, groups=groups, time=time, labels=sample.labels)


def inner_split(sample: Sample, seed: int) -> NDArray[np.bool_]:
    """About a quarter of the rows, for a choice among fits on the others; the last rows where time counts."""
    folds = inner_folds(sample, 4, seed)
    return folds.held_out(folds.count - 1 if folds.forward else 0)
