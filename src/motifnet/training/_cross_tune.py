"""Cross-tuning: feature learning of a transferred kernel network with out-of-fold predictions.

For each fold, training starts at the network of the fold's own fit and uses the training rows of
the fold only. The prediction of the fold comes from an output layer that has not seen the fold
either. So no row takes part in its own out-of-fold prediction. The result is one network for all
rows:

    no trunk   the mean of the parameters of the folds, which start alike and stay near each other
    a trunk    one more training, on all rows: the hidden units of two trainings differ, so that
               their mean is no trained unit

With `copies` the result is networks of several folds, each with an output layer of all rows. Their
predictions are averaged. They are more accurate, and `copies` times larger.

The folds of a trial find the number of rounds of a training for all, by their median. A round is
worth it where it lowers the error on the rows of the fold by `GAIN`. A small fit behind the layers
predicts these rows. The error of classes is the log loss of the calibrated fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median_low

import numpy as np
import torch

from motifnet.engine import Control, Matrix, parallel_map
from motifnet.kernels import CAPACITY, calibrated_log_loss
from motifnet.tables import Sample, drawn
from motifnet.teachers import Worth, fit_folds, trial_folds
from motifnet.training._feature_layers import FeatureLayers, average, pruned
from motifnet.training._feature_learning import FeatureSettings, Places, train_feature_layers
from motifnet.training._start import Start
from motifnet.training._tuned_model import (
    TIME_SHARE,
    CrossTuned,
    TunedModel,
    solve_outputs,
    solve_whole,
)

MIN_PARALLEL_ROWS = 150  # steps on fewer rows are too short for threads to gain anything
ROUND_FOLDS = 3  # folds that find the number of rounds
SMALL_FIT_ROWS = 1_000  # rows of a small fit, and rows that score it, at most
GAIN = 0.005  # relative fall of the error that makes a round worth it


def cross_tune(
    sample: Sample,
    starts: Sequence[Start],
    settings: FeatureSettings,
    *,
    seed: int = 0,
    number: int = 0,
    n_jobs: int = 1,
    control: Control | None = None,
    copies: int | Callable[[Sequence[FeatureLayers]], int] = 1,
    worth: Worth | None = None,
) -> CrossTuned:
    """Train the feature layers of every fold from its own start. The last start is that of all
    rows.

    copies: the number of networks, or a function that finds it from the trained layers of the
    folds; several networks are those of the first folds; number: trainings with another number draw
    other batches.

    Raises `Stopped` when the control says so, and `RejectedEarly` where the predictions of a trial
    are not `worth` the other folds.
    """
    training = _Training(sample, starts, seed, number, n_jobs, control or Control())
    trained: dict[int, FeatureLayers] = {}
    if settings.rounds > 1:
        settings, trained = training.choose_rounds(settings)
    results = fit_folds(
        sample,
        lambda k: training.tune(k, settings, trained.get(k)),
        lambda result: result[1],
        training.jobs,
        worth,
    )
    inner = tuple(of_fold for of_fold, _, _ in results)
    wanted = copies if isinstance(copies, int) else copies(inner)
    if wanted > 1:
        models = tuple(model for _, _, model in results[:wanted])
    elif training.count == 1 and sample.views is None:
        models = (results[0][2],)
    else:
        models = (training.whole(inner, settings),)
    return CrossTuned(
        sample.folds.joined([held_out for _, held_out, _ in results]),
        inner,
        models,
        settings.rounds,
        settings.log_loss and sample.labels is not None,
    )


@dataclass(frozen=True)
class _Training:
    """The trainings of all folds of a sample."""

    sample: Sample
    starts: Sequence[Start]
    seed: int
    number: int
    n_jobs: int
    control: Control

    @property
    def count(self) -> int:
        """Number of folds."""
        return self.sample.folds.count

    @property
    def jobs(self) -> int:
        """Number of folds at a time."""
        return self.n_jobs if self.sample.n > MIN_PARALLEL_ROWS else 1

    def train(
        self,
        k: int,
        settings: FeatureSettings,
        after_round: Callable[[FeatureLayers], bool] | None = None,
    ) -> FeatureLayers:
        """The layers by fold k's training rows, or by all rows for k = count."""
        part, rows = (
            (self.sample, self.sample.X)
            if k == self.count
            else (self.sample.rows(self.sample.folds.train(k), k), self.sample.view(k))
        )
        shared = int(np.random.default_rng([self.seed, self.number]).integers(2**31))
        return train_feature_layers(
            part,
            self.starts[k],
            settings,
            [self.seed, self.number, k],
            control=self.control,
            places=Places(rows, shared),
            after_round=after_round,
            seconds=TIME_SHARE * self.control.seconds_left / self.waiting(k),
        )

    def waiting(self, k: int) -> int:
        """Number of folds that share the time from fold k on."""
        return max(1, math.ceil((self.count - k) / self.n_jobs))

    def choose_rounds(
        self, settings: FeatureSettings
    ) -> tuple[FeatureSettings, dict[int, FeatureLayers]]:
        """The settings with the number of rounds by the folds of a trial, and the layers of those
        folds that have trained for it.
        """

        def rounds_of(k: int) -> Rounds:
            rounds = Rounds(self.sample, k, self.seed)
            self.train(k, settings, rounds.after_round)
            return rounds

        trial = trial_folds(self.sample.folds)[-ROUND_FOLDS:]
        found = parallel_map(rounds_of, trial, self.jobs)
        chosen = median_low(rounds.count for rounds in found)
        return replace(settings, rounds=chosen), {
            k: rounds.inner
            for k, rounds in zip(trial, found, strict=True)
            if rounds.inner is not None and rounds.count == chosen
        }

    def tune(
        self, k: int, settings: FeatureSettings, trained: FeatureLayers | None
    ) -> tuple[FeatureLayers, Matrix, TunedModel]:
        """The layers of fold k, the predictions of its rows, and the model of all rows."""
        inner = prune(trained or self.train(k, settings))
        model, held_out = solve_outputs(
            self.sample,
            inner,
            [factor * inner.ridge for factor in settings.ridge_factors],
            settings.capacity,
            self.seed,
            self.control,
            k=k,
            waiting=self.waiting(k),
        )
        rows = self.sample.folds.held_out(k)
        return replace(inner, ridge=model.ridge), held_out[rows], model

    def whole(self, inner: Sequence[FeatureLayers], settings: FeatureSettings) -> TunedModel:
        """The one model of all rows, from the layers of the folds."""
        layers = average(inner)
        if settings.depth:
            layers = replace(prune(self.train(self.count, settings)), ridge=layers.ridge)
        return solve_whole(self.sample, layers, settings.capacity, self.seed, self.control)


