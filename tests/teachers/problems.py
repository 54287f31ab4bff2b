"""Small samples of a regression and of classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motifnet.engine import Matrix
from motifnet.tables import Sample, make_folds


def problem(n: int = 160, seed: int = 0, q: int = 1) -> Sample:
    """A bend, a slope, an indicator, a constant column, and a little noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    X[:, 2], X[:, 3] = rng.integers(0, 2, n), 1.0
    y = np.column_stack(
        [np.abs(X[:, 0]) + X[:, 1] + X[:, 2], X[:, 1] - X[:, 0]][:q]
    ) + 0.2 * rng.normal(size=(n, q))
    sample = Sample.plain(X, (y - y.mean(0)) / y.std(0))
    return replace(sample, numeric=np.array([True, True, False, True]))


def classes(K: int, n: int = 160) -> Sample:
    sample = problem(n)
    labels = np.digitize(sample.y[:, 0], [0.0] if K == 2 else [-0.5, 0.5]).astype(np.int64)
    y = 2.0 * labels.astype(np.float64)[:, None] - 1.0 if K == 2 else np.eye(K)[labels]
    return replace(sample, y=y, labels=labels, folds=make_folds(n, 4, 0, labels=labels))


def r2(oof: Matrix, y: Matrix) -> float:
    scored = ~np.isnan(oof).any(1)
    return float(
        1 - ((oof - y)[scored] ** 2).mean() / ((y - y[scored].mean(0))[scored] ** 2).mean()
    )
