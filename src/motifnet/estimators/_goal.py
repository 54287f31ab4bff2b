"""What differs between regression and classification: how parts are judged, combined and finished into one network.

A *part* is a transferred model with its out-of-fold scores. Judging parts gives the error of using them together on rows that the choice
has not seen: in units of sd(y) for regression, the log loss for classification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from motifnet.motifs import Affine, Chain, Motif, Parallel, Precise, Softmax
from motifnet.stacking import SMALLEST, calibration, expansion, fit_logistic_stack, fit_nnls_stack, log_loss, mean_squared, predicted
from motifnet.structure import Extrapolation, Part
from motifnet.tables import Matrix, Sample


@dataclass(frozen=True)
class Judged:
    """Parts used together: out-of-fold predictions, their error, the weights with shape (T, q), and the offsets of the last layer."""

    parts: tuple[Part, ...]
    oof: Matrix
    error: float
    weights: Matrix
    offsets: Matrix

    @property
    def used(self) -> list[tuple[str, float]]:
        """Name and mean weight of each part."""
        return [(part.name, float(weight.mean())) for part, weight in zip(self.parts, self.weights, strict=True)]


Mask = NDArray[np.bool_]


class Goal(Protocol):
    """Judge parts, and finish them into the network of the whole model and the same function in numpy."""

    @property
    def sample(self) -> Sample:
        """The rows that judge."""
        ...

    @property
    def scale(self) -> Matrix:
        """The unit of each output: sd of a target, 1 for a probability."""
        ...

    def on(self, sample: Sample) -> Goal:
        """The same judged by other rows."""
        ...

    def judge(self, parts: list[Part]) -> Judged: ...

    def error(self, oof: Matrix, rows: Mask) -> float: ...

    def remark(self, judged: Judged) -> str:
        """What the ledger says beside the error; may be empty."""
        ...

    def network(self, judged: Judged) -> Motif: ...

    def teacher(self, judged: Judged) -> Callable[[Matrix], Matrix]: ...

    def outcome(self, judged: Judged) -> tuple[Matrix, Matrix]:
        """What was observed and its out-of-fold predictions, in the units of `network`."""
        ...

    def losses(self, judged: Judged) -> Matrix:
        """The out-of-fold loss of each row with shape (n,), NaN where it has none; the error is their weighted mean, for squared error its root."""
        ...


def parallel(judged: Judged) -> Motif:
    """Σ_t v_t f_t(x), parts of weight zero left out: the theory's parallel network."""
    kept = [(w, part.network) for w, part in zip(judged.weights, judged.parts, strict=True) if w.any()]
    if not kept:
        kept = [(judged.weights[0], judged.parts[0].network)]
    if len(kept) == 1 and (kept[0][0] == 1).all() and judged.parts[0].oof.shape[1] == judged.weights.shape[1]:
        return kept[0][1]
    return Parallel(torch.as_tensor(np.stack([w for w, _ in kept])), [network for _, network in kept])


@dataclass(frozen=True)
class Combined:
    """The whole model in numpy, apart from the network: Σ_t v_t f_t(x), with lines beyond the rows of the fit, then the last layer."""

    judged: Judged
    finish: Callable[[Matrix], Matrix]
    beyond: Extrapolation | None = None

    def __call__(self, X: Matrix) -> Matrix:
        """Values in target units with shape (n, q), or probabilities with shape (n, K)."""
        inside = X if self.beyond is None else self.beyond.inside(X)
        terms = [w * part.predict(inside) for w, part in zip(self.judged.weights, self.judged.parts, strict=True) if w.any()]
        scores = np.asarray(sum(terms)) if terms else np.zeros((len(X), self.judged.weights.shape[1]))
        return self.finish(scores if self.beyond is None else scores + self.beyond.lines(X))


