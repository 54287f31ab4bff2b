"""Motif Mimicry on a table that is read block by block: time in proportion to its rows, memory that does not depend on them.

convex fit → transferred → linear → inner layers → extrapolation, all on the sample → last layer on many rows → trees on all, where they gain → stack

The plan is that of `fit` on the sample, with the rows that choose as its one held-out fold; two stages are a stream's own. Random subsampling chooses
the scales (Hayashi, Imaizumi & Yoshida 2020) and the inner layers; what is linear in the features is then solved on many more rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import torch

from motifnet.estimators._extrapolate import extrapolate
from motifnet.estimators._further_stages import add_base_model
from motifnet.estimators._goal import Judged
from motifnet.estimators._kernel_stages import FIRST_TRAINING, fit_convex, train_inner_layers
from motifnet.estimators._pipeline import Planned, carry_out, stack
from motifnet.estimators._presets import Preset
from motifnet.estimators._run import Run
from motifnet.estimators._stream_layer import MANY, StreamLayer, warped
from motifnet.estimators._stream_rows import Roles
from motifnet.estimators._stream_trees import WORTH, Values, grow_trees
from motifnet.kernels import leverage_landmarks
from motifnet.mimicry import transfer
from motifnet.motifs import Chain, Motif, evaluate
from motifnet.retrain import InnerSettings
from motifnet.structure import Part, numpy_of
from motifnet.tables import RowSource, SampleRows

LONGER, LARGER = 1.5, 2  # steps and batches beside those of the preset: rows are plenty, and one training takes the place of one a fold


@dataclass
class StreamRun:
    """A run on the sample and the rows that choose; the rows to fit, and how many landmarks there are. `values`: those of the kernel network."""

    run: Run
    rows: RowSource
    roles: Roles
    landmarks: int
    values: Values | None = None

    def go(self) -> Judged:
        """All stages."""
        run = self.run
        fit_convex(run)
        plan = [
            Planned("linear", partial(add_base_model, run, "linear", None)),
            Planned(FIRST_TRAINING, partial(train_inner_layers, run, stream_settings(run.preset), 0)),
            Planned("extrapolation", partial(extrapolate, run)),
            Planned("last layer", self._last_layer),
            Planned("trees", self._trees),
            Planned("stack", partial(stack, run)),
        ]
        carry_out(run, plan)
        assert run.course.best is not None
        return run.course.best

    def _last_layer(self) -> None:
        """The kernel network in place of all kernels so far, and its values at rows in single precision."""
        run, start = self.run, self.run.course.start("last layer")
        assert run.first is not None
        (inner,), folds = run.first.inner, run.sample.folds
        fitted, choose = (run.sample.rows(rows) for rows in (folds.train(0), folds.held_out(0)))
        front = None if run.front is None else run.front.by_fold[0]  # behind which the layers were trained
        Z = warped(inner, front, fitted.X)
        chosen = leverage_landmarks(inner.gram, Z, self.landmarks, inner.ridge, run.seed)
        layer = StreamLayer(inner, Z[chosen], choose, self.roles.of_layer(len(chosen)), run.n_jobs, front)
        by_passes = partial(layer.by_passes, sample=SampleRows(fitted), batch=stream_settings(run.preset).batch)
        model, note = layer.by_sums(self.rows) if len(chosen) <= MANY else by_passes(self.rows)
        network: Motif = transfer(model) if front is None else Chain([front, transfer(model)])
        oof = folds.joined([evaluate(network, torch.as_tensor(choose.X)).numpy()])
        self.values = partial(layer.values, model)
        run.kernels = [Part("kernel network", oof, network, model.predict if front is None else partial(numpy_of, network))]
        run.settle("last layer", start, f"{len(chosen):,} landmarks, {note}", run.goal.judge(run.kernels))

    def _trees(self) -> None:
        """Trees of few rows, and of all where these gain."""
        run, start = self.run, self.run.course.start("trees")
        (kernel,), values = run.kernels, self.values
        assert values is not None
        grow = partial(grow_trees, self.rows, sample=run.sample, kernel=kernel, values=values, seed=run.seed, n_jobs=run.n_jobs)
        trial, end, note = self.roles.of_trial, self.roles.trees, ""
        grown = grow(end=trial)
        if self.rows.count(end) > self.rows.count(trial):
            gain = 1 - run.goal.judge(grown.kernels).error / run.goal.judge([kernel]).error
            if gain >= WORTH:
                grown = grow(end=end)
            else:
                note = f"; not grown on all rows, as these take {max(0.0, gain):.2%} off the error"
        run.kernels = grown.kernels
        run.settle("trees", start, f"{grown.trees} trees, {grown.rows:,} rows{note}", run.goal.judge(run.kernels))


def stream_settings(preset: Preset) -> InnerSettings:
    """The first training without a trunk, on larger batches: one round of it, longer, which gives nearly all for a quarter of the time."""
    first = next(settings for settings in preset.of_single if not settings.depth)
    larger = replace(first, steps=round(LONGER * first.steps), batch=LARGER * first.batch, rounds=1, log_loss=False)
    return replace(larger, capacity=preset.convex.capacity, ridge_factors=(1.0,))  # its own output layer is not the last one
