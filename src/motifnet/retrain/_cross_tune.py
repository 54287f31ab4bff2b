"""Cross-tuning: feature learning of a transferred kernel network that keeps its scores honest.

For each fold the network of the fold's own fit is where training starts; it sees the fold's training rows only. The prediction of the fold comes from
an output layer that has not seen the fold either: over all folds this is the out-of-fold score. The result is one network for all rows:

    no trunk   the mean of the folds' inner parameters, which start alike and stay near each other
    a trunk    one more training, on all rows: hidden units of several trainings are different ones, and their mean is none of them

or, as `copies`, networks of several folds, each with an output layer of all rows, averaged in prediction: more accurate, as many times larger.

How many rounds a training has, the folds of a trial find for all, by their median: as many as lower the error of the fold's rows, predicted by a
small fit behind the layers so far, by `GAIN` each. The error of classes is the log loss of the calibrated fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median_low
from typing import TypeVar

import numpy as np
import torch

from motifnet.engine import Control, parallel_map
from motifnet.kernels import CAPACITY, Capacity, affordable, calibrated_log_loss, fit_with_held_out
from motifnet.retrain._inner import InnerSettings, Places, train_inner
from motifnet.retrain._inner_layers import InnerLayers, average, pruned
from motifnet.retrain._start import Start
from motifnet.tables import Matrix, Sample, drawn
from motifnet.teachers import Worth, fit_folds, fold_partition, trial_folds

FEW_ROWS = 150
JUDGES, SMALL_FIT, GAIN = 3, 1_000, 0.005  # folds that find the rounds, rows at most of a fit that judges one and of its judges; what one must gain
T = TypeVar("T")
_SHARE = 0.5  # of the time that is left for a fold


@dataclass(frozen=True)
class TunedModel:
    """One trained kernel network: inner layers, centres (m, d) in the warped space, dual (m, q), intercept (q,)."""

    inner: InnerLayers
    centres: Matrix
    dual: Matrix
    intercept: Matrix
    ridge: float

    def predict(self, X: Matrix) -> Matrix:
        """Predictions with shape (m, q) in numpy, apart from the network that is computed from this model."""
        return np.asarray(self.inner.gram_numpy(self.inner.warp_numpy(X), self.centres) @ self.dual + self.intercept)


@dataclass(frozen=True)
class CrossTuned:
    """Out-of-fold predictions with shape (n, q), the feature layers of the folds, one model of all rows, or one a fold; the rounds of a training,
    and whether it was under the log loss.
    """

    oof: Matrix
    inner: tuple[InnerLayers, ...]
    models: tuple[TunedModel, ...]
    rounds: int = 1
    log_loss: bool = False

    def predict(self, X: Matrix) -> Matrix:
        """The average of the models, with shape (m, q)."""
        return np.asarray(sum(model.predict(X) for model in self.models) / len(self.models))


def cross_tune(
    sample: Sample,
    starts: Sequence[Start],
    settings: InnerSettings,
    *,
    seed: int = 0,
    number: int = 0,
    n_jobs: int = 1,
    control: Control | None = None,
    copies: int | Callable[[Sequence[InnerLayers]], int] = 1,
    worth: Worth | None = None,
) -> CrossTuned:
    """Train the feature layers for every fold from its own start, the last start is that of all rows. Raises `Stopped` when the control says so, and
    `RejectedEarly` where the predictions of a trial are not `worth` the other folds.

    `copies`: the number of networks, or a function that finds it from the trained layers of the folds; more than one are those of the first folds.

    Trainings of another `number` draw other batches.
    """

    control = control or Control()
    log_loss = settings.log_loss and sample.labels is not None
    shared, count = int(np.random.default_rng([seed, number]).integers(2**31)), sample.folds.count

    def train(k: int, settings: InnerSettings, look: Callable[[InnerLayers], bool] | None = None) -> InnerLayers:
        """On fold k's training rows; on all rows for k = count."""
        if k in trained:
            return trained[k]
        part, rows = (sample, sample.X) if k == count else (sample.rows(sample.folds.train(k), k), sample.view(k))
        seconds = _SHARE * control.seconds_left / max(1, math.ceil((count - k) / n_jobs))
        return train_inner(part, starts[k], settings, [seed, number, k], control, Places(rows, shared), look, seconds)

    def look_at(k: int, settings: InnerSettings) -> Rounds:
        rounds = Rounds(sample, k, seed)
        train(k, settings, rounds.look)
        return rounds

    trained: dict[int, InnerLayers] = {}
    if settings.rounds > 1:
        trial, jobs = trial_folds(sample.folds)[-JUDGES:], n_jobs if sample.n > FEW_ROWS else 1
        found = parallel_map(partial(look_at, settings=settings), trial, jobs)
        settings = replace(settings, rounds=median_low(rounds.count for rounds in found))
        trained |= {k: r.inner for k, r in zip(trial, found, strict=True) if r.inner is not None and r.count == settings.rounds}

    def tune(k: int) -> tuple[InnerLayers, Matrix, TunedModel]:
        inner = prune(train(k, settings))
        ridges = [factor * inner.ridge for factor in settings.ridge_factors]
        model, held_out = _solved(sample, inner, ridges, settings.capacity, seed, control, k, max(1, math.ceil((count - k) / n_jobs)))
        return replace(inner, ridge=model.ridge), held_out[sample.folds.held_out(k)], model

    # steps on few rows are too short for threads to gain anything
    results = fit_folds(sample, tune, lambda result: result[1], n_jobs if sample.n > FEW_ROWS else 1, worth)
    inner = tuple(of_fold for of_fold, _, _ in results)
    oof = sample.folds.joined([held_out for _, held_out, _ in results])
    wanted = copies if isinstance(copies, int) else copies(inner)
    if wanted > 1:
        return CrossTuned(oof, inner, tuple(model for _, _, model in results[:wanted]), settings.rounds, log_loss)
    if count == 1 and sample.views is None:
        return CrossTuned(oof, inner, (results[0][2],), settings.rounds, log_loss)
    mean = average(inner)
    whole = replace(prune(train(count, settings)), ridge=mean.ridge) if settings.depth else mean
    return CrossTuned(oof, inner, (solve_whole(sample, whole, settings.capacity, seed, control),), settings.rounds, log_loss)


