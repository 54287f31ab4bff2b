"""The output layer of trained kernels, solved again under the loss that the user asks for.

Inner layers are trained by least squares on a surrogate of the target. Given them, the output layer is a convex problem in the loss itself: Newton's
method from the least-squares fit, one column of the prediction at a time. Fold k is predicted by inner layers, λ and output layer that have not seen
fold k; λ is chosen on the inner blocks of its training rows, by the parabolas of the losses at the least-squares fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Control
from motifnet.kernels import CAPACITY, Parabola, Partition, fit_reweighted, fit_with_held_out, solve_ridge
from motifnet.losses import Loss
from motifnet.retrain._cross_tune import CrossTuned, TunedModel, refit_outputs
from motifnet.retrain._inner_layers import InnerLayers
from motifnet.tables import Matrix, Response, Sample
from motifnet.teachers import fold_partition

RIDGE_FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0)
_ROUNDED = 1.0  # residuals of training rows are smaller than those of new rows


def refit_under_loss(sample: Sample, fitted: CrossTuned, *, n_jobs: int = 1, control: Control | None = None) -> CrossTuned | None:
    """The models with new output layers, one column for each loss of the response; None where the rows are too many for an exact fit."""
    response, control = sample.response, control or Control()
    if response is None or sample.n > CAPACITY.exact_rows:
        return None

    def refit(k: int, copy: bool) -> tuple[Matrix, list[float], TunedModel | None]:
        """Predictions, one column a loss, and the λ of each."""
        rows, part, out = _Rows.of(sample, response, fitted.inner[k], k), fold_partition(sample, k), torch.as_tensor(sample.folds.held_out(k))
        ridges = [rows.choose(c, part, control) for c in range(response.q)]
        fits = [rows.fit(c, part.train, ridge, control) for c, ridge in enumerate(ridges)]
        columns = [(rows.K[out][:, part.train] @ dual + b).numpy() for dual, b in fits]
        return np.column_stack(columns), ridges, rows.model(ridges, control) if copy else None

    def whole(chosen: list[list[float]]) -> TunedModel:
        return _Rows.of(sample, response, fitted.models[0].inner, None).model(list(np.exp(np.mean(np.log(chosen), axis=0))), control)

    return refit_outputs(sample, fitted, refit, whole, n_jobs)


@dataclass(frozen=True)
class _Rows:
    """All rows behind inner layers, in the encoding of one fold: Z with shape (n, d), the Gram matrix K, weights w, targets y with shape (n, q)."""

    response: Response
    inner: InnerLayers
    Z: Tensor
    K: Tensor
    w: Tensor
    y: Tensor

    @classmethod
    def of(cls, sample: Sample, response: Response, inner: InnerLayers, k: int | None) -> _Rows:
        Z = inner.warp(torch.as_tensor(sample.X if k is None else sample.view(k)))
        return cls(response, inner, Z, inner.gram(Z, Z), torch.as_tensor(sample.weight), torch.as_tensor(sample.y))

    def least_squares(self, c: int, rows: Tensor) -> tuple[Tensor, Tensor, Callable[[Tensor], Parabola]]:
        """The least-squares fit to some rows (a mask), and the loss of column c, rounded off around it, on all rows."""
        q, index = min(c, self.y.shape[1] - 1), torch.nonzero(rows).ravel()
        dual, b = solve_ridge(self.K[index[:, None], index], self.y[rows, q : q + 1], self.inner.ridge / self.w[rows])
        f = (self.K[rows][:, rows] @ dual + b)[:, 0]
        y, mean, sd = self.response.y[:, c], float(self.response.mean[c]), float(self.response.sd[c])
        loss = self.response.losses[c].smooth(y[rows], mean + sd * f.numpy(), _ROUNDED)
        return dual[:, 0], b[0], _parabolas(loss, y[rows], mean, sd)

    def fit(self, c: int, rows: Tensor, ridge: float, control: Control) -> tuple[Tensor, Tensor]:
        """Dual of the rows and intercept under the loss of column c."""
        dual, b, loss = self.least_squares(c, rows)
        return fit_reweighted(self.K[rows][:, rows], self.w[rows], control.guarded(loss), ridge, dual, b)

    def model(self, ridges: Sequence[float], control: Control) -> TunedModel:
        """The model of all rows, with the λ of each column."""
        every = torch.ones(len(self.Z), dtype=torch.bool)
        duals, intercepts = zip(*(self.fit(c, every, ridge, control) for c, ridge in enumerate(ridges)), strict=True)
        return TunedModel(self.inner, self.Z.numpy(), torch.stack(duals, 1).numpy(), np.array([float(b) for b in intercepts]), self.inner.ridge)

    def choose(self, c: int, part: Partition, control: Control) -> float:
        """λ for column c by the inner blocks of a fold, at the parabolas of the least-squares fit to its training rows."""
        dual, b, loss = self.least_squares(c, part.train)
        f = self.K[part.train][:, part.train] @ dual + b
        targets, weights = loss(f).working(f, self.w[part.train])
        typical = self.inner.ridge * float(weights.sum() / self.w[part.train].sum())
        control.check()
        silent = None if part.silent is None else part.silent[part.train]
        inside = Partition(torch.ones(len(f), dtype=torch.bool), tuple(block[part.train] for block in part.inner), silent)
        ridges = [factor * typical for factor in RIDGE_FACTORS]
        return fit_with_held_out(self.inner.gram, self.Z[part.train], targets[:, None], weights, inside, ridges).ridge


def _parabolas(loss: Loss, y: Matrix, mean: float, sd: float) -> Callable[[Tensor], Parabola]:
    """The loss as a function of coded scores f."""

    def at(f: Tensor) -> Parabola:
        eta = mean + sd * f.numpy()
        return Parabola(torch.as_tensor(loss.value(y, eta)), torch.as_tensor(sd * loss.slope(y, eta)), torch.as_tensor(sd * sd * loss.bend(y, eta)))

    return at
