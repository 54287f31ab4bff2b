"""What differs between regression, classification and other objectives: how parts are scored,
combined and finished into one network.

A *part* is a transferred model with its out-of-fold predictions. The score of several parts is the
error of their combination on held-out rows:

    regression         root mean squared error in units of sd(y)
    classification     log loss
    other objectives   mean loss over that of the best constant, averaged over columns: 1 − D²

Under other objectives the network ends with a convex last layer under the losses, and then e^η or a
sort of the quantiles.

A trial on the rows of a few folds, before a part is fitted for all folds.

Only these rows score the parts, and folds within them weigh the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from motifnet.engine import Matrix
from motifnet.losses import Pinball
from motifnet.motifs import Affine, Chain, Exp, Motif, Parallel, Precise, Softmax, Sort
from motifnet.stacking import (
    SMALLEST,
    calibration,
    expansion,
    fit_logistic_stack,
    fit_loss_stack,
    fit_nnls_stack,
    log_loss,
    mean_loss,
    mean_squared,
    predicted,
)
from motifnet.structure import Extrapolation, LogScale, Part
from motifnet.tables import Response, Sample, standardised
from motifnet.teachers import inner_folds

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ScoredCandidate:
    """Several parts combined: their out-of-fold predictions and error, the weights with shape
    (T, q), and the offsets of the last layer.
    """

    parts: tuple[Part, ...]
    oof: Matrix
    error: float
    weights: Matrix
    offsets: Matrix

    @property
    def used(self) -> list[tuple[str, float]]:
        """Name and mean weight of each part."""
        return [
            (part.name, float(weight.mean()))
            for part, weight in zip(self.parts, self.weights, strict=True)
        ]


class Goal(Protocol):
    """Scores parts, and finishes them into the network of the whole model and the same function in
    numpy.
    """

    @property
    def sample(self) -> Sample:
        """The rows that score."""
        ...

    @property
    def scale(self) -> Matrix:
        """The unit of each output: sd of a target, 1 for a probability."""
        ...

    def on(self, sample: Sample) -> Goal:
        """The same goal on other rows."""
        ...

    def score(self, parts: list[Part]) -> ScoredCandidate:
        """The parts combined by the weights that out-of-fold predictions choose."""
        ...

    def error(self, oof: Matrix, rows: Mask) -> float:
        """The error of out-of-fold predictions on some rows."""
        ...

    def remark(self, scored: ScoredCandidate) -> str:
        """A note for the ledger; may be empty."""
        ...

    def network(self, scored: ScoredCandidate) -> Motif:
        """The network of the whole model, in target units or probabilities."""
        ...

    def teacher(self, scored: ScoredCandidate) -> Callable[[Matrix], Matrix]:
        """The same function in numpy."""
        ...

    def outcome(self, scored: ScoredCandidate) -> tuple[Matrix, Matrix]:
        """Observed values and their out-of-fold predictions, in the units of `network`."""
        ...

    def losses(self, scored: ScoredCandidate) -> Matrix:
        """The out-of-fold loss of each row with shape (n,), NaN where there is no prediction. The
        error is their weighted mean, for squared error its root.
        """
        ...


def parallel(scored: ScoredCandidate) -> Motif:
    """Σ_t v_t f_t(x) without parts of weight zero: the theory's parallel network."""
    kept = [
        (w, part.network) for w, part in zip(scored.weights, scored.parts, strict=True) if w.any()
    ]
    if not kept:
        kept = [(scored.weights[0], scored.parts[0].network)]
    if (
        len(kept) == 1
        and (kept[0][0] == 1).all()
        and scored.parts[0].oof.shape[1] == scored.weights.shape[1]
    ):
        return kept[0][1]
    return Parallel(
        torch.as_tensor(np.stack([w for w, _ in kept])), [network for _, network in kept]
    )


@dataclass(frozen=True, repr=False)
class Combined:
    """The whole model in numpy: Σ_t v_t f_t(x), extrapolated linearly beyond the rows of the fit,
    then the last layer `finish`.
    """

    scored: ScoredCandidate
    finish: Callable[[Matrix], Matrix]
    beyond: Extrapolation | None = None

    def __repr__(self) -> str:
        return f"Combined of {', '.join(part.name for part in self.scored.parts)}"

    def __call__(self, X: Matrix) -> Matrix:
        """Values in target units with shape (n, q), or probabilities with shape (n, K)."""
        inside = X if self.beyond is None else self.beyond.inside(X)
        terms = [
            w * part.predict(inside)
            for w, part in zip(self.scored.weights, self.scored.parts, strict=True)
            if w.any()
        ]
        scores = (
            np.asarray(sum(terms)) if terms else np.zeros((len(X), self.scored.weights.shape[1]))
        )
        return self.finish(scores if self.beyond is None else scores + self.beyond.lines(X))