def prune(layers: InnerLayers) -> InnerLayers:
    """The layers without the profiles of their kernel that count for little."""
    return replace(layers, kernel=pruned(layers.kernel))


class Rounds:
    """The rounds of fold k's training that are worth it, by the error of small fits behind its layers on rows of the fold; the layers after them."""

    def __init__(self, sample: Sample, k: int, seed: int) -> None:
        rng = np.random.default_rng([seed, 41])
        train, new = (drawn(rows, SMALL_FIT, rng) for rows in (sample.folds.train(k), sample.folds.held_out(k)))
        self.part, self.new, self.X = sample.rows(train, k), sample.rows(new), sample.view(k)[new]
        self.error, self.count = math.inf, 0
        self.inner: InnerLayers | None = None

    def look(self, inner: InnerLayers) -> bool:
        """Whether the last round has lowered the error enough for another to be tried."""
        error = _error(self.new, solve_whole(self.part, inner, CAPACITY).predict(self.X))
        if error > (1 - GAIN) * self.error:
            return False
        self.error, self.inner = error, inner
        self.count += 1
        return True


def _error(sample: Sample, predicted: Matrix) -> float:
    """The root mean squared error, or for classes the calibrated log loss."""
    if sample.labels is not None:
        return calibrated_log_loss(*(torch.as_tensor(part) for part in (predicted, sample.labels, sample.weight)))
    return float(np.average(((sample.y - predicted) ** 2).sum(1), weights=sample.weight)) ** 0.5


def _solved(
    sample: Sample,
    inner: InnerLayers,
    ridges: Sequence[float],
    capacity: Capacity,
    seed: int,
    control: Control,
    k: int | None = None,
    waiting: int = 1,
) -> tuple[TunedModel, Matrix]:
    """The output layer in closed form, of all rows or in the encoding of fold k, with predictions of fold k; `waiting` solutions share the time."""
    Z, y, w = inner.warp(torch.as_tensor(sample.X if k is None else sample.view(k))), torch.as_tensor(sample.y), torch.as_tensor(sample.weight)
    codes, part = sample.codes(k), None if k is None else fold_partition(sample, k)
    capacity, fits = capacity.of_distinct(sample.n, int(codes.max()) + 1), 1 if part is None else len(ridges) * len(part.inner) + 2
    capacity = affordable(capacity, inner.gram, Z, control, fits=fits, share=_SHARE / waiting)
    s = fit_with_held_out(control.guarded(inner.gram), Z, y, w, part, ridges, seed, capacity, torch.as_tensor(codes))
    return TunedModel(inner, Z[s.centres].numpy(), s.dual.numpy(), s.intercept.numpy(), s.ridge), s.held_out.numpy()


def solve_whole(sample: Sample, inner: InnerLayers, capacity: Capacity, seed: int = 0, control: Control | None = None) -> TunedModel:
    """The output layer of all rows in closed form, with the λ of the inner layers."""
    return _solved(sample, inner, [inner.ridge], capacity, seed, control or Control())[0]


def refit_outputs(
    sample: Sample,
    fitted: CrossTuned,
    refit: Callable[[int, bool], tuple[Matrix, T, TunedModel | None]],
    whole: Callable[[list[T]], TunedModel],
    n_jobs: int,
) -> CrossTuned:
    """The models with other output layers.

    refit(k, copy): predictions of the rows of fold k, the settings that its training rows choose, and the model of all rows where it is one of the
    copies; whole: the one model of all rows, by the settings of all folds, where there are no copies.
    """
    copies = len(fitted.models)
    results = parallel_map(lambda k: refit(k, 1 < copies > k), range(sample.folds.count), n_jobs)
    models = tuple(model for _, _, model in results if model is not None) if copies > 1 else (whole([settings for _, settings, _ in results]),)
    return CrossTuned(sample.folds.joined([held_out for held_out, _, _ in results]), fitted.inner, models)


def fold_model(sample: Sample, fitted: CrossTuned, k: int) -> TunedModel:
    """The model of fold k with its output layer solved on the fold's training rows only: no target of fold k has a part in it."""
    rows = sample.folds.train(k)
    return solve_whole(sample.rows(rows, k), fitted.inner[k], CAPACITY)
