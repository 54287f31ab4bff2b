"""Motif Mimicry on a table that is read block by block: time in proportion to its rows, memory that does not depend on them.

convex fit on few rows → transferred → inner layers on the sample → last layer on all rows → trees on many → stack → score

Random subsampling chooses the scales (the convex fit; Hayashi, Imaizumi & Yoshida 2020) and the inner layers; what is linear in the features is then
solved on all rows. Every stage is judged on rows that choose, the finished model on rows that no stage has seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from motifnet.engine import LedgerRow, ordered_map
from motifnet.estimators._course import Course
from motifnet.estimators._goal import Judged, Part
from motifnet.estimators._presets import Preset
from motifnet.estimators._stream_layer import MANY, StreamLayer
from motifnet.estimators._stream_rows import Coded, Coding, Roles
from motifnet.kernels import AllRows, leverage_landmarks, start_kernel
from motifnet.mimicry import transfer
from motifnet.motifs import Motif, count_parameters, evaluate
from motifnet.retrain import InnerSettings, TunedModel, train_inner
from motifnet.tables import BLOCK_ROWS, Matrix, Sample
from motifnet.teachers import BoostedTrees, FittedKernel

CONVEX_ROWS = 2_000
LONGER, LARGER = 1.5, 2  # steps and batches beside those of the preset: rows are plenty, and one training takes the place of one a fold


@dataclass
class StreamRun:
    """One run: the coding of rows, their roles, the rows that choose, and how much is tried."""

    coding: Coding
    roles: Roles
    choose: Sample
    preset: Preset
    landmarks: int
    subsample: bool
    seed: int
    n_jobs: int
    course: Course

    def go(self) -> Judged:
        """All stages."""
        convex = self._convex()
        trained = self._inner_layers(convex)
        kernel, model = self._last_layer(trained)
        parts = [kernel, self._trees(model)]
        start = self.course.start("stack")
        judged = self.course.goal.judge(parts)
        self.course.settle("stack", start, judged, " + ".join(f"{weight:.2f} {name}" for name, weight in judged.used if weight > 0))
        assert self.course.best is not None
        return self.course.best

    def _convex(self) -> FittedKernel:
        start = self.course.start("convex fit")
        sample = self.coding.ready.sample
        few = np.zeros(sample.n, dtype=bool)
        few[np.random.default_rng([self.seed, 3]).permutation(sample.n)[:CONVEX_ROWS]] = True
        fitted = self.preset.convex.fit(sample.rows(few), seed=self.seed, n_jobs=self.n_jobs)
        part = self._part("kernel ridge", fitted)
        judged = self.course.goal.judge([part])
        size = fitted.dual.size + fitted.centres.size
        self.course.enter(LedgerRow("convex fit", self._since(start), judged.error, size, True, f"kernel ridge on {few.sum():,} rows"))
        self.course.settle("transferred", self.course.start("transferred"), judged, "network by calculation")
        return fitted

    def _inner_layers(self, convex: FittedKernel) -> TunedModel:
        start = self.course.start("inner layers")
        sample, settings = self.coding.ready.sample, stream_settings(self.preset)
        choice = convex.choices[-1]
        inner = train_inner(sample, start_kernel(settings.profiles, convex.medians, choice.scale), choice, settings, [self.seed, 1])
        some = np.sort(np.random.default_rng([self.seed, 4]).permutation(sample.n)[:CONVEX_ROWS])
        Z, y = inner.warp(torch.as_tensor(sample.X[some])), sample.y[some]
        layer = AllRows(inner.gram, Z)
        ridge, gamma = layer.choose(*layer.terms(Z, y), inner.warp(torch.as_tensor(self.choose.X)), self.choose.y)
        model = TunedModel(inner, Z.numpy(), gamma[:-1], gamma[-1], ridge)
        judged = self.course.goal.judge([self._part("trained kernel", model)])
        self.course.settle("inner layers", start, judged, f"{settings.steps} steps on batches of {settings.batch} of {sample.n:,} rows")
        return model

    def _last_layer(self, trained: TunedModel) -> tuple[Part, TunedModel]:
        start, sample, inner = self.course.start("last layer"), self.coding.ready.sample, trained.inner
        Z = inner.warp(torch.as_tensor(sample.X))
        chosen = leverage_landmarks(inner.gram, Z, self.landmarks, inner.ridge, self.seed)
        layer = StreamLayer(trained, Z[chosen], self.choose, self.n_jobs)
        if len(chosen) <= MANY:
            model, note = layer.by_sums(self._passed(1.0))
        else:
            model, note = layer.by_passes(lambda: self._passed(1.0), self._sampled(), len(trained.centres))
        part = self._part("kernel network", model)
        self.course.settle("last layer", start, self.course.goal.judge([part]), f"{len(chosen):,} landmarks, {note}")
        return part, model

    def _trees(self, kernel: TunedModel) -> Part:
        """Boosted trees: of numbers, on what the kernel network leaves; of classes, beside it."""
        start = self.course.start("trees")
        network, classes = transfer(kernel), self.choose.labels is not None
        explained = self._values(network, self.choose.X)

        def left(coded: Callable[[], Coded]) -> Coded:
            X, y, labels = coded()
            return X.astype(np.float32), y if classes else y - self._values(network, X), labels

        parts = list(ordered_map(left, self._passed(self.roles.trees), self.n_jobs))
        X, y = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
        labels = np.concatenate([part[2] for part in parts]) if classes else None
        del parts
        grown = replace(Sample.plain(X, y, folds=2, seed=self.seed), labels=labels)
        judge = self.choose if classes else replace(self.choose, y=self.choose.y - explained)
        fitted = BoostedTrees().fit_judged(grown, judge, seed=self.seed)
        part = Part("trees" if classes else "trees on the rest", fitted.oof, transfer(fitted), fitted.predict)
        note = f"{sum(len(forest.roots) for forest in fitted.forests)} trees, {len(X):,} rows"
        shown = part if classes else replace(part, oof=part.oof + explained)
        judged = self.course.goal.judge([shown])
        self.course.enter(LedgerRow("trees", self._since(start), judged.error, count_parameters(part.network), True, note))
        return part

    def _passed(self, end: float) -> Iterator[Callable[[], Coded]]:
        """The rows to fit whose draws are below `end`, some at a time and coded when called; of the sample alone for a subsample."""
        sample = self.coding.ready.sample
        if self.subsample:
            yield from self._sampled()
            return
        begin = self.roles.score if sample.views is None else self.roles.sample
        for block in self.coding.stream.blocks():
            u = block.draws(self.seed)
            if (mask := (u >= begin) & (u < end)).any():
                yield partial(self.coding.rows, block, mask)

    def _sampled(self) -> Iterator[Callable[[], Coded]]:
        sample = self.coding.ready.sample
        return (partial(_repeated, sample, start) for start in range(0, sample.n, BLOCK_ROWS))

    def _part(self, name: str, fitted: FittedKernel | TunedModel) -> Part:
        """A fitted model as a part, with its predictions of the rows that choose."""
        network = transfer(fitted)
        return Part(name, self._values(network, self.choose.X), network, fitted.predict)

    def _values(self, network: Motif, X: Matrix) -> Matrix:
        return evaluate(network, torch.as_tensor(X)).numpy()

    def _since(self, start: float) -> float:
        return time.monotonic() - start


def stream_settings(preset: Preset) -> InnerSettings:
    """The first training of a preset, longer and on larger batches."""
    first = preset.inner[0]
    return replace(first, steps=round(LONGER * first.steps), batch=LARGER * first.batch)


def _repeated(sample: Sample, start: int) -> Coded:
    """Some rows of the sample, each as often as it was in the file."""
    rows = np.repeat(np.arange(start, min(start + BLOCK_ROWS, sample.n)), np.rint(sample.weight[start : start + BLOCK_ROWS]).astype(np.int64))
    return sample.X[rows], sample.y[rows], None if sample.labels is None else sample.labels[rows]
