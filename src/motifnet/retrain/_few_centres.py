"""A trained kernel network with few centres in place of all rows: the same inner layers and λ, and

    f(x) = b + Σ_j β_j k(u(x), u_j),     β = argmin  Σ_i w_i (y_i − f(x_i))² + λ βᵀ K_CC β

The centres are means of rows that lie together behind the inner layers (`means_between`); no target has a part in them. Fold k is predicted with
centres of the fold's training rows, by the inner layers and λ of that fold: the scores stay honest.
"""

from __future__ import annotations

import numpy as np
import torch

from motifnet.engine import Control, parallel_map
from motifnet.kernels import landmark_features, means_between, solve_folds
from motifnet.retrain._cross_tune import CrossTuned, TunedModel
from motifnet.retrain._inner_layers import InnerLayers
from motifnet.tables import Matrix, Sample
from motifnet.teachers import Worth, fit_folds

BLOCK = 4_096


def with_centres(
    sample: Sample,
    fitted: CrossTuned,
    count: int,
    *,
    seed: int = 0,
    n_jobs: int = 1,
    control: Control | None = None,
    worth: Worth | None = None,
) -> CrossTuned:
    """The models with at most `count` centres, and their out-of-fold predictions. Raises `Stopped` when the control says so, and `RejectedEarly`
    where the predictions of a trial are not `worth` the other folds.
    """
    control = control or Control()

    def held_out(k: int) -> Matrix:
        control.check()
        rows, train = sample.folds.held_out(k), sample.folds.train(k)
        if not train.any():
            return np.zeros((int(rows.sum()), sample.y.shape[1]))
        return solve_at(sample.rows(train, k), fitted.inner[k], count, seed).predict(sample.view(k)[rows])

    oof = sample.folds.joined(fit_folds(sample, held_out, lambda part: part, n_jobs, worth))
    models = parallel_map(lambda model: solve_at(sample, model.inner, count, seed), fitted.models, n_jobs)
    return CrossTuned(oof, fitted.inner, tuple(models))


def solve_at(sample: Sample, inner: InnerLayers, count: int, seed: int) -> TunedModel:
    """The output layer of all rows in closed form, at no more than `count` centres."""
    Z, y, w = inner.warp(torch.as_tensor(sample.X)), torch.as_tensor(sample.y), torch.as_tensor(sample.weight)
    C = torch.as_tensor(means_between(Z.numpy(), inner.mapped(Z).numpy(), count, seed))
    L = landmark_features(inner.gram(C, C))
    S, c = np.zeros((len(C) + 1, len(C) + 1)), torch.zeros(len(C) + 1, y.shape[1], dtype=Z.dtype)
    for part in torch.split(torch.arange(len(Z)), BLOCK):
        F = torch.ones(len(C) + 1, len(part), dtype=Z.dtype)
        torch.linalg.solve_triangular(L, inner.gram(C, Z[part]), upper=False, out=F[:-1])
        c += F @ (w[part, None] * y[part])
        F.mul_(w[part].sqrt())
        S += F.numpy() @ F.numpy().T  # numpy computes half of a product of a matrix and itself
    gamma = solve_folds(torch.as_tensor(S), c, inner.ridge)
    dual = torch.linalg.solve_triangular(L.T, gamma[:-1], upper=True)
    return TunedModel(inner, C.numpy(), dual.numpy(), gamma[-1].numpy(), inner.ridge)
