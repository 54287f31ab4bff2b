"""Cross-tuning: inner-layer training that keeps its scores honest.

For each fold the inner layers are trained on the fold's training rows only. From one factorisation on all rows come (a) the prediction of the fold
by the fit that leaves it out and (b) the model fitted on all rows. (a) over all folds is the honest out-of-fold score; the average of the models
(b) is the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from motifnet.engine import Control, parallel_map
from motifnet.kernels import CAPACITY, affordable, fit_with_held_out, start_kernel
from motifnet.retrain._inner import InnerSettings, train_inner
from motifnet.retrain._inner_layers import InnerLayers
from motifnet.tables import Matrix, Sample
from motifnet.teachers import FittedKernel, fold_partition

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
    """One model a fold, each fitted on all rows, and honest out-of-fold predictions with shape (n, q)."""

    oof: Matrix
    models: tuple[TunedModel, ...]

    def predict(self, X: Matrix) -> Matrix:
        """The average of the models, with shape (m, q)."""
        return np.asarray(sum(model.predict(X) for model in self.models) / len(self.models))


def cross_tune(
    sample: Sample,
    convex: FittedKernel,
    settings: InnerSettings,
    *,
    seed: int = 0,
    number: int = 0,
    n_jobs: int = 1,
    control: Control | None = None,
) -> CrossTuned:
    """Train the inner layers for every fold from the convex fit. Raises `Stopped` when the control says so.

    Trainings of another `number` draw other batches.
    """

    control = control or Control()

    def tune(k: int) -> tuple[torch.Tensor, TunedModel]:
        part = sample.rows(sample.folds.train(k), k)
        choice = convex.choices[k]
        start = start_kernel(settings.profiles, convex.medians, choice.scale)
        inner = train_inner(part, start, choice, settings, [seed, number, k], control)
        return _solve(sample, k, inner, settings, seed, control, n_jobs)

    # steps on few rows are too short for threads to gain anything
    results = parallel_map(tune, range(sample.folds.count), n_jobs if sample.n > FEW_ROWS else 1)
    oof = np.full(sample.y.shape, np.nan)
    for k, (held_out, _) in enumerate(results):
        rows = sample.folds.held_out(k)
        oof[rows] = held_out.numpy()[rows]
    return CrossTuned(oof, tuple(model for _, model in results))


def _solve(
    sample: Sample, k: int, inner: InnerLayers, settings: InnerSettings, seed: int, control: Control, n_jobs: int
) -> tuple[torch.Tensor, TunedModel]:
    """The output layer in closed form: held-out predictions of fold k, and the model on all rows."""
    Z = inner.warp(torch.as_tensor(sample.view(k)))
    ridges = [factor * inner.ridge for factor in settings.ridge_factors]
    y, w, part = torch.as_tensor(sample.y), torch.as_tensor(sample.weight), fold_partition(sample, k)
    waiting = max(1, math.ceil((sample.folds.count - k) / n_jobs))
    codes = sample.codes(k)
    wanted = settings.capacity.of_distinct(sample.n, int(codes.max()) + 1)
    capacity = affordable(wanted, inner.gram, Z, control, fits=len(ridges) * len(part.inner) + 2, share=_SHARE / waiting)
    s = fit_with_held_out(control.guarded(inner.gram), Z, y, w, part, ridges, seed, capacity, torch.as_tensor(codes))
    return s.held_out, TunedModel(inner, Z[s.centres].numpy(), s.dual.numpy(), s.intercept.numpy(), s.ridge)


def fold_model(sample: Sample, fitted: CrossTuned, k: int) -> TunedModel:
    """The model of fold k with its output layer solved on the fold's training rows only: no target of fold k has a part in it."""
    model, rows = fitted.models[k], sample.folds.train(k)
    Z = model.inner.warp(torch.as_tensor(sample.view(k)[rows]))
    y, w = torch.as_tensor(sample.y[rows]), torch.as_tensor(sample.weight[rows])
    codes = sample.codes(k)[rows]
    capacity = CAPACITY.of_distinct(len(codes), len(np.unique(codes)))
    s = fit_with_held_out(model.inner.gram, Z, y, w, None, [model.ridge], capacity=capacity, codes=torch.as_tensor(codes))
    return TunedModel(model.inner, Z[s.centres].numpy(), s.dual.numpy(), s.intercept.numpy(), model.ridge)
