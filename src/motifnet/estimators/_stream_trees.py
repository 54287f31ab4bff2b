"""Boosted trees beside a kernel network k, of the rows of a streamed table.

    numbers   k(x) + c r(x), r grown on y − k(x)        classes   trees of the classes, their logits beside those of the network

c ≥ 0 is the factor with the least squared error on the rows that choose. It makes up for what a limited number of slow steps has not reached, and for
the rows' own part in k, by which they leave less to r than other rows do.

Trees are grown on few rows first. All rows grow them only where those take a share `WORTH` off the error of the network: on a function that the
network knows they would cost as much as all other stages, and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from motifnet.engine import ordered_map
from motifnet.mimicry import transfer
from motifnet.motifs import Parallel
from motifnet.structure import Part
from motifnet.tables import CodedRows, Matrix, RowSource, Sample
from motifnet.teachers import BoostedTrees, FittedTrees

WORTH, RATE = 0.003, 0.1
Values = Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Grown:
    """The parts that take the place of the network: its sum with the trees, or for classes both; how many trees, and of how many rows."""

    kernels: list[Part]
    trees: int
    rows: int


def grow_trees(rows: RowSource, end: float, sample: Sample, kernel: Part, values: Values, seed: int, n_jobs: int) -> Grown:
    """Trees on the rows whose draws are below `end`, in number the best for the scored rows of a sample; `values`: the network at rows."""
    classes, held_out = sample.labels is not None, sample.folds.held_out(0)
    choose = sample.rows(held_out)
    gathered = _gathered(rows, end, None if classes else values, choose, seed, n_jobs)
    judge = choose if classes else replace(choose, y=choose.y - kernel.oof[held_out])
    fitted = BoostedTrees(learning_rate=RATE).fit_judged(gathered, judge, seed=seed)
    if not classes:
        fitted = _scaled(fitted, judge)
    trees = Part("trees", sample.folds.joined([fitted.oof]), transfer(fitted), fitted.predict)
    kernels = [kernel, trees] if classes else [_sum(kernel, trees)]
    return Grown(kernels, sum(len(forest.roots) for forest in fitted.forests), gathered.n)


def _sum(kernel: Part, trees: Part) -> Part:
    network = Parallel(torch.ones(2, kernel.oof.shape[1], dtype=torch.float64), [kernel.network, trees.network])
    return Part(f"{kernel.name} and trees", kernel.oof + trees.oof, network, lambda X: np.asarray(kernel.predict(X) + trees.predict(X)))


def _gathered(rows: RowSource, end: float, values: Values | None, choose: Sample, seed: int, n_jobs: int) -> Sample:
    """The rows as one sample, in single precision, each block in its place as it comes."""
    count, classes = rows.count(end), choose.labels is not None
    X: Matrix = np.empty((count, choose.X.shape[1]), dtype=np.float32)  # trees are as well off with half of the digits
    y, labels = np.empty((count, choose.y.shape[1])), np.empty(count, dtype=np.int64)
    filled = 0
    for part in ordered_map(partial(_left, rows, values), rows.pieces(end), n_jobs):
        there = slice(filled, filled := filled + len(part[0]))
        X[there], y[there] = part[0], part[1]
        if part[2] is not None:
            labels[there] = part[2]
    return replace(Sample.plain(X[:filled], y[:filled], folds=2, seed=seed), labels=labels[:filled] if classes else None)


def _left(rows: RowSource, values: Values | None, piece: Any) -> CodedRows:
    """A piece coded, with what the network leaves of y."""
    X, y, labels = rows.code(piece)
    return X.astype(np.float32), y if values is None else y - values(X), labels


def _scaled(fitted: FittedTrees, judge: Sample) -> FittedTrees:
    """The forests times c, one an output."""
    squares = (fitted.oof**2).sum(0)
    c = np.divide(np.maximum((fitted.oof * judge.y).sum(0), 0), squares, out=np.zeros_like(squares), where=squares > 0)
    return FittedTrees(fitted.oof * c, tuple(forest.scaled(float(factor)) for forest, factor in zip(fitted.forests, c, strict=True)))
