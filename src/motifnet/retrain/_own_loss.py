"""The output layer of trained kernels, solved again under the loss that the user asks for.

Inner layers are trained by least squares on a surrogate of the target. Given them, the output layer is a convex problem in the loss itself: Newton's
method from the least-squares fit, one column of the prediction at a time. Fold k is predicted by inner layers, λ and output layer that have not seen
fold k; λ is chosen on the inner blocks of its training rows, by the parabolas of the losses at the least-squares fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Control, parallel_map
from motifnet.kernels import CAPACITY, Parabola, fit_reweighted, fit_with_held_out
from motifnet.losses import Loss
from motifnet.retrain._cross_tune import CrossTuned, TunedModel, fold_model
from motifnet.tables import Matrix, Response, Sample
from motifnet.teachers import fold_partition

RIDGE_FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0)
_ROUNDED = 1.0  # residuals of training rows are smaller than those of new rows


def refit_under_loss(sample: Sample, fitted: CrossTuned, *, n_jobs: int = 1, control: Control | None = None) -> CrossTuned | None:
    """The models with new output layers, one column for each loss of the response; None where the rows are too many for an exact fit."""
    response, control = sample.response, control or Control()
    if response is None or sample.n > CAPACITY.exact_rows:
        return None

    def refit(k: int) -> tuple[Matrix, TunedModel]:
        start = fold_model(sample, fitted, k)
        columns = []
        for c in range(response.q):
            columns.append(_refit(sample, response, start, k, c, control))
        held_out, duals, intercepts = zip(*columns, strict=True)
        centres = start.inner.warp(torch.as_tensor(sample.view(k))).numpy()
        model = replace(fitted.models[k], centres=centres, dual=np.column_stack(duals), intercept=np.array(intercepts))
        return np.column_stack(held_out), model

    results = parallel_map(refit, range(sample.folds.count), n_jobs)
    oof = np.full((sample.n, response.q), np.nan)
    for k, (held_out, _) in enumerate(results):
        oof[sample.folds.held_out(k)] = held_out
    return CrossTuned(oof, tuple(model for _, model in results))


def _refit(sample: Sample, response: Response, start: TunedModel, k: int, c: int, control: Control) -> tuple[Matrix, Matrix, float]:
    """Column c: predictions of fold k, and dual and intercept of all rows. The centres of `start` are the training rows of fold k."""
    inner, part, w = start.inner, fold_partition(sample, k), torch.as_tensor(sample.weight)
    Z, train, out = inner.warp(torch.as_tensor(sample.view(k))), part.train, torch.as_tensor(sample.folds.held_out(k))
    K, q = inner.gram(Z, Z), min(c, start.dual.shape[1] - 1)
    dual, b = torch.zeros_like(w), torch.tensor(start.intercept[q])
    dual[train] = torch.as_tensor(start.dual[:, q])
    f = K @ dual + b
    y, mean, sd = response.y[:, c], float(response.mean[c]), float(response.sd[c])
    loss = response.losses[c].smooth(y[train], mean + sd * f[train].numpy(), _ROUNDED)
    at = control.guarded(_parabolas(loss, y, mean, sd))
    targets, weights = at(f).working(f, w)
    typical = inner.ridge * float(weights[train].sum() / w[train].sum())
    ridge = fit_with_held_out(inner.gram, Z, targets[:, None], weights, part, [factor * typical for factor in RIDGE_FACTORS]).ridge
    dual[train], b = fit_reweighted(K[train][:, train], w[train], control.guarded(_parabolas(loss, y[train], mean, sd)), ridge, dual[train], b)
    held_out = (K[out] @ dual + b).numpy()
    dual, b = fit_reweighted(K, w, at, ridge, dual, b)
    return held_out, dual.numpy(), float(b)


def _parabolas(loss: Loss, y: Matrix, mean: float, sd: float) -> Callable[[Tensor], Parabola]:
    """The loss as a function of coded scores f."""

    def at(f: Tensor) -> Parabola:
        eta = mean + sd * f.numpy()
        return Parabola(torch.as_tensor(loss.value(y, eta)), torch.as_tensor(sd * loss.slope(y, eta)), torch.as_tensor(sd * sd * loss.bend(y, eta)))

    return at
