"""Honest predictions and honest choices: which rows a fit, and the choice of its settings, may see.

    oof_i = f_k(x_i),   i in fold k,   f_k fitted on train(k) only, choices included

A choice inside train(k), such as the number of trees, is made on an inner split of train(k) by the same rules: groups whole, time forward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Control, parallel_map
from motifnet.tables import Folds, Matrix, Sample, make_folds

F = TypeVar("F")
Worth = Callable[[Matrix], bool]
_BLOCK = 4096


class Hopeless(Exception):
    """The first fold does not predict well enough for the others to be fitted; `oof` with shape (n, q) has its predictions, NaN elsewhere."""

    def __init__(self, oof: Matrix) -> None:
        super().__init__("hopeless on the first fold")
        self.oof = oof


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

    A fold without any training row is predicted by 0, the centre of the coding. `worth` sees the predictions of the first fold before the others are
    fitted, and ends the fit by `Hopeless` where it is False.
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

    order = list(range(sample.folds.count))
    alone = order[: 1 if worth else 0]
    results = parallel_map(one, alone)
    if worth and not worth(oof := _placed(sample, results)):
        raise Hopeless(oof)
    results += parallel_map(one, order[len(alone) :], n_jobs)
    return _placed(sample, results), [model for _, model in results if model is not None]


def _placed(sample: Sample, results: Sequence[tuple[Matrix, object]]) -> Matrix:
    """Predictions of the first folds in their rows."""
    oof = np.full((sample.n, max(values.shape[1] for values, _ in results)), np.nan)
    for k, (values, _) in enumerate(results):
        oof[sample.folds.held_out(k)] = values
    return oof


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
