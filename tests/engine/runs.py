"""Sums and fits that are run, killed and run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import (
    Checkpoint,
    Engine,
    open_engine,
)
from motifnet.kernels import Capacity, LandmarkFolds, every_fold, start_kernel

KEY = {"rows": "a", "settings": {"seed": 0}}
Make = Callable[[], Checkpoint]


def here() -> Engine:
    with open_engine("local", 1) as engine:
        return engine


def table(n: int = 150) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, np.sin(2 * X[:, 0]) + np.abs(X[:, 1]) + 0.1 * rng.normal(size=n)


def bits(model: MotifRegressor | MotifClassifier) -> NDArray[np.float64]:
    return np.concatenate(
        [v.detach().numpy().ravel() for v in model.to_torch().state_dict().values()]
    )


def gram_sums(n_jobs: int, n: int = 6_000) -> LandmarkFolds:
    """Those of a kernel on n rows in two folds: S and c of every cell, in blocks of 2,048 rows and
    less.
    """
    rng = np.random.default_rng(1)
    Z = torch.as_tensor(rng.normal(size=(n, 4)))
    blocks = [torch.arange(0, n // 2), torch.arange(n // 2, n)]
    gram = start_kernel(("laplace1", "gaussian"), {1: 3.0, 2: 2.0}, 1.0).gram
    folds = every_fold(
        gram,
        Z,
        Z[:, :1].sin(),
        torch.ones(n, dtype=Z.dtype),
        blocks,
        n_jobs=n_jobs,
        capacity=Capacity(100, 60),
    )
    assert isinstance(folds, LandmarkFolds)
    return folds


def same_sums(one: LandmarkFolds, other: LandmarkFolds) -> bool:
    pairs = zip((one.whole, *one.folds), (other.whole, *other.folds), strict=True)
    return all(torch.equal(a.S, b.S) and torch.equal(a.c, b.c) for a, b in pairs)


def killed_while_it_fits(script: str, folder: Path, steps: int, seconds: float = 300) -> None:
    """Start a fit in a process of its own and kill it, without a word of warning, once its
    checkpoint has some steps.
    """
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder), root],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    end = time.monotonic() + seconds
    while (
        len(list(folder.glob("*.safetensors"))) < steps
        and process.poll() is None
        and time.monotonic() < end
    ):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the fit ended before it was killed"
