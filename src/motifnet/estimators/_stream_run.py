"""Motif Mimicry on a table that is read block by block: time in proportion to its rows, memory that does not depend on them.

convex fit on few rows → transferred → inner layers on the sample → last layer on many rows → trees on all, where they gain → stack → score

Random subsampling chooses the scales (the convex fit; Hayashi, Imaizumi & Yoshida 2020) and the inner layers; what is linear in the features is then
solved on many more. Every stage is judged on rows that choose, the finished model on rows that no stage has seen.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from motifnet.engine import LedgerRow, parallel_map
from motifnet.estimators._course import Course
from motifnet.estimators._goal import Judged
from motifnet.estimators._presets import Preset
from motifnet.estimators._stream_layer import MANY, StreamLayer
from motifnet.estimators._stream_rows import Roles
from motifnet.estimators._stream_trees import WORTH, Values, grow_trees, together, weigh
from motifnet.kernels import AllRows, leverage_landmarks
from motifnet.mimicry import transfer
from motifnet.motifs import count_parameters, evaluate
from motifnet.retrain import InnerSettings, TunedModel, starts_of, train_inner
from motifnet.structure import Part
from motifnet.tables import RowSource, Sample, SampleRows
from motifnet.teachers import FittedKernel

CONVEX_ROWS = 2_000
LONGER, LARGER = 1.5, 2  # steps and batches beside those of the preset: rows are plenty, and one training takes the place of one a fold


@dataclass
class StreamRun:
    """One run: the sample, the rows to fit, the rows that choose, and how much is tried."""

    sample: Sample
    rows: RowSource
    roles: Roles
    choose: Sample
    preset: Preset
    landmarks: int
    seed: int
    n_jobs: int
    course: Course

    def go(self) -> Judged:
        """All stages."""
        convex = self._convex()
        kernel, values = self._last_layer(self._inner_layers(convex))
        trees = self._trees(kernel, values)
        start = self.course.start("stack")
        judged = weigh(self.course.goal, kernel, trees)
        self.course.settle("stack", start, judged, " + ".join(f"{weight:.2f} {name}" for name, weight in judged.used if weight > 0))
        assert self.course.best is not None
        return self.course.best

    def _convex(self) -> FittedKernel:
        start = self.course.start("convex fit")
        sample = self.sample
        few = np.zeros(sample.n, dtype=bool)
        few[np.random.default_rng([self.seed, 3]).permutation(sample.n)[:CONVEX_ROWS]] = True
        fitted = self.preset.convex.fit(sample.rows(few), seed=self.seed, n_jobs=self.n_jobs)
        part = self._part("kernel ridge", fitted)
        judged = self.course.goal.judge([part])
        size = fitted.dual.size + fitted.centres.size
        self.course.enter(LedgerRow("convex fit", time.monotonic() - start, judged.error, size, True, f"kernel ridge on {few.sum():,} rows"))
        self.course.settle("transferred", self.course.start("transferred"), judged, "network by calculation")
        return fitted

    def _inner_layers(self, convex: FittedKernel) -> TunedModel:
        start = self.course.start("inner layers")
        sample, settings = self.sample, stream_settings(self.preset)
        (inner,) = parallel_map(
            partial(train_inner, sample, starts_of(convex, settings.profiles)[-1], settings), [[self.seed, 1]]
        )  # a job, so that a checkpoint keeps it
        some = np.sort(np.random.default_rng([self.seed, 4]).permutation(sample.n)[:CONVEX_ROWS])
        Z, y = inner.warp(torch.as_tensor(sample.X[some])), sample.y[some]
        layer = AllRows(inner.gram, Z, inner.gram_single)
        ridge, gamma = layer.choose(*layer.terms(Z, y), inner.warp(torch.as_tensor(self.choose.X)), self.choose.y)
        model = TunedModel(inner, Z.numpy(), gamma[:-1], gamma[-1], ridge)
        judged = self.course.goal.judge([self._part("trained kernel", model)])
        self.course.settle("inner layers", start, judged, f"{settings.steps} steps on batches of {settings.batch} of {sample.n:,} rows")
        return model

    def _last_layer(self, trained: TunedModel) -> tuple[Part, Values]:
        """The kernel network, and its values at rows in single precision."""
        start, inner = self.course.start("last layer"), trained.inner
        Z = inner.warp(torch.as_tensor(self.sample.X))
        chosen = leverage_landmarks(inner.gram, Z, self.landmarks, inner.ridge, self.seed)
        layer = StreamLayer(trained, Z[chosen], self.choose, self.roles.of_layer(len(chosen)), self.n_jobs)
        model, note = layer.by_sums(self.rows) if len(chosen) <= MANY else layer.by_passes(self.rows, SampleRows(self.sample))
        part = self._part("kernel network", model)
        self.course.settle("last layer", start, self.course.goal.judge([part]), f"{len(chosen):,} landmarks, {note}")
        return part, partial(layer.values, model)

    def _trees(self, kernel: Part, values: Values) -> Part:
        start, goal = self.course.start("trees"), self.course.goal
        grow = partial(grow_trees, choose=self.choose, kernel=kernel, values=values, seed=self.seed, n_jobs=self.n_jobs)
        trial, end, note = self.roles.of_trial, self.roles.trees, ""
        grown = grow(self.rows, trial)
        if self.rows.count(end) > self.rows.count(trial):
            gain = 1 - weigh(goal, kernel, grown.part).error / goal.judge([kernel]).error
            if gain >= WORTH:
                grown = grow(self.rows, end)
            else:
                note = f"; not grown on all rows, as these take {max(0.0, gain):.2%} off the error"
        note = f"{grown.trees} trees, {grown.rows:,} rows{note}"
        error = goal.judge([together(kernel, grown.part)]).error
        self.course.enter(LedgerRow("trees", time.monotonic() - start, error, count_parameters(grown.part.network), True, note))
        return grown.part

    def _part(self, name: str, fitted: FittedKernel | TunedModel) -> Part:
        """A fitted model as a part, with its predictions of the rows that choose."""
        network = transfer(fitted)
        return Part(name, evaluate(network, torch.as_tensor(self.choose.X)).numpy(), network, fitted.predict)


def stream_settings(preset: Preset) -> InnerSettings:
    """The first training of a preset, on larger batches: one round of it, longer, which gives nearly all for a quarter of the time."""
    first = preset.inner[0]
    return replace(first, steps=round(LONGER * first.steps), batch=LARGER * first.batch, rounds=1)