@dataclass(frozen=True)
class RegressionGoal:
    """Targets standardised by mean and sd, each with shape (q,). `beyond`: linear extrapolation,
    None where predictions level off.
    """

    sample: Sample
    mean: Matrix
    sd: Matrix
    beyond: Extrapolation | None = None

    @property
    def scale(self) -> Matrix:
        return self.sd

    def on(self, sample: Sample) -> RegressionGoal:
        return replace(self, sample=sample)

    def score(self, parts: list[Part]) -> ScoredCandidate:
        s = self.sample
        if len(parts) == 1:
            weights, oof = np.ones((1, s.y.shape[1])), parts[0].oof
        else:
            stack = fit_nnls_stack([part.oof for part in parts], s.y, s.weight, s.folds)
            weights, oof = stack.weights, stack.oof
        return ScoredCandidate(
            tuple(parts), oof, self.error(oof, predicted(oof)), weights, self.mean
        )

    def error(self, oof: Matrix, rows: Mask) -> float:
        return float(
            np.sqrt(mean_squared(self.sample.y[rows], oof[rows], self.sample.weight[rows]))
        )

    def remark(self, scored: ScoredCandidate) -> str:
        return ""

    def network(self, scored: ScoredCandidate) -> Motif:
        units = Affine(torch.diag(torch.as_tensor(self.sd)), torch.as_tensor(self.mean))
        network = parallel(scored) if self.beyond is None else self.beyond.around(parallel(scored))
        return Precise(Chain([network, units], label="target units"))

    def teacher(self, scored: ScoredCandidate) -> Callable[[Matrix], Matrix]:
        return Combined(scored, partial(_in_units, mean=self.mean, sd=self.sd), self.beyond)

    def outcome(self, scored: ScoredCandidate) -> tuple[Matrix, Matrix]:
        return _in_units(self.sample.y, self.mean, self.sd), _in_units(
            scored.oof, self.mean, self.sd
        )

    def losses(self, scored: ScoredCandidate) -> Matrix:
        return np.asarray(((self.sample.y - scored.oof) ** 2).mean(1))


@dataclass(frozen=True)
class ClassificationGoal:
    """Classes as codes in the sample. A convex last layer, fitted to out-of-fold scores, gives the
    probabilities.
    """

    sample: Sample
    n_classes: int

    @property
    def scale(self) -> Matrix:
        return np.ones(self.n_classes)

    def on(self, sample: Sample) -> ClassificationGoal:
        return replace(self, sample=sample)

    def score(self, parts: list[Part]) -> ScoredCandidate:
        s = self.sample
        assert s.labels is not None
        stack = fit_logistic_stack(
            [part.oof for part in parts], s.labels, self.n_classes, s.weight, s.folds
        )
        q = parts[0].oof.shape[1]
        error = self.error(stack.oof, predicted(stack.oof))
        return ScoredCandidate(
            tuple(parts), stack.oof, error, np.repeat(stack.weights[:, None], q, 1), stack.offsets
        )

    def error(self, oof: Matrix, rows: Mask) -> float:
        assert self.sample.labels is not None
        return log_loss(self.sample.labels[rows], oof[rows], self.sample.weight[rows])

    def remark(self, scored: ScoredCandidate) -> str:
        assert self.sample.labels is not None
        rows = predicted(scored.oof)
        labels, weight = self.sample.labels[rows], self.sample.weight[rows]
        return f"calibration error {calibration(labels, scored.oof[rows], weight).ece:.3f}"

    def network(self, scored: ScoredCandidate) -> Motif:
        logits = Affine(torch.as_tensor(expansion(self.n_classes)), torch.as_tensor(scored.offsets))
        return Precise(Chain([parallel(scored), logits, Softmax()], label="class probabilities"))

    def teacher(self, scored: ScoredCandidate) -> Callable[[Matrix], Matrix]:
        return Combined(
            scored, partial(_in_probabilities, E=expansion(self.n_classes), offsets=scored.offsets)
        )

    def outcome(self, scored: ScoredCandidate) -> tuple[Matrix, Matrix]:
        return np.eye(self.n_classes)[self.sample.labels], scored.oof

    def losses(self, scored: ScoredCandidate) -> Matrix:
        chosen = scored.oof[np.arange(self.sample.n), self.sample.labels]
        return np.asarray(
            np.where(predicted(scored.oof), -np.log(np.maximum(chosen, SMALLEST)), np.nan)
        )


