"""The protocol of teachers, and cross-fitting, which predicts held-out rows.

Teachers are cheap models, fitted first, whose structure is then computed into a network. A teacher
is a small frozen object of settings. `fit` takes a sample and returns the fitted model with
out-of-fold predictions. The fit that predicts row i, and its choice of settings, do not use the
fold of row i:

    oof_i = f_k(x_i),   i in fold k,   f_k fitted on train(k) only, choices included

A choice inside train(k), such as the number of trees, uses an inner split of train(k) by the same
rules: groups whole, time forward. Predictions are in the coding of `Sample.y`, except that boosted
trees give logits for classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Control, Matrix, parallel_map
from motifnet.tables import Folds, Sample, make_folds

F = TypeVar("F")
R = TypeVar("R")
Worth = Callable[[Matrix], bool]
TRIAL_ROWS = 200  # of the folds that are fitted first
INNER_FOLDS = 4  # of which one chooses among fits to the others
_BLOCK = 4096  # rows predicted at a time


@dataclass(frozen=True)
class FittedTeacher(ABC):
    """A fitted teacher. `oof` with shape (n, q): out-of-fold predictions, NaN in rows that no fold
    scores.
    """

    oof: Matrix

    @abstractmethod
    def predict(self, X: Matrix) -> Matrix:
        """Predictions with shape (m, q) at encoded rows X with shape (m, d)."""


class Teacher(ABC):
    """Settings of a teacher. Ledger, card and messages name it as the registry does."""

    @abstractmethod
    def fit(
        self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
    ) -> FittedTeacher:
        """Fit on all rows, and predict every scored row from the other folds. Raises `Stopped`
        where `control` says so.
        """


class RejectedEarly(Exception):
    """The folds of the trial gain too little, so that the others are not fitted. `oof` with shape
    (n, q) has their predictions, NaN elsewhere.
    """

    def __init__(self, oof: Matrix) -> None:
        super().__init__(
            f"rejected early, after a trial on {int(np.isfinite(oof).all(1).sum()):,} rows"
        )
        self.oof = oof


def trial_folds(folds: Folds) -> list[int]:
    """The smallest number of folds with `TRIAL_ROWS` rows: the first ones, or with time the last
    ones, whose fits have the most rows.
    """
    order = list(range(folds.count))[:: -1 if folds.forward else 1]
    enough = np.cumsum([int(folds.held_out(k).sum()) for k in order]) >= TRIAL_ROWS
    return sorted(order[: int(enough.argmax()) + 1]) if enough.any() else order


def fit_folds(
    sample: Sample,
    fit: Callable[[int], R],
    oof_of: Callable[[R], Matrix],
    n_jobs: int,
    worth: Worth | None,
) -> list[R]:
    """`fit(k)` for all folds. With `worth`, the folds of a trial come first, if these are not all
    folds or there is one only. Raises `RejectedEarly`.
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
    """Out-of-fold predictions from those of some folds, NaN elsewhere."""
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
    """Out-of-fold predictions with shape (n, q), NaN in unscored rows, and the fitted models of the
    folds; `fit` takes the training rows and k.

    The prediction of a fold without training rows is 0, the centre of the coding. `worth` takes the
    predictions of the folds of a trial. Where it is False, the fit ends with `RejectedEarly`.
    """

    control = control or Control()

    def one(k: int) -> tuple[Matrix, F | None]:
        control.check()
        train, out = sample.folds.train(k), sample.folds.held_out(k)
        if not train.any():
            return np.zeros((int(out.sum()), sample.y.shape[1])), None
        model, X = fit(sample.rows(train, k), k), sample.view(k)[out]
        guarded = control.guarded(predict)
        return np.concatenate(
            [guarded(model, X[i : i + _BLOCK]) for i in range(0, max(len(X), 1), _BLOCK)]
        ), model

    results = fit_folds(sample, one, lambda result: result[0], n_jobs, worth)
    return placed(sample, {k: values for k, (values, _) in enumerate(results)}), [
        model for _, model in results if model is not None
    ]


def inner_folds(sample: Sample, count: int, seed: int) -> Folds:
    """New folds within a sample, by its own rules; a single group or time is ignored."""
    groups, time = sample.groups, sample.time if sample.folds.forward else None
    if groups is not None:
        groups = np.unique(groups, return_inverse=True)[1].astype(np.int64)
        groups = groups if groups.max() > 0 else None
    if time is not None and time.min() == time.max():
        time = None
    return make_folds(sample.n, count, seed, groups=groups, time=time, labels=sample.labels)


def inner_split(sample: Sample, seed: int) -> NDArray[np.bool_]:
    """About a quarter of the rows, or the last ones with time, for a choice among fits to the
    others.
    """
    folds = inner_folds(sample, INNER_FOLDS, seed)
    return folds.held_out(folds.count - 1 if folds.forward else 0)