@dataclass(frozen=True)
class RegressionGoal:
    """Targets standardised by mean and sd, each with shape (q,); what the network does beyond the rows of the fit, None where it levels off."""

    sample: Sample
    mean: Matrix
    sd: Matrix
    beyond: Extrapolation | None = None

    @property
    def scale(self) -> Matrix:
        return self.sd

    def on(self, sample: Sample) -> RegressionGoal:
        return replace(self, sample=sample)

    def judge(self, parts: list[Part]) -> Judged:
        s = self.sample
        if len(parts) == 1:
            weights, oof = np.ones((1, s.y.shape[1])), parts[0].oof
        else:
            stack = fit_nnls_stack([part.oof for part in parts], s.y, s.weight, s.folds)
            weights, oof = stack.weights, stack.oof
        return Judged(tuple(parts), oof, self.error(oof, predicted(oof)), weights, self.mean)

    def error(self, oof: Matrix, rows: Mask) -> float:
        return float(np.sqrt(mean_squared(self.sample.y[rows], oof[rows], self.sample.weight[rows])))

    def remark(self, judged: Judged) -> str:
        return ""

    def network(self, judged: Judged) -> Motif:
        units = Affine(torch.diag(torch.as_tensor(self.sd)), torch.as_tensor(self.mean))
        network = parallel(judged) if self.beyond is None else self.beyond.around(parallel(judged))
        return Precise(Chain([network, units], label="target units"))

    def teacher(self, judged: Judged) -> Callable[[Matrix], Matrix]:
        return Combined(judged, partial(_in_units, mean=self.mean, sd=self.sd), self.beyond)

    def outcome(self, judged: Judged) -> tuple[Matrix, Matrix]:
        return _in_units(self.sample.y, self.mean, self.sd), _in_units(judged.oof, self.mean, self.sd)

    def losses(self, judged: Judged) -> Matrix:
        return np.asarray(((self.sample.y - judged.oof) ** 2).mean(1))


@dataclass(frozen=True)
class ClassificationGoal:
    """Class codes in the sample; probabilities come from a convex last layer on out-of-fold scores."""

    sample: Sample
    n_classes: int

    @property
    def scale(self) -> Matrix:
        return np.ones(self.n_classes)

    def on(self, sample: Sample) -> ClassificationGoal:
        return replace(self, sample=sample)

    def judge(self, parts: list[Part]) -> Judged:
        s = self.sample
        assert s.labels is not None
        stack = fit_logistic_stack([part.oof for part in parts], s.labels, self.n_classes, s.weight, s.folds)
        q = parts[0].oof.shape[1]
        error = self.error(stack.oof, predicted(stack.oof))
        return Judged(tuple(parts), stack.oof, error, np.repeat(stack.weights[:, None], q, 1), stack.offsets)

    def error(self, oof: Matrix, rows: Mask) -> float:
        assert self.sample.labels is not None
        return log_loss(self.sample.labels[rows], oof[rows], self.sample.weight[rows])

    def remark(self, judged: Judged) -> str:
        assert self.sample.labels is not None
        rows = predicted(judged.oof)
        return f"calibration error {calibration(self.sample.labels[rows], judged.oof[rows], self.sample.weight[rows]).ece:.3f}"

    def network(self, judged: Judged) -> Motif:
        logits = Affine(torch.as_tensor(expansion(self.n_classes)), torch.as_tensor(judged.offsets))
        return Precise(Chain([parallel(judged), logits, Softmax()], label="class probabilities"))

    def teacher(self, judged: Judged) -> Callable[[Matrix], Matrix]:
        return Combined(judged, partial(_in_probabilities, E=expansion(self.n_classes), offsets=judged.offsets))

    def outcome(self, judged: Judged) -> tuple[Matrix, Matrix]:
        return np.eye(self.n_classes)[self.sample.labels], judged.oof

    def losses(self, judged: Judged) -> Matrix:
        chosen = judged.oof[np.arange(self.sample.n), self.sample.labels]
        return np.asarray(np.where(predicted(judged.oof), -np.log(np.maximum(chosen, SMALLEST)), np.nan))


def _in_units(scores: Matrix, mean: Matrix, sd: Matrix) -> Matrix:
    return np.asarray(scores * sd + mean)


def _in_probabilities(scores: Matrix, E: Matrix, offsets: Matrix) -> Matrix:
    return np.asarray(softmax(scores @ E.T + offsets, axis=1))
