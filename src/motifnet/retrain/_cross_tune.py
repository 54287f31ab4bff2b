"""Cross-tuning: feature learning of a transferred kernel network that keeps its scores honest.

For each fold the network of the fold's own fit is where training starts; it sees the fold's training rows only. The prediction of the fold comes from
an output layer that has not seen the fold either: over all folds this is the honest out-of-fold score. The result is one network for all rows:

    no trunk   the mean of the folds' inner parameters, which start alike and stay near each other
    a trunk    one more training, on all rows: hidden units of several trainings are different ones, and their mean is none of them

or, as `copies`, networks of several folds, each with an output layer of all rows, averaged in prediction: more accurate, as many times larger.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from motifnet.engine import Control, parallel_map
from motifnet.kernels import CAPACITY, Capacity, Solution, affordable, fit_with_held_out
from motifnet.retrain._inner import InnerSettings, Places, train_inner
from motifnet.retrain._inner_layers import InnerLayers, average, pruned
from motifnet.retrain._start import Start
from motifnet.tables import Matrix, Sample
from motifnet.teachers import fold_partition

FEW_ROWS = 150
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
    """Honest out-of-fold predictions with shape (n, q), the inner layers of the folds, and one model of all rows, or one a fold."""

    oof: Matrix
    inner: tuple[InnerLayers, ...]
    models: tuple[TunedModel, ...]

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
    copies: int = 1,
) -> CrossTuned:
    """Train the inner layers for every fold from its own start, the last start is that of all rows. Raises `Stopped` when the control says so.

    With more than one of the `copies` the models are those of the first folds.

    Trainings of another `number` draw other batches.
    """

    control = control or Control()
    shared, count = int(np.random.default_rng([seed, number]).integers(2**31)), sample.folds.count

    def train(k: int) -> InnerLayers:
        """Of fold k's training rows; of all rows for k = count."""
        part, rows = (sample, sample.X) if k == count else (sample.rows(sample.folds.train(k), k), sample.view(k))
        layers = train_inner(part, starts[k], settings, [seed, number, k], control, Places(rows, shared))
        return replace(layers, kernel=pruned(layers.kernel))

    def tune(k: int) -> tuple[InnerLayers, Matrix, TunedModel | None]:
        inner = train(k)
        if k == count:
            return inner, sample.y, None
        s, Z = _solve(sample, k, inner, settings, seed, control, n_jobs)
        model = TunedModel(inner, Z[s.centres].numpy(), s.dual.numpy(), s.intercept.numpy(), s.ridge)
        return replace(inner, ridge=s.ridge), s.held_out.numpy(), model if 1 < copies > k else None

    once_more = copies == 1 and settings.depth > 0
    # steps on few rows are too short for threads to gain anything
    results = parallel_map(tune, range(count + once_more), n_jobs if sample.n > FEW_ROWS else 1)
    folds, oof = results[:count], np.full(sample.y.shape, np.nan)
    for k, (_, held_out, _) in enumerate(folds):
        rows = sample.folds.held_out(k)
        oof[rows] = held_out[rows]
    inner = tuple(of_fold for of_fold, _, _ in folds)
    if copies > 1:
        return CrossTuned(oof, inner, tuple(model for _, _, model in folds if model is not None))
    mean = average(inner)
    whole = replace(results[-1][0], ridge=mean.ridge) if once_more else mean
    return CrossTuned(oof, inner, (solve_whole(sample, whole, settings.capacity, seed, control),))


def _solve(
    sample: Sample, k: int, inner: InnerLayers, settings: InnerSettings, seed: int, control: Control, n_jobs: int
) -> tuple[Solution, torch.Tensor]:
    """The output layer in closed form, with held-out predictions of fold k; and all rows behind the inner layers."""
    Z = inner.warp(torch.as_tensor(sample.view(k)))
    ridges = [factor * inner.ridge for factor in settings.ridge_factors]
    y, w, part = torch.as_tensor(sample.y), torch.as_tensor(sample.weight), fold_partition(sample, k)
    waiting = max(1, math.ceil((sample.folds.count - k) / n_jobs))
    codes = sample.codes(k)
    wanted = settings.capacity.of_distinct(sample.n, int(codes.max()) + 1)
    capacity = affordable(wanted, inner.gram, Z, control, fits=len(ridges) * len(part.inner) + 2, share=_SHARE / waiting)
    return fit_with_held_out(control.guarded(inner.gram), Z, y, w, part, ridges, seed, capacity, torch.as_tensor(codes)), Z


def solve_whole(sample: Sample, inner: InnerLayers, capacity: Capacity, seed: int = 0, control: Control | None = None) -> TunedModel:
    """The output layer of all rows in closed form, with the λ of the inner layers."""
    control = control or Control()
    Z, y, w = inner.warp(torch.as_tensor(sample.X)), torch.as_tensor(sample.y), torch.as_tensor(sample.weight)
    codes = sample.codes()
    capacity = affordable(capacity.of_distinct(sample.n, int(codes.max()) + 1), inner.gram, Z, control, fits=1, share=_SHARE)
    s = fit_with_held_out(control.guarded(inner.gram), Z, y, w, None, [inner.ridge], seed, capacity, torch.as_tensor(codes))
    return TunedModel(inner, Z[s.centres].numpy(), s.dual.numpy(), s.intercept.numpy(), inner.ridge)


def fold_model(sample: Sample, fitted: CrossTuned, k: int) -> TunedModel:
    """The model of fold k with its output layer solved on the fold's training rows only: no target of fold k has a part in it."""
    rows = sample.folds.train(k)
    return solve_whole(sample.rows(rows, k), fitted.inner[k], CAPACITY)