def prune(layers: FeatureLayers) -> FeatureLayers:
    """The layers without the profiles of their kernel that count for little."""
    return replace(layers, kernel=pruned(layers.kernel))


class Rounds:
    """The rounds of fold k's training that are worth it, and the layers after them. Small fits
    behind the layers give the error on rows of the fold.
    """

    def __init__(self, sample: Sample, k: int, seed: int) -> None:
        rng = np.random.default_rng([seed, 41])
        train, new = (
            drawn(rows, SMALL_FIT_ROWS, rng)
            for rows in (sample.folds.train(k), sample.folds.held_out(k))
        )
        self.part, self.new, self.X = sample.rows(train, k), sample.rows(new), sample.view(k)[new]
        self.error, self.count = math.inf, 0
        self.inner: FeatureLayers | None = None

    def after_round(self, inner: FeatureLayers) -> bool:
        """Whether the last round has lowered the error enough to try another."""
        error = _error(self.new, solve_whole(self.part, inner, CAPACITY).predict(self.X))
        if error > (1 - GAIN) * self.error:
            return False
        self.error, self.inner = error, inner
        self.count += 1
        return True


def _error(sample: Sample, predicted: Matrix) -> float:
    """The root mean squared error, or for classes the calibrated log loss."""
    if sample.labels is not None:
        return calibrated_log_loss(
            *(torch.as_tensor(part) for part in (predicted, sample.labels, sample.weight))
        )
    return float(np.average(((sample.y - predicted) ** 2).sum(1), weights=sample.weight)) ** 0.5
