"""A trained kernel network with few centres instead of all rows. Feature layers and λ stay, and

    f(x) = b + Σ_j β_j k(u(x), u_j),     β = argmin  Σ_i w_i (y_i − f(x_i))² + λ βᵀ K_CC β

The centres are means of rows that lie together after the feature layers (`means_between`). They do
not depend on targets. Fold k is predicted with centres of the fold's training rows, by the feature
layers and λ of that fold. So the scores are out-of-fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Control, Matrix, parallel_map
from motifnet.kernels import landmark_features, means_between, solve_folds
from motifnet.tables import Sample
from motifnet.teachers import Worth, fit_folds
from motifnet.training._feature_layers import FeatureLayers
from motifnet.training._tuned_model import CrossTuned, TunedModel

BLOCK_ROWS = 4_096


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
    """The models with at most `count` centres, and their out-of-fold predictions.

    Raises `Stopped` when the control says so, and `RejectedEarly` where the predictions of a trial
    are not `worth` the other folds.
    """
    control = control or Control()
    single = sample.folds.count == 1 and sample.views is None
    sums: dict[int, tuple[Centres, Sums]] = {}

    def held_out(k: int) -> Matrix:
        control.check()
        rows, train = sample.folds.held_out(k), sample.folds.train(k)
        if not train.any():
            return np.zeros((int(rows.sum()), sample.y.shape[1]))
        part = sample.rows(train, k)
        centres = Centres.of(part, fitted.inner[k], count, seed)
        found = centres.sums(part)
        if single:
            sums[k] = centres, found
        return centres.solve(found).predict(sample.view(k)[rows])

    oof = sample.folds.joined(fit_folds(sample, held_out, lambda part: part, n_jobs, worth))
    # the layers of the fold are those of the model, so that only its held-out rows are missing
    if single and sums:
        centres, found = sums[0]
        control.check()
        models = [centres.solve(found + centres.sums(sample.rows(~sample.folds.train(0))))]
    else:
        models = parallel_map(
            lambda model: solve_at(sample, model.inner, count, seed), fitted.models, n_jobs
        )
    return CrossTuned(oof, fitted.inner, tuple(models))


@dataclass(frozen=True)
class Sums:
    """S = Σ w f fᵀ with shape (m + 1, m + 1) and s = Σ w f yᵀ with shape (m + 1, q) over rows."""

    S: Matrix
    s: Tensor

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.S + other.S, self.s + other.s)


@dataclass(frozen=True)
class Centres:
    """Centres C with shape (m, d) in the warped space, and the factor L of K_CC = L Lᵀ. The
    features of a row are f = (L⁻¹ k(C, x), 1).
    """

    inner: FeatureLayers
    C: Tensor
    L: Tensor

    @classmethod
    def of(cls, sample: Sample, inner: FeatureLayers, count: int, seed: int) -> Centres:
        """At most `count` centres between the rows."""
        Z = inner.warp(torch.as_tensor(sample.X))
        C = torch.as_tensor(means_between(Z.numpy(), inner.mapped(Z).numpy(), count, seed))
        return cls(inner, C, landmark_features(inner.gram(C, C)))

    def sums(self, sample: Sample) -> Sums:
        """The sums over all rows of a sample, by blocks."""
        Z = self.inner.warp(torch.as_tensor(sample.X))
        y = torch.as_tensor(sample.y)
        w = torch.as_tensor(sample.weight)
        size = len(self.C) + 1
        S, s = np.zeros((size, size)), torch.zeros(size, y.shape[1], dtype=Z.dtype)
        for part in torch.split(torch.arange(len(Z)), BLOCK_ROWS):
            F = torch.ones(size, len(part), dtype=Z.dtype)
            torch.linalg.solve_triangular(
                self.L, self.inner.gram(self.C, Z[part]), upper=False, out=F[:-1]
            )
            s += F @ (w[part, None] * y[part])
            F.mul_(w[part].sqrt())
            S += F.numpy() @ F.numpy().T  # numpy computes half of F Fᵀ
        return Sums(S, s)

    def solve(self, sums: Sums) -> TunedModel:
        """The output layer in closed form, with the λ of the feature layers."""
        gamma = solve_folds(torch.as_tensor(sums.S), sums.s, self.inner.ridge)
        dual = torch.linalg.solve_triangular(self.L.T, gamma[:-1], upper=True)
        return TunedModel(
            self.inner, self.C.numpy(), dual.numpy(), gamma[-1].numpy(), self.inner.ridge
        )


def solve_at(sample: Sample, inner: FeatureLayers, count: int, seed: int) -> TunedModel:
    """The model with the output layer of all rows, at no more than `count` centres."""
    centres = Centres.of(sample, inner, count, seed)
    return centres.solve(centres.sums(sample))
