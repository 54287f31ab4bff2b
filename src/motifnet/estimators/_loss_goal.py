"""The goal of a regression that is not judged by squared error: a convex last layer under its losses, then e^η, or quantiles in order.

The error in the ledger is the out-of-fold mean loss as a share of that of the best constant, averaged over columns: 1 − D², the deviance that is not
explained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import torch

from motifnet.estimators._goal import Combined, Judged, Mask, parallel
from motifnet.losses import Pinball
from motifnet.motifs import Affine, Chain, Exp, Motif, Precise, Sort
from motifnet.stacking import fit_loss_stack, mean_loss, predicted
from motifnet.structure import Part
from motifnet.tables import Matrix, Response, Sample, standardised


@dataclass(frozen=True)
class LossGoal:
    """Parts weighed by the losses of the sample's response."""

    sample: Sample

    @property
    def response(self) -> Response:
        assert self.sample.response is not None
        return self.sample.response

    @property
    def scale(self) -> Matrix:
        return standardised(self.response.y, self.sample.weight)[2]

    @cached_property
    def constant_loss(self) -> Matrix:
        """The mean loss of the best constant, of each column."""
        r, w = self.response, self.sample.weight
        eta = np.array([loss.constant(y, w) for loss, y in zip(r.losses, r.y.T, strict=True)])
        return np.maximum(mean_loss(r, np.broadcast_to(eta, r.y.shape), w), 1e-300)

    def on(self, sample: Sample) -> LossGoal:
        return replace(self, sample=sample)

    def judge(self, parts: list[Part]) -> Judged:
        s = self.sample
        stack = fit_loss_stack([part.oof for part in parts], self.response, s.weight, s.folds)
        return Judged(tuple(parts), stack.oof, self.error(stack.oof, predicted(stack.oof)), stack.weights, stack.offsets)

    def error(self, oof: Matrix, rows: Mask) -> float:
        eta = np.where(rows[:, None], self._in_order(oof), np.nan)
        return float((mean_loss(self.response, eta, self.sample.weight) / self.constant_loss).mean())

    def remark(self, judged: Judged) -> str:
        return ""

    def network(self, judged: Judged) -> Motif:
        r = self.response
        units = Affine(torch.diag(torch.as_tensor(r.sd.copy())), torch.as_tensor(r.mean + r.sd * judged.offsets))
        head: list[Motif] = [Exp()] if r.losses[0].log_link else [Sort()] if self._levels else []
        return Precise(Chain([parallel(judged), units, *head], label="means" if r.losses[0].log_link else "quantiles"))

    def teacher(self, judged: Judged) -> Callable[[Matrix], Matrix]:
        r = self.response
        return Combined(judged, partial(_finished, mean=r.mean + r.sd * judged.offsets, sd=r.sd, log_link=r.losses[0].log_link, levels=self._levels))

    def outcome(self, judged: Judged) -> tuple[Matrix, Matrix]:
        eta = self._in_order(judged.oof)
        return self.response.y, np.exp(eta) if self.response.losses[0].log_link else eta

    def losses(self, judged: Judged) -> Matrix:
        eta, r = self._in_order(judged.oof), self.response
        values = [loss.value(y, e) for loss, y, e in zip(r.losses, r.y.T, eta.T, strict=True)]
        return np.asarray((np.stack(values, axis=1) / self.constant_loss).mean(1))

    @property
    def _levels(self) -> bool:
        """Whether the columns are quantiles of one target, which must not cross."""
        levels = {loss.level for loss in self.response.losses if isinstance(loss, Pinball)}
        return len(levels) > 1

    def _in_order(self, eta: Matrix) -> Matrix:
        """Sorted quantiles: sorting never raises the pinball losses (Chernozhukov, Fernández-Val and Galichon 2010)."""
        return np.sort(eta, axis=1) if self._levels else eta


def _finished(scores: Matrix, mean: Matrix, sd: Matrix, log_link: bool, levels: bool) -> Matrix:
    eta = scores * sd + mean
    return np.asarray(np.exp(eta) if log_link else np.sort(eta, axis=1) if levels else eta)
