"""Motif Mimicry on a table that is read block by block: time in proportion to its rows, memory that
does not depend on them.

    convex fit → transfer → linear → feature layers → extrapolation   on the sample
    → last layer                                                      on many rows
    → trees                                                           on all, where they gain
    → stack

The plan is that of `fit` on the sample, with the validation rows as its one held-out fold. Last
layer and trees are stages of a stream only. Random subsampling chooses the scales (Hayashi,
Imaizumi & Yoshida 2020) and the feature layers. The part that is linear in the features is then
solved on many more rows.

**Last layer.** It is solved by sums, and beyond `MAX_LANDMARKS` landmarks by iterations of
conjugate gradients, each a pass over the rows. Iterations need λ before they start. The training
chose λ₀ on batches of n₀ rows. The best λ grows with the number of rows N at a rate between N⁰ and
N¹, which depends on the smoothness of the function (Caponnetto & De Vito 2007). So λ₀
(N/n₀)^{0, ½, 1} are solved in the same passes, and the validation rows choose among them.

**Trees** are added to the kernel network k:

    numbers   k(x) + c r(x), r grown on y − k(x)
    classes   trees of the classes, whose logits join those of k

c ≥ 0 is the factor with the least squared error on the validation rows. It corrects for the limited
number of small steps, and for rows that k was fitted to, whose residuals are smaller than those of
other rows. Trees are grown on few rows first. They are grown on all rows only where those take a
share `TREES_WORTH` off the error of the network. On a function that the network represents they
would cost the time of all other stages, and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Matrix, ordered_map, ordered_sum
from motifnet.kernels import AllRows, leverage_landmarks
from motifnet.motifs import Chain, Motif, Parallel, evaluate
from motifnet.pipeline._goal import ScoredCandidate
from motifnet.pipeline._pipeline import Planned, carry_out
from motifnet.pipeline._presets import Preset
from motifnet.pipeline._run import Run
from motifnet.pipeline._stages import (
    FIRST_TRAINING,
    add_base_model,
    fit_convex,
    learn_feature_layers,
    stack,
)
from motifnet.pipeline._stream_rows import Roles
from motifnet.pipeline._structure_stages import extrapolate
from motifnet.structure import Part, numpy_of
from motifnet.tables import CodedRows, RowSource, Sample, SampleRows
from motifnet.teachers import BoostedTrees, FittedTrees
from motifnet.training import FeatureLayers, FeatureSettings, TunedModel
from motifnet.transfer import transfer

MAX_LANDMARKS = 12_000  # for sums; eleven passes then take about the same time (docs/million.md)
TREES_WORTH, RATE = 0.003, 0.1
# steps and batches in units of the preset's: rows are
# plenty, and one training replaces one for each fold
LONGER, LARGER = 1.5, 2
Values = Callable[[Matrix], Matrix]
Terms = Callable[[Tensor, Matrix], tuple[Matrix, ...]]


@dataclass(frozen=True)
class StreamLayer:
    """The trained feature layers, centres (m, d) among the warped rows, the validation rows, the
    draw up to which rows are fitted, and the input layer of a wide table.
    """

    inner: FeatureLayers
    centres: Tensor
    validation: Sample
    end: float
    n_jobs: int
    input_layer: Motif | None = None

    def by_sums(self, rows: RowSource) -> tuple[TunedModel, str]:
        """The model and a note for the ledger, by one pass; O(m²) memory a job."""
        S, s, count = self._sum(rows, self._layer.terms)
        ridge, gamma = self._layer.choose(S, s, self._warped(self.validation.X), self.validation.y)
        return self._model(ridge, gamma), f"ridge {ridge:.2g}, {int(count):,} rows"

    def by_iterations(
        self, rows: RowSource, sample: RowSource, batch: int
    ) -> tuple[TunedModel, str]:
        """The same by a dozen passes, with the sums of a sample as the preconditioner; λ₀ is that
        of a batch of rows.
        """
        S, _, sampled = self._sum(sample, self._layer.terms)
        s, count = self._sum(rows, partial(_right, self._layer))
        S *= count / sampled
        more = float(count) / batch
        ridges = tuple(self.inner.ridge * more**power for power in (0.0, 0.5, 1.0))

        def product(V: Matrix) -> Matrix:
            return self._sum(rows, partial(_product, self._layer, V))[0]

        ridge, gamma, n_iterations = self._layer.choose_by_iterations(
            S, s, product, ridges, self._warped(self.validation.X), self.validation.y
        )
        note = f"ridge {ridge:.2g}, {int(count):,} rows, {n_iterations} passes"
        return self._model(ridge, gamma), note

    def values(self, model: TunedModel, X: Matrix) -> Matrix:
        """Values of a model with these centres at rows X with shape (n, d), from features in single
        precision.
        """
        return self._layer.features(self._warped(X)) @ np.vstack([model.dual, model.intercept])

    @property
    def _layer(self) -> AllRows:
        return AllRows(self.inner.gram, self.centres, self.inner.gram_single)

    def _warped(self, X: Matrix) -> Tensor:
        return warped(self.inner, self.input_layer, X)

    def _sum(self, rows: RowSource, terms: Terms) -> tuple[Matrix, ...]:
        """The sums of `terms` over all pieces, and the number of rows."""
        return ordered_sum(
            rows.pieces(self.end),
            partial(_coded, rows.code, partial(warped, self.inner, self.input_layer), terms),
            self.n_jobs,
        )

    def _model(self, ridge: float, gamma: Matrix) -> TunedModel:
        return TunedModel(self.inner, self.centres.numpy(), gamma[:-1], gamma[-1], ridge)


def warped(inner: FeatureLayers, input_layer: Motif | None, X: Matrix) -> Tensor:
    """Rows in the space of the centres, with shape (n, d)."""
    return inner.warp_rows(X if input_layer is None else numpy_of(input_layer, X))


def _coded(
    code: Callable[[Any], CodedRows], warp: Callable[[Matrix], Tensor], terms: Terms, piece: Any
) -> tuple[Matrix, ...]:
    """The terms of a piece of rows, and its number of rows."""
    X, y, _ = code(piece)
    return (*terms(warp(X), y), np.array(float(len(X))))


def _right(layer: AllRows, Z: Tensor, y: Matrix) -> tuple[Matrix]:
    return (layer.features(Z).T @ y,)


def _product(layer: AllRows, V: Matrix, Z: Tensor, y: Matrix) -> tuple[Matrix]:
    return (layer.product(Z, V),)


@dataclass(frozen=True)
class Grown:
    """The parts that replace the network: its sum with the trees, or for classes both; the number
    of trees, and of their rows.
    """

    kernels: list[Part]
    trees: int
    rows: int


def grow_trees(
    rows: RowSource,
    end: float,
    sample: Sample,
    kernel: Part,
    values: Values,
    seed: int,
    n_jobs: int,
) -> Grown:
    """Grow trees on the rows whose draws are below `end`, in the number that is best for the scored
    rows of a sample. `values`: the network at rows.
    """
    classes, held_out = sample.labels is not None, sample.folds.held_out(0)
    validation = sample.rows(held_out)
    gathered = _gathered(rows, end, None if classes else values, validation, seed, n_jobs)
    score = validation if classes else replace(validation, y=validation.y - kernel.oof[held_out])
    fitted = BoostedTrees(learning_rate=RATE).fit_scored(gathered, score, seed=seed)
    if not classes:
        fitted = _scaled(fitted, score)
    trees = Part("trees", sample.folds.joined([fitted.oof]), transfer(fitted), fitted.predict)
    kernels = [kernel, trees] if classes else [_sum(kernel, trees)]
    return Grown(kernels, sum(len(forest.roots) for forest in fitted.forests), gathered.n)


def _sum(kernel: Part, trees: Part) -> Part:
    network = Parallel(
        torch.ones(2, kernel.oof.shape[1], dtype=torch.float64), [kernel.network, trees.network]
    )
    return Part(
        f"{kernel.name} and trees",
        kernel.oof + trees.oof,
        network,
        lambda X: np.asarray(kernel.predict(X) + trees.predict(X)),
    )


def _gathered(
    rows: RowSource, end: float, values: Values | None, validation: Sample, seed: int, n_jobs: int
) -> Sample:
    """The rows as one sample in single precision, filled block by block."""
    count, classes = rows.count(end), validation.labels is not None
    # trees need no more digits
    X: Matrix = np.empty((count, validation.X.shape[1]), dtype=np.float32)
    y, labels = np.empty((count, validation.y.shape[1])), np.empty(count, dtype=np.int64)
    filled = 0
    for part in ordered_map(partial(_residuals, rows, values), rows.pieces(end), n_jobs):
        there = slice(filled, filled := filled + len(part[0]))
        X[there], y[there] = part[0], part[1]
        if part[2] is not None:
            labels[there] = part[2]
    return replace(
        Sample.plain(X[:filled], y[:filled], folds=2, seed=seed),
        labels=labels[:filled] if classes else None,
    )


def _residuals(rows: RowSource, values: Values | None, piece: Any) -> CodedRows:
    """A piece coded, with the residuals of the network in place of y."""
    X, y, labels = rows.code(piece)
    return X.astype(np.float32), y if values is None else y - values(X), labels


def _scaled(fitted: FittedTrees, score: Sample) -> FittedTrees:
    """The forests times c, one factor for each output."""
    squares = (fitted.oof**2).sum(0)
    c = np.divide(
        np.maximum((fitted.oof * score.y).sum(0), 0),
        squares,
        out=np.zeros_like(squares),
        where=squares > 0,
    )
    return FittedTrees(
        fitted.oof * c,
        tuple(
            forest.scaled(float(factor)) for forest, factor in zip(fitted.forests, c, strict=True)
        ),
    )


@dataclass
class StreamRun:
    """A run on the sample and the validation rows; the rows to fit, and the number of landmarks.
    `values`: the kernel network at rows.
    """

    run: Run
    rows: RowSource
    roles: Roles
    landmarks: int
    values: Values | None = None

    def go(self) -> ScoredCandidate:
        """Run all stages."""
        run = self.run
        fit_convex(run)
        plan = [
            Planned("linear", partial(add_base_model, run, "linear", None)),
            Planned(
                FIRST_TRAINING, partial(learn_feature_layers, run, stream_settings(run.preset), 0)
            ),
            Planned("extrapolation", partial(extrapolate, run)),
            Planned("last layer", self._last_layer),
            Planned("trees", self._trees),
            Planned("stack", partial(stack, run)),
        ]
        carry_out(run, plan)
        assert run.history.best is not None
        return run.history.best

    def _last_layer(self) -> None:
        """Solve the last layer on many rows. Its network replaces all kernels; `values` are in
        single precision.
        """
        run, start = self.run, self.run.history.start("last layer")
        assert run.first is not None
        (inner,), folds = run.first.inner, run.sample.folds
        fitted, validation = (run.sample.rows(rows) for rows in (folds.train(0), folds.held_out(0)))
        input_layer = None if run.input_layer is None else run.input_layer.by_fold[0]
        Z = warped(inner, input_layer, fitted.X)
        chosen = leverage_landmarks(inner.gram, Z, self.landmarks, inner.ridge, run.seed)
        layer = StreamLayer(
            inner, Z[chosen], validation, self.roles.of_layer(len(chosen)), run.n_jobs, input_layer
        )
        by_iterations = partial(
            layer.by_iterations, sample=SampleRows(fitted), batch=stream_settings(run.preset).batch
        )
        model, note = (
            layer.by_sums(self.rows) if len(chosen) <= MAX_LANDMARKS else by_iterations(self.rows)
        )
        network: Motif = (
            transfer(model) if input_layer is None else Chain([input_layer, transfer(model)])
        )
        oof = folds.joined([evaluate(network, torch.as_tensor(validation.X)).numpy()])
        self.values = partial(layer.values, model)
        run.kernels = [
            Part(
                "kernel network",
                oof,
                network,
                model.predict if input_layer is None else partial(numpy_of, network),
            )
        ]
        run.record(
            "last layer", start, f"{len(chosen):,} landmarks, {note}", run.goal.score(run.kernels)
        )

    def _trees(self) -> None:
        """Grow trees on few rows, and on all where these gain."""
        run, start = self.run, self.run.history.start("trees")
        (kernel,), values = run.kernels, self.values
        assert values is not None
        grow = partial(
            grow_trees,
            self.rows,
            sample=run.sample,
            kernel=kernel,
            values=values,
            seed=run.seed,
            n_jobs=run.n_jobs,
        )
        trial, end, note = self.roles.of_trial, self.roles.trees, ""
        grown = grow(end=trial)
        if self.rows.count(end) > self.rows.count(trial):
            gain = 1 - run.goal.score(grown.kernels).error / run.goal.score([kernel]).error
            if gain >= TREES_WORTH:
                grown = grow(end=end)
            else:
                note = f"; not grown on all rows, as these take {max(0.0, gain):.2%} off the error"
        run.kernels = grown.kernels
        run.record(
            "trees",
            start,
            f"{grown.trees} trees, {grown.rows:,} rows{note}",
            run.goal.score(run.kernels),
        )


def stream_settings(preset: Preset) -> FeatureSettings:
    """The first training without residual blocks: one longer round on larger batches, which gains
    nearly the same in a quarter of the time.
    """
    first = next(settings for settings in preset.of_single if not settings.depth)
    larger = replace(
        first,
        steps=round(LONGER * first.steps),
        batch=LARGER * first.batch,
        rounds=1,
        log_loss=False,
    )
    # its own output layer is not the last one
    return replace(larger, capacity=preset.convex.capacity, ridge_factors=(1.0,))
