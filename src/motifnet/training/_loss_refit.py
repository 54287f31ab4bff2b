"""Refits of the output layer of trained kernels, under a loss of the user or the log loss.

The feature layers are trained by least squares on a surrogate of the target. Given them, the output
layer is a convex problem in the loss itself. The feature layers, λ and the output layer that
predict fold k have not seen fold k.

A loss of the user: Newton's method starts at the least-squares fit, and takes one column of the
prediction at a time. The inner blocks of the training rows choose λ, by the second-order expansions
of the losses at the least-squares fit.

The log loss of all classes together: λ comes from a path, from strong to weak, on which each fit
starts the next. Inner blocks of the training rows are predicted without themselves. The path ends
where their log loss no longer falls. It is the loss of a f, with one temperature a ≤ 1 for the
blocks of a fold. Without the temperature, folds with another λ would have scores of another size,
which the following layer would treat alike. The number of blocks is the smallest that holds some
hundred rows. Beyond the exact range the number of centres is that of the given model. A centre is
left out with its row (see `kernels._landmarks`). With two classes the score is the difference of
both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Control, Matrix
from motifnet.kernels import (
    CAPACITY,
    CURVATURE,
    Capacity,
    Machine,
    Parabola,
    Partition,
    Scores,
    Smoother,
    enough,
    fit_reweighted,
    fit_softmax,
    fit_with_held_out,
    log_losses,
    machine_of,
    solve_ridge,
)
from motifnet.losses import Loss
from motifnet.tables import Response, Sample
from motifnet.teachers import fold_partition
from motifnet.training._feature_layers import FeatureLayers
from motifnet.training._tuned_model import CrossTuned, TunedModel, refit_outputs

RIDGE_FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0)
_SMOOTHING = 1.0  # residuals of training rows are smaller than those of new rows
RIDGES = tuple(10 ** (0.5 - step / 2) for step in range(12))  # the path of the log loss
_RIDGE = 0.1  # where no block can score
_MIN_GAIN = 0.002  # a smaller gain ends the path
_NEWTON_STEPS = 20
MAX_VALUES = 2**28  # of all rows at the landmarks, which are kept in memory: one GiB

WarmStart = tuple[Scores, Tensor]  # a fit and the mask of its rows


def refit_under_loss(
    sample: Sample, fitted: CrossTuned, *, n_jobs: int = 1, control: Control | None = None
) -> CrossTuned | None:
    """The models with new output layers, one column for each loss of the response. None where the
    rows are too many for an exact fit.
    """
    response, control = sample.response, control or Control()
    if response is None or sample.n > CAPACITY.exact_rows:
        return None

    def refit(k: int, copy: bool) -> tuple[Matrix, list[float], TunedModel | None]:
        """Predictions with one column a loss, and the λ of each."""
        rows = _LossRows.of(sample, response, fitted.inner[k], k)
        part = fold_partition(sample, k)
        out = torch.as_tensor(sample.folds.held_out(k))
        ridges = [rows.choose(c, part, control) for c in range(response.q)]
        fits = [rows.fit(c, part.train, ridge, control) for c, ridge in enumerate(ridges)]
        columns = [(rows.K[out][:, part.train] @ dual + b).numpy() for dual, b in fits]
        return np.column_stack(columns), ridges, rows.model(ridges, control) if copy else None

    def whole(chosen: list[list[float]]) -> TunedModel:
        return _LossRows.of(sample, response, fitted.models[0].inner, None).model(
            list(np.exp(np.mean(np.log(chosen), axis=0))), control
        )

    return refit_outputs(sample, fitted, refit, whole, n_jobs)


@dataclass(frozen=True)
class _LossRows:
    """All rows after the warps, in the encoding of one fold: Z with shape (n, d), the Gram matrix
    K, weights w, targets y with shape (n, q).
    """

    response: Response
    inner: FeatureLayers
    Z: Tensor
    K: Tensor
    w: Tensor
    y: Tensor

    @classmethod
    def of(
        cls, sample: Sample, response: Response, inner: FeatureLayers, k: int | None
    ) -> _LossRows:
        Z = inner.warp(torch.as_tensor(sample.X if k is None else sample.view(k)))
        return cls(
            response,
            inner,
            Z,
            inner.gram(Z, Z),
            torch.as_tensor(sample.weight),
            torch.as_tensor(sample.y),
        )

    def least_squares(
        self, c: int, rows: Tensor
    ) -> tuple[Tensor, Tensor, Callable[[Tensor], Parabola]]:
        """The least-squares fit to some rows (a mask), and the loss of column c, smoothed around
        it, on these rows.
        """
        q, index = min(c, self.y.shape[1] - 1), torch.nonzero(rows).ravel()
        dual, b = solve_ridge(
            self.K[index[:, None], index], self.y[rows, q : q + 1], self.inner.ridge / self.w[rows]
        )
        f = (self.K[rows][:, rows] @ dual + b)[:, 0]
        y = self.response.y[:, c]
        mean = float(self.response.mean[c])
        sd = float(self.response.sd[c])
        loss = self.response.losses[c].smooth(y[rows], mean + sd * f.numpy(), _SMOOTHING)
        return dual[:, 0], b[0], _parabolas(loss, y[rows], mean, sd)

    def fit(self, c: int, rows: Tensor, ridge: float, control: Control) -> tuple[Tensor, Tensor]:
        """Dual of the rows and intercept under the loss of column c."""
        dual, b, loss = self.least_squares(c, rows)
        return fit_reweighted(
            self.K[rows][:, rows], self.w[rows], control.guarded(loss), ridge, dual, b
        )

    def model(self, ridges: Sequence[float], control: Control) -> TunedModel:
        """The model of all rows, with the λ of each column."""
        every = torch.ones(len(self.Z), dtype=torch.bool)
        duals, intercepts = zip(
            *(self.fit(c, every, ridge, control) for c, ridge in enumerate(ridges)), strict=True
        )
        return TunedModel(
            self.inner,
            self.Z.numpy(),
            torch.stack(duals, 1).numpy(),
            np.array([float(b) for b in intercepts]),
            self.inner.ridge,
        )

    def choose(self, c: int, part: Partition, control: Control) -> float:
        """λ for column c by the inner blocks of a fold, with the parabolas at the least-squares fit
        to its training rows.
        """
        dual, b, loss = self.least_squares(c, part.train)
        f = self.K[part.train][:, part.train] @ dual + b
        targets, weights = loss(f).working(f, self.w[part.train])
        typical = self.inner.ridge * float(weights.sum() / self.w[part.train].sum())
        control.check()
        silent = None if part.silent is None else part.silent[part.train]
        inside = Partition(
            torch.ones(len(f), dtype=torch.bool),
            tuple(block[part.train] for block in part.inner),
            silent,
        )
        ridges = [factor * typical for factor in RIDGE_FACTORS]
        return fit_with_held_out(
            self.inner.gram, self.Z[part.train], targets[:, None], weights, inside, ridges
        ).ridge


def _parabolas(loss: Loss, y: Matrix, mean: float, sd: float) -> Callable[[Tensor], Parabola]:
    """The loss as a function of coded scores f."""

    def at(f: Tensor) -> Parabola:
        eta = mean + sd * f.numpy()
        return Parabola(
            torch.as_tensor(loss.value(y, eta)),
            torch.as_tensor(sd * loss.gradient(y, eta)),
            torch.as_tensor(sd * sd * loss.hessian(y, eta)),
        )

    return at


def refit_softmax(
    sample: Sample,
    fitted: CrossTuned,
    *,
    seed: int = 0,
    n_jobs: int = 1,
    control: Control | None = None,
    exact_rows: int | None = None,
) -> CrossTuned | None:
    """The models with new output layers, which give logits. None where rows times centres are too
    many for the memory.

    Beyond `exact_rows` the number of centres is that of the given models.
    """
    centres = max(len(model.centres) for model in fitted.models)
    if sample.n * centres > MAX_VALUES:
        return None
    control = control or Control()
    capacity = Capacity(CAPACITY.exact_rows if exact_rows is None else exact_rows, centres)

    def refit(k: int, copy: bool) -> tuple[Matrix, tuple[float, float], TunedModel | None]:
        """Predictions, and λ and temperature."""
        part, inner = fold_partition(sample, k), fitted.inner[k]
        blocks = enough([block & part.train for block in part.inner])
        rows, Z = _rows(sample, inner, k, capacity, blocks, seed, control)
        lam, a, start = rows.choose(part.train, [(block, part.scored(block)) for block in blocks])
        f = rows.fit(part.train, lam, start)
        held_out = a * _contrast(
            rows.machine.values(f, part.train, torch.as_tensor(sample.folds.held_out(k)))
        )
        return (
            held_out.numpy(),
            (lam, a),
            _whole(rows, inner, Z, lam, a, (f, part.train)) if copy else None,
        )

    def whole(chosen: list[tuple[float, float]]) -> TunedModel:
        lam, a = (float(np.exp(np.mean(np.log(values)))) for values in zip(*chosen, strict=True))
        inner = fitted.models[0].inner
        rows, Z = _rows(sample, inner, None, capacity, [], seed, control)
        return _whole(rows, inner, Z, lam, a, None)

    return refit_outputs(sample, fitted, refit, whole, n_jobs)


def _rows(
    sample: Sample,
    inner: FeatureLayers,
    k: int | None,
    capacity: Capacity,
    blocks: Sequence[Tensor],
    seed: int,
    control: Control,
) -> tuple[_ClassRows, Tensor]:
    """All rows in the encoding of fold k, with landmarks among its training rows, and the same rows
    after the warps.
    """
    Z = inner.warp(torch.as_tensor(sample.X if k is None else sample.view(k)))
    w = torch.as_tensor(sample.weight)
    train = torch.ones(sample.n, dtype=torch.bool) if k is None else fold_partition(sample, k).train
    cells = [~train, *blocks, train & ~torch.stack([~train, *blocks]).any(0)]
    codes = sample.codes(k)
    capacity = capacity.of_distinct(sample.n, int(codes.max()) + 1)
    gram = control.guarded(inner.gram)
    machine = machine_of(
        gram,
        Z,
        CURVATURE * w,
        cells,
        seed=seed,
        capacity=capacity,
        among=train,
        codes=torch.as_tensor(codes),
    )
    return _ClassRows(
        machine, torch.as_tensor(sample.labels), w, max(2, sample.y.shape[1]), control
    ), Z


def _whole(
    rows: _ClassRows, inner: FeatureLayers, Z: Tensor, lam: float, a: float, start: WarmStart | None
) -> TunedModel:
    """The model of all rows."""
    f = rows.fit(torch.ones(len(Z), dtype=torch.bool), lam, start)
    dual, b = a * _contrast(rows.machine.dual(f)), a * _contrast(f.intercept[None])[0]
    return TunedModel(inner, Z[rows.machine.centres].numpy(), dual.numpy(), b.numpy(), lam)


def _contrast(scores: Tensor) -> Tensor:
    """The scores, one for two classes."""
    return scores[:, 1:] - scores[:, :1] if scores.shape[1] == 2 else scores


@dataclass(frozen=True)
class _ClassRows:
    """All rows with their class codes and weights."""

    machine: Machine
    labels: Tensor
    weight: Tensor
    classes: int
    control: Control

    def fit(self, rows: Tensor, lam: float, start: WarmStart | None) -> Scores:
        """The fit on some rows (a mask)."""
        f = None if start is None else self.machine.moved(start[0], start[1], rows)
        return self._solve(self.machine.on(rows)(lam), rows, lam, f)

    def path(self, rows: Tensor) -> Iterator[Scores]:
        """Loose fits on some rows for all λ. Each is the start of the next."""
        smoothers, f = self.machine.on(rows), None
        for lam in RIDGES:
            f = self._solve(smoothers(lam), rows, lam, f, tolerance=1e-3)
            yield f

    def _solve(
        self,
        smoother: Smoother,
        rows: Tensor,
        lam: float,
        start: Scores | None,
        tolerance: float = 1e-4,
    ) -> Scores:
        self.control.check()
        return fit_softmax(
            smoother,
            self.labels[rows],
            self.weight[rows],
            lam,
            start or smoother.zero(self.classes),
            tolerance,
        )

    def choose(
        self, train: Tensor, inner: Sequence[tuple[Tensor, Tensor]]
    ) -> tuple[float, float, WarmStart | None]:
        """λ and temperature a before the log loss stops falling, and a fit of that λ. `inner` has
        pairs of masks: a block, and its validation rows.
        """
        blocks, scored = [block for block, _ in inner], [rows for _, rows in inner]
        if not blocks:
            return _RIDGE, 1.0, None
        best: tuple[float, float, WarmStart | None] = (_RIDGE, 1.0, None)
        least = math.inf
        rows = torch.cat([torch.nonzero(block).ravel() for block in scored])
        labels, w = self.labels[rows], self.weight[rows]
        for lam, fits in zip(
            RIDGES, zip(*(self.path(train & ~block) for block in blocks), strict=True), strict=True
        ):
            scores = torch.cat(
                [
                    self.machine.values(f, train & ~block, at)
                    for f, block, at in zip(fits, blocks, scored, strict=True)
                ]
            )
            a = temperature(scores, labels, w)
            if (error := float(w @ log_losses(a * scores, labels))) >= least:
                break
            best, least = (lam, a, (fits[0], train & ~blocks[0])), error * (1 - _MIN_GAIN)
        return best


def temperature(scores: Tensor, labels: Tensor, w: Tensor) -> float:
    """The a in (0, 1] with the smallest log loss of a f. Without the bound a would grow to infinity
    where all rows are separated.
    """
    a = 1.0
    for _ in range(_NEWTON_STEPS):
        p = torch.softmax(a * scores, 1)
        mean = (p * scores).sum(1)
        gradient = float(w @ (mean - scores.gather(1, labels[:, None])[:, 0]))
        hessian = float(w @ ((p * scores**2).sum(1) - mean**2))
        a = min(max(a - gradient / max(hessian, 1e-300), a / 2), 1.0)
    return a