def _in_units(scores: Matrix, mean: Matrix, sd: Matrix) -> Matrix:
    return np.asarray(scores * sd + mean)


def _in_probabilities(scores: Matrix, E: Matrix, offsets: Matrix) -> Matrix:
    return np.asarray(softmax(scores @ E.T + offsets, axis=1))


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
        """The mean loss of the best constant for each column."""
        r, w = self.response, self.sample.weight
        eta = np.array([loss.constant(y, w) for loss, y in zip(r.losses, r.y.T, strict=True)])
        return np.maximum(mean_loss(r, np.broadcast_to(eta, r.y.shape), w), 1e-300)

    def on(self, sample: Sample) -> LossGoal:
        return replace(self, sample=sample)

    def score(self, parts: list[Part]) -> ScoredCandidate:
        s = self.sample
        stack = fit_loss_stack([part.oof for part in parts], self.response, s.weight, s.folds)
        return ScoredCandidate(
            tuple(parts),
            stack.oof,
            self.error(stack.oof, predicted(stack.oof)),
            stack.weights,
            stack.offsets,
        )

    def error(self, oof: Matrix, rows: Mask) -> float:
        eta = np.where(rows[:, None], self._in_order(oof), np.nan)
        return float(
            (mean_loss(self.response, eta, self.sample.weight) / self.constant_loss).mean()
        )

    def remark(self, scored: ScoredCandidate) -> str:
        return ""

    def network(self, scored: ScoredCandidate) -> Motif:
        r = self.response
        units = Affine(
            torch.diag(torch.as_tensor(r.sd.copy())),
            torch.as_tensor(r.mean + r.sd * scored.offsets),
        )
        head: list[Motif] = [Exp()] if r.losses[0].log_link else [Sort()] if self._levels else []
        return Precise(
            Chain(
                [parallel(scored), units, *head],
                label="means" if r.losses[0].log_link else "quantiles",
            )
        )

    def teacher(self, scored: ScoredCandidate) -> Callable[[Matrix], Matrix]:
        r = self.response
        return Combined(
            scored,
            partial(
                _finished,
                mean=r.mean + r.sd * scored.offsets,
                sd=r.sd,
                log_link=r.losses[0].log_link,
                levels=self._levels,
            ),
        )

    def outcome(self, scored: ScoredCandidate) -> tuple[Matrix, Matrix]:
        eta = self._in_order(scored.oof)
        return self.response.y, np.exp(eta) if self.response.losses[0].log_link else eta

    def losses(self, scored: ScoredCandidate) -> Matrix:
        eta, r = self._in_order(scored.oof), self.response
        values = [loss.value(y, e) for loss, y, e in zip(r.losses, r.y.T, eta.T, strict=True)]
        return np.asarray((np.stack(values, axis=1) / self.constant_loss).mean(1))

    @property
    def _levels(self) -> bool:
        """Whether the columns are quantiles of one target, which must not cross."""
        levels = {loss.level for loss in self.response.losses if isinstance(loss, Pinball)}
        return len(levels) > 1

    def _in_order(self, eta: Matrix) -> Matrix:
        """Sorted quantiles: sorting never raises the pinball losses (Chernozhukov, Fernández-Val
        and Galichon 2010).
        """
        return np.sort(eta, axis=1) if self._levels else eta


def _finished(scores: Matrix, mean: Matrix, sd: Matrix, log_link: bool, levels: bool) -> Matrix:
    eta = scores * sd + mean
    return np.asarray(np.exp(eta) if log_link else np.sort(eta, axis=1) if levels else eta)


FOLDS = 4


@dataclass(frozen=True)
class Trial:
    """The rows as a mask with shape (n,), the goal on them, and the scores of the tried part at
    them.
    """

    rows: Mask
    goal: Goal
    scores: Matrix

    @classmethod
    def of(cls, goal: Goal, oof: Matrix, log: LogScale | None, seed: int) -> Trial:
        """The trial of a part by its predictions on its own scale, NaN outside the trial's rows."""
        rows = predicted(oof)
        score = goal.sample.rows(rows)
        score = replace(score, folds=inner_folds(score, FOLDS, seed))
        scores = oof[rows] if log is None else log.on(score, rows).scores(oof[rows])[1]
        return cls(rows, goal.on(score), scores)

    def error(self, parts: Sequence[Part], like: Part | None = None) -> float:
        """The error of parts; with `like`, any part as a template, that together with the tried
        part.
        """
        there = [replace(part, oof=part.oof[self.rows]) for part in parts]
        return self.goal.score(
            there if like is None else [*there, replace(like, oof=self.scores)]
        ).error
