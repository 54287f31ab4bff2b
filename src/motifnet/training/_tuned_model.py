"""Trained kernel networks: their models, their output layers in closed form, and their transfer.

The transfer of a trained model is the chain

    hinges → residual trunk → linear map → distances → profiles → affine

Several models stand in parallel with equal weights.

The number of networks in parallel, from how much the trained networks of the folds differ.

The mean of M networks of one kind has the error (Krogh and Vedelsby 1995)

    E_M = E (f − y)² − s² (1 − 1/M),     s² = E Var f(x), the disagreement, which needs no target

M is the smallest number with E_M ≤ (1 + worth)² E_K, where K networks are available. Out-of-fold
predictions do not give E_M, since each of them is of one network. Both terms are of rows of the
last fold, by output layers of its own training rows. The error is that of the one network whose
feature layers have not seen the fold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from motifnet.engine import Control, Matrix, parallel_map
from motifnet.kernels import CAPACITY, Capacity, affordable, fit_with_held_out
from motifnet.motifs import Affine, Chain, Hinge, Motif, Parallel, ReLU, Residual
from motifnet.tables import Sample, drawn
from motifnet.teachers import fold_partition
from motifnet.training._feature_layers import Block, FeatureLayers
from motifnet.transfer import kernel_network, transfer

TIME_SHARE = 0.5  # of the time that is left for a fold
T = TypeVar("T")


@dataclass(frozen=True)
class TunedModel:
    """One trained kernel network: feature layers, centres (m, d) in the warped space, dual (m, q),
    intercept (q,).
    """

    inner: FeatureLayers
    centres: Matrix
    dual: Matrix
    intercept: Matrix
    ridge: float

    def predict(self, X: Matrix) -> Matrix:
        """Predictions with shape (m, q) in numpy. They do not use the network that is computed from
        this model.
        """
        return np.asarray(
            self.inner.gram_numpy(self.inner.warp_numpy(X), self.centres) @ self.dual
            + self.intercept
        )


@dataclass(frozen=True)
class CrossTuned:
    """Out-of-fold predictions with shape (n, q), the feature layers of the folds, and the models.

    models: one of all rows, or one a fold; rounds: those of a training; log_loss: whether training
    was under the log loss.
    """

    oof: Matrix
    inner: tuple[FeatureLayers, ...]
    models: tuple[TunedModel, ...]
    rounds: int = 1
    log_loss: bool = False

    def predict(self, X: Matrix) -> Matrix:
        """The average of the models, with shape (m, q)."""
        return np.asarray(sum(model.predict(X) for model in self.models) / len(self.models))


def solve_outputs(
    sample: Sample,
    inner: FeatureLayers,
    ridges: Sequence[float],
    capacity: Capacity,
    seed: int,
    control: Control,
    *,
    k: int | None = None,
    waiting: int = 1,
) -> tuple[TunedModel, Matrix]:
    """The output layer in closed form, of all rows or in the encoding of fold k, with predictions
    of fold k. `waiting` solutions share the time.
    """
    Z = inner.warp(torch.as_tensor(sample.X if k is None else sample.view(k)))
    y = torch.as_tensor(sample.y)
    w = torch.as_tensor(sample.weight)
    codes, part = sample.codes(k), None if k is None else fold_partition(sample, k)
    capacity = capacity.of_distinct(sample.n, int(codes.max()) + 1)
    fits = 1 if part is None else len(ridges) * len(part.inner) + 2
    capacity = affordable(capacity, inner.gram, Z, control, fits=fits, share=TIME_SHARE / waiting)
    s = fit_with_held_out(
        control.guarded(inner.gram),
        Z,
        y,
        w,
        part,
        ridges,
        seed=seed,
        capacity=capacity,
        codes=torch.as_tensor(codes),
    )
    return TunedModel(
        inner, Z[s.centres].numpy(), s.dual.numpy(), s.intercept.numpy(), s.ridge
    ), s.held_out.numpy()


def solve_whole(
    sample: Sample,
    inner: FeatureLayers,
    capacity: Capacity,
    seed: int = 0,
    control: Control | None = None,
) -> TunedModel:
    """The output layer of all rows in closed form, with the λ of the feature layers."""
    return solve_outputs(sample, inner, [inner.ridge], capacity, seed, control or Control())[0]


def fold_model(sample: Sample, fitted: CrossTuned, k: int) -> TunedModel:
    """The model of fold k with its output layer solved on the fold's training rows only. It uses no
    target of fold k.
    """
    rows = sample.folds.train(k)
    return solve_whole(sample.rows(rows, k), fitted.inner[k], CAPACITY)


def refit_outputs(
    sample: Sample,
    fitted: CrossTuned,
    refit: Callable[[int, bool], tuple[Matrix, T, TunedModel | None]],
    whole: Callable[[list[T]], TunedModel],
    n_jobs: int,
) -> CrossTuned:
    """The models with other output layers.

    refit(k, copy): predictions of the rows of fold k, the settings that its training rows choose,
    and the model of all rows where it is one of the copies; whole: the one model of all rows, by
    the settings of all folds, where there are no copies. The model of a single fold in the encoding
    of all rows is a copy.
    """
    single = sample.folds.count == 1 and sample.views is None
    copies = len(fitted.models) if len(fitted.models) > 1 or single else 0
    results = parallel_map(lambda k: refit(k, k < copies), range(sample.folds.count), n_jobs)
    models = tuple(model for _, _, model in results if model is not None)
    if not models:
        models = (whole([settings for _, settings, _ in results]),)
    return CrossTuned(
        sample.folds.joined([held_out for held_out, _, _ in results]), fitted.inner, models
    )


@transfer.register
def _tuned(model: TunedModel) -> Motif:
    inner = model.inner
    R = None if inner.map is None else np.eye(len(inner.map)) + inner.map
    layers = [
        Hinge(torch.as_tensor(inner.knots), torch.as_tensor(inner.slopes)),
        *map(_residual, inner.trunk),
    ]
    return kernel_network(
        inner.kernel, model.centres, model.dual, model.intercept, layers, R, label="trained kernel"
    )


def _residual(block: Block) -> Motif:
    W1, b, W2 = (torch.as_tensor(part) for part in (block.inward, block.bias, block.outward))
    return Residual(
        Chain(
            [
                Affine(W1.T.contiguous(), b),
                ReLU(),
                Affine(W2.T.contiguous(), torch.zeros(len(W2.T), dtype=W2.dtype)),
            ]
        )
    )


@transfer.register
def _cross_tuned(fitted: CrossTuned) -> Motif:
    count = len(fitted.models)
    return Parallel(
        torch.full((count,), 1 / count, dtype=torch.float64),
        [transfer(model) for model in fitted.models],
    )


WORTH = 0.01  # of the error: a smaller gain is not worth further networks
FIT_ROWS, COMPARED_ROWS = 600, 300


@dataclass(frozen=True)
class Blocks:
    """The number of networks that theory predicts, the number taken, and their disagreement as a
    share of the squared error of one.
    """

    predicted: int
    taken: int
    share: float

    @property
    def sentence(self) -> str:
        return (
            f"{self.predicted} in parallel predicted by a disagreement of {self.share:.1%} of the "
            f"squared error, {self.taken} taken"
        )


def predicted_blocks(
    sample: Sample, inner: Sequence[FeatureLayers], seed: int, most: int
) -> Blocks:
    """The number of networks by the trained layers of all folds. At most `most` are taken."""
    last, rng = sample.folds.count - 1, np.random.default_rng([seed, 31])
    train, new = (
        drawn(rows, size, rng)
        for rows, size in (
            (sample.folds.train(last), FIT_ROWS),
            (sample.folds.held_out(last), COMPARED_ROWS),
        )
    )
    if len(inner) < 2 or train.sum() < 2 or not new.any():
        return Blocks(1, 1, 0.0)
    part, X = sample.rows(train, last), sample.view(last)[new]
    values = np.stack([solve_whole(part, one, CAPACITY).predict(X) for one in inner])
    of_row = sample.weight[new]
    error = float(np.average((values[last] - sample.y[new]) ** 2, axis=0, weights=of_row).mean())
    disagreement = float(np.average(values.var(0, ddof=1), axis=0, weights=of_row).mean())
    predicted = least_count(disagreement, error, len(inner))
    return Blocks(predicted, min(predicted, most), disagreement / max(error, 1e-300))


def least_count(disagreement: float, error: float, most: int) -> int:
    """The smallest M with E_M ≤ (1 + worth)² E_K for K = `most`."""
    errors = [error - disagreement * (1 - 1 / m) for m in range(1, most + 1)]
    return next(
        m for m, of_m in enumerate(errors, 1) if m == most or of_m <= (1 + WORTH) ** 2 * errors[-1]
    )
