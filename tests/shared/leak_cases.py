"""Rows that are nearly copies of each other, and everything in the pipeline that predicts rows by
fits without them, at small sizes.

Rows of one object share X and y up to noise; other objects say nothing about it. Whoever predicts a
row of an object from another row of the same object looks very good, and has learned nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel

from motifnet.engine import Matrix
from motifnet.kernels import Capacity, fit_with_held_out, start_kernel
from motifnet.losses import Poisson
from motifnet.pipeline import PRESETS, Preset, kernel_start
from motifnet.stacking import fit_nnls_stack, smearing
from motifnet.tables import Folds, Sample, code_response, make_folds
from motifnet.teachers import (
    TEACHERS,
    BoostedTrees,
    Coding,
    EstimatorTeacher,
    KernelRidge,
    SupportVectors,
    Teacher,
    fold_partition,
)
from motifnet.training import (
    CrossTuned,
    FeatureSettings,
    FineTuneSettings,
    cross_tune,
    refit_ridge,
    refit_softmax,
    refit_under_loss,
    relu_network,
    starts_of,
)
from motifnet.training._fine_tune import _held_out_path
from motifnet.uncertainty import fit_scale

EXACT, LANDMARKS = Capacity(10_000, 5_000), Capacity(60, 40)
KINDS = ("groups", "time", "groups and time")
N, SIZE, FOLDS = 240, 8, 4  # forward in time a fold is six objects


def objects(kind: str, seed: int) -> np.ndarray:
    """The object of each row. In time its rows follow each other; with groups beside, half of them
    come a fold later.
    """
    row = np.arange(N)
    if kind == "groups":
        row = np.random.default_rng([seed, 9]).permutation(N)
    late = (row % 2 == 1) * N // (FOLDS + 1) if kind == "groups and time" else 0
    return np.asarray((row - late) % N // SIZE, dtype=np.int64)


def folds_of(kind: str, of: np.ndarray, seed: int = 0) -> Folds:
    return make_folds(
        N,
        FOLDS,
        seed,
        groups=of if "groups" in kind else None,
        time=np.arange(float(N)) if "time" in kind else None,
    )


def copies(kind: str, seed: int = 0) -> Sample:
    """Objects of eight rows; "groups" or "time" of the sample say which rows may predict which."""
    rng, of = np.random.default_rng(seed), objects(kind, seed)
    X = rng.normal(size=(N // SIZE, 3))[of] + 0.05 * rng.normal(size=(N, 3))
    y = rng.normal(size=N // SIZE)[of] + 0.3 * rng.normal(size=N)
    sample = Sample.plain(X, (y - y.mean()) / y.std())
    time = np.arange(float(N)) if "time" in kind else None
    return replace(
        sample, folds=folds_of(kind, of, seed), groups=of if "groups" in kind else None, time=time
    )


def with_labels(sample: Sample, classes: int = 2) -> Sample:
    """Classes in place of the target, which is cut at quantiles."""
    labels = np.digitize(
        sample.y[:, 0], np.quantile(sample.y, np.arange(1, classes) / classes)
    ).astype(np.int64)
    return replace(sample, labels=labels, y=coded(labels, classes))


def coded(labels: np.ndarray, classes: int) -> Matrix:
    return np.asarray(2.0 * labels[:, None] - 1 if classes == 2 else np.eye(classes)[labels])


def with_counts(sample: Sample) -> Sample:
    """Counts under the loss of Poisson in place of the target."""
    y, response = code_response(
        np.rint(np.exp(sample.y)).astype(np.float64), sample.weight, (Poisson(),)
    )
    return replace(sample, y=y, response=response)


def with_slope(sample: Sample) -> Sample:
    """With something to find in the first column."""
    return replace(sample, y=sample.X[:, :1] + 0.3 * sample.y)


def tampered(sample: Sample, rows: np.ndarray, by: float = 1.0) -> Sample:
    """Other targets in some rows (a mask)."""
    rng = np.random.default_rng(5)
    if sample.labels is not None:
        labels = sample.labels.copy()
        labels[rows] = rng.integers(0, sample.n_classes, int(rows.sum()))
        return replace(sample, labels=labels, y=coded(labels, sample.n_classes))
    y = sample.y.copy()
    y[rows] += by * rng.normal(size=y[rows].shape)
    if (r := sample.response) is None:
        return replace(sample, y=y)
    counts = r.y.copy()
    counts[rows] = rng.poisson(4, counts[rows].shape)
    return replace(sample, y=y, response=replace(r, y=counts))


@dataclass(frozen=True)
class Part:
    """Out-of-fold predictions of a sample at a capacity; what is done to the sample first; whether
    the capacity has a part in it.
    """

    oof: Callable[[Sample, Capacity], Matrix]
    of: Callable[[Sample], Sample] = lambda sample: sample
    landmarks: bool = False


QUICK: dict[str, Callable[[Capacity], Teacher]] = {
    "kernel ridge": lambda capacity: KernelRidge(capacity=capacity, grid_rows=100),
    "support vectors": lambda capacity: SupportVectors(max_rows=150, choice_rows=100),
}


def quick(name: str, capacity: Capacity) -> Teacher:
    """A teacher of the registry with few rows and trees."""
    teacher = QUICK[name](capacity) if name in QUICK else TEACHERS[name]()
    return replace(teacher, max_trees=30) if isinstance(teacher, BoostedTrees) else teacher


def _taught(name: str, sample: Sample, capacity: Capacity) -> Matrix:
    return quick(name, capacity).fit(sample).oof


def tuned(sample: Sample, capacity: Capacity) -> CrossTuned:
    settings = FeatureSettings(steps=4, batch=64, segments=4, capacity=capacity)
    return cross_tune(
        sample,
        starts_of(KernelRidge(capacity=capacity, grid_rows=100).fit(sample), settings.profiles),
        settings,
    )


def _of_process(sample: Sample, capacity: Capacity) -> Matrix:
    """Feature learning from a process whose length scales, the front of the trained kernel, are
    found with the targets.
    """
    process = GaussianProcessRegressor(
        RBF(np.ones(sample.X.shape[1])) + WhiteKernel(), random_state=0
    )
    fitted = EstimatorTeacher(process, Coding(np.zeros(1), np.ones(1))).fit(sample)
    found = kernel_start(sample, fitted, 0)
    assert found is not None and found.input_layer is not None
    settings = FeatureSettings(steps=4, batch=64, segments=4, capacity=capacity)
    return np.column_stack(
        [fitted.oof, cross_tune(found.input_layer.transform(sample), found.starts, settings).oof]
    )


def _solved(sample: Sample, capacity: Capacity) -> Matrix:
    """One kernel, and λ from few candidates for each fold."""
    kernel = start_kernel(("laplace1",), {1: 1.0, 2: 1.0}, 1.0)
    X, y, w = (torch.as_tensor(part) for part in (sample.X, sample.y, sample.weight))
    oof = np.full(sample.y.shape, np.nan)
    for k in range(sample.folds.count):
        s = fit_with_held_out(
            kernel.gram,
            X,
            y,
            w,
            fold_partition(sample, k),
            [1e-6, 1e-2, 1.0, 100.0],
            capacity=capacity,
        )
        rows = sample.folds.held_out(k)
        oof[rows] = s.held_out.numpy()[rows]
    return oof


def _softmax(sample: Sample, capacity: Capacity) -> Matrix:
    fitted = refit_softmax(sample, tuned(sample, capacity))
    assert fitted is not None
    return fitted.oof


def _own_loss(sample: Sample, capacity: Capacity) -> Matrix:
    fitted = refit_under_loss(sample, tuned(sample, capacity))
    assert fitted is not None
    return fitted.oof


def _local_scale(sample: Sample, capacity: Capacity) -> Matrix:
    """log σ of residuals whose size an object has in common; a constant where nothing is found, so
    that nothing is known of a row.
    """
    found = fit_scale(sample, np.zeros_like(sample.y), np.exp(sample.y), seed=0)
    return np.zeros_like(sample.y) if found is None else found.oof


def _stack(sample: Sample, capacity: Capacity) -> Matrix:
    rng = np.random.default_rng(0)
    oofs = [
        np.where(
            sample.folds.scored[:, None],
            sample.X[:, :1] + noise * rng.normal(size=sample.y.shape),
            np.nan,
        )
        for noise in (0.1, 1.0)
    ]
    return fit_nnls_stack(oofs, sample.y, sample.weight, sample.folds).oof


def _smeared(sample: Sample, capacity: Capacity) -> Matrix:
    return smearing(
        np.where(sample.folds.scored[:, None], sample.X[:, :1], np.nan),
        np.exp(sample.y),
        sample.weight,
        sample.folds,
    )[1]


def _fine_tuned(sample: Sample, capacity: Capacity) -> Matrix:
    """A network that knows no target, trained for each fold."""
    oof = np.full(sample.y.shape, np.nan)
    for k in range(sample.folds.count):
        start = relu_network(sample.X, 1, 0)
        oof[sample.folds.held_out(k)] = _held_out_path(
            start, sample, k, FineTuneSettings(epochs=3), 0, None
        )[-1]
    return oof


PARTS: dict[str, Part] = {
    **{name: Part(partial(_taught, name), landmarks=name in QUICK) for name in TEACHERS},
    "one solution": Part(_solved, landmarks=True),
    "trained kernel": Part(lambda sample, capacity: tuned(sample, capacity).oof, landmarks=True),
    "trained kernel, two classes": Part(_softmax, with_labels, landmarks=True),
    "trained kernel, three classes": Part(
        _softmax, lambda sample: with_labels(sample, 3), landmarks=True
    ),
    "teacher, retrained": Part(_of_process, landmarks=True),
    "trained kernel, counts": Part(_own_loss, with_counts),
    "local scale": Part(_local_scale, with_slope),
    "stack": Part(_stack, with_slope),
    "smearing": Part(_smeared),
    "fine-tuning": Part(_fine_tuned),
}


def shrunk(name: str, capacity: Capacity) -> Preset:
    """A preset whose capacity few rows exceed, with short trainings."""
    preset = PRESETS[name]
    inner = tuple(replace(settings, steps=6, capacity=capacity) for settings in preset.inner)
    return replace(preset, convex=replace(preset.convex, capacity=capacity), inner=inner)


def refitted(sample: Sample, capacity: Capacity) -> Matrix:
    """The convex fit with λ chosen again on all rows."""
    fitted, folds = quick("kernel ridge", capacity).fit_with_folds(sample)  # type: ignore[attr-defined]
    assert folds is not None
    return refit_ridge(sample, fitted, folds).oof


@dataclass(frozen=True)
class Drawn:
    """Rows of a fit with what is passed beside them, and rows of objects that it has not seen (in
    time: later ones).
    """

    X: Matrix
    y: Matrix
    beside: dict[str, np.ndarray]
    X_new: Matrix
    y_new: Matrix
    size: int


def drawn(
    kind: str, n: int, seed: int, *, size: int = 5, new: int = 2_000, slope: float = 0.0
) -> Drawn:
    """As `copies`, with six columns and as a user has it: `kind` is "plain" for rows that nobody
    keeps apart; `slope` of something to be learned.
    """
    rng, rows = np.random.default_rng(seed), n + new
    of = np.arange(rows) // size
    centre = rng.normal(size=(of[-1] + 1, 6))
    X = centre[of] + 0.05 * rng.normal(size=(rows, 6))
    y = slope * np.sin(X[:, 0]) + rng.normal(size=len(centre))[of] + 0.3 * rng.normal(size=rows)
    beside = {"groups": {"groups": of[:n]}, "time": {"time": np.arange(n)}, "plain": {}}[kind]
    return Drawn(X[:n], y[:n], beside, X[n:], y[n:], size)
