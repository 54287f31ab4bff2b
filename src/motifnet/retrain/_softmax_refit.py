"""The output layer of trained kernels, solved again under the log loss of all classes together.

Fold k is predicted by inner layers, λ and output layer that have not seen fold k. λ comes from a path, from strong to weak, each fit the start of
the next, that ends where the log loss of inner blocks of the training rows, each predicted without itself, does not fall any more. It is the loss of
a f, with a temperature a ≤ 1 for the blocks of a fold: without it folds that chose another λ would have scores of another size, and the last layer
after them takes all for alike. As many blocks judge as hold some hundred rows. Beyond the exact range the centres are as many as those of the model
given, and are left out where their rows are (see `kernels._landmarks`). Two classes: the score is the difference of both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Control
from motifnet.kernels import CAPACITY, CURVATURE, Capacity, Machine, Scores, Smoother, enough, fit_softmax, log_losses, machine_of
from motifnet.retrain._cross_tune import CrossTuned, TunedModel, refit_outputs
from motifnet.retrain._inner_layers import InnerLayers
from motifnet.tables import Matrix, Sample
from motifnet.teachers import fold_partition

RIDGES = tuple(10 ** (0.5 - step / 2) for step in range(12))
_RIDGE = 0.1  # where no block can judge
_LEAST_GAIN = 0.002  # or the path ends
_NEWTON = 20
MOST_VALUES = 2**28  # of all rows at the landmarks, which are kept in memory: one GiB

Start = tuple[Scores, Tensor]  # a fit and the mask of its rows


def refit_softmax(
    sample: Sample, fitted: CrossTuned, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None, exact_rows: int | None = None
) -> CrossTuned | None:
    """The models with new output layers, which give logits; None where rows times centres are too many for the memory.

    Beyond `exact_rows` the centres are as many rows as those of the models given.
    """
    centres = max(len(model.centres) for model in fitted.models)
    if sample.n * centres > MOST_VALUES:
        return None
    control, capacity = control or Control(), Capacity(CAPACITY.exact_rows if exact_rows is None else exact_rows, centres)

    def refit(k: int, copy: bool) -> tuple[Matrix, tuple[float, float], TunedModel | None]:
        """Predictions, and λ and temperature."""
        part, inner = fold_partition(sample, k), fitted.inner[k]
        blocks = enough([block & part.train for block in part.inner])
        rows, Z = _rows(sample, inner, k, capacity, blocks, seed, control)
        lam, a, start = rows.choose(part.train, [(block, part.judges(block)) for block in blocks])
        f = rows.fit(part.train, lam, start)
        held_out = a * _contrast(rows.machine.values(f, part.train, torch.as_tensor(sample.folds.held_out(k))))
        return held_out.numpy(), (lam, a), _whole(rows, inner, Z, lam, a, (f, part.train)) if copy else None

    def whole(chosen: list[tuple[float, float]]) -> TunedModel:
        lam, a = (float(np.exp(np.mean(np.log(values)))) for values in zip(*chosen, strict=True))
        inner = fitted.models[0].inner
        rows, Z = _rows(sample, inner, None, capacity, [], seed, control)
        return _whole(rows, inner, Z, lam, a, None)

    return refit_outputs(sample, fitted, refit, whole, n_jobs)


def _rows(
    sample: Sample, inner: InnerLayers, k: int | None, capacity: Capacity, blocks: Sequence[Tensor], seed: int, control: Control
) -> tuple[_Rows, Tensor]:
    """All rows in the encoding of fold k, whose landmarks are its training rows, and what they are behind the inner layers."""
    Z, w = inner.warp(torch.as_tensor(sample.X if k is None else sample.view(k))), torch.as_tensor(sample.weight)
    train = torch.ones(sample.n, dtype=torch.bool) if k is None else fold_partition(sample, k).train
    cells = [~train, *blocks, train & ~torch.stack([~train, *blocks]).any(0)]
    codes = sample.codes(k)
    capacity = capacity.of_distinct(sample.n, int(codes.max()) + 1)
    gram = control.guarded(inner.gram)
    machine = machine_of(gram, Z, CURVATURE * w, cells, seed=seed, capacity=capacity, among=train, codes=torch.as_tensor(codes))
    return _Rows(machine, torch.as_tensor(sample.labels), w, max(2, sample.y.shape[1]), control), Z


def _whole(rows: _Rows, inner: InnerLayers, Z: Tensor, lam: float, a: float, start: Start | None) -> TunedModel:
    """The model of all rows."""
    f = rows.fit(torch.ones(len(Z), dtype=torch.bool), lam, start)
    dual, b = a * _contrast(rows.machine.dual(f)), a * _contrast(f.intercept[None])[0]
    return TunedModel(inner, Z[rows.machine.centres].numpy(), dual.numpy(), b.numpy(), lam)


def _contrast(scores: Tensor) -> Tensor:
    """Two classes have one score."""
    return scores[:, 1:] - scores[:, :1] if scores.shape[1] == 2 else scores


@dataclass(frozen=True)
class _Rows:
    """All rows with their class codes and weights."""

    machine: Machine
    labels: Tensor
    weight: Tensor
    classes: int
    control: Control

    def fit(self, rows: Tensor, lam: float, start: Start | None) -> Scores:
        """The fit on some rows (a mask)."""
        f = None if start is None else self.machine.moved(start[0], start[1], rows)
        return self._solve(self.machine.on(rows)(lam), rows, lam, f)

    def path(self, rows: Tensor) -> Iterator[Scores]:
        """Loose fits on the same for all λ, each the start of the next."""
        smoothers, f = self.machine.on(rows), None
        for lam in RIDGES:
            f = self._solve(smoothers(lam), rows, lam, f, tolerance=1e-3)
            yield f

    def _solve(self, smoother: Smoother, rows: Tensor, lam: float, start: Scores | None, tolerance: float = 1e-4) -> Scores:
        self.control.check()
        return fit_softmax(smoother, self.labels[rows], self.weight[rows], lam, start or smoother.zero(self.classes), tolerance)

    def choose(self, train: Tensor, inner: Sequence[tuple[Tensor, Tensor]]) -> tuple[float, float, Start | None]:
        """λ and temperature a, before the log loss stops falling, and a fit of that λ; of pairs of masks: a block, and those of it that judge."""
        blocks, judged = [block for block, _ in inner], [judges for _, judges in inner]
        if not blocks:
            return _RIDGE, 1.0, None
        best: tuple[float, float, Start | None] = (_RIDGE, 1.0, None)
        least = math.inf
        rows = torch.cat([torch.nonzero(block).ravel() for block in judged])
        labels, w = self.labels[rows], self.weight[rows]
        for lam, fits in zip(RIDGES, zip(*(self.path(train & ~block) for block in blocks), strict=True), strict=True):
            scores = torch.cat([self.machine.values(f, train & ~block, at) for f, block, at in zip(fits, blocks, judged, strict=True)])
            a = temperature(scores, labels, w)
            if (error := float(w @ log_losses(a * scores, labels))) >= least:
                break
            best, least = (lam, a, (fits[0], train & ~blocks[0])), error * (1 - _LEAST_GAIN)
        return best


def temperature(scores: Tensor, labels: Tensor, w: Tensor) -> float:
    """The a of least log loss of a f in (0, 1]: few rows that are all separated would have it grow without bound."""
    a = 1.0
    for _ in range(_NEWTON):
        p = torch.softmax(a * scores, 1)
        mean = (p * scores).sum(1)
        slope = float(w @ (mean - scores.gather(1, labels[:, None])[:, 0]))
        bend = float(w @ ((p * scores**2).sum(1) - mean**2))
        a = min(max(a - slope / max(bend, 1e-300), a / 2), 1.0)
    return a
