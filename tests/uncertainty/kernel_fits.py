"""A small table and its kernel ridge regression."""

from __future__ import annotations

import numpy as np

from motifnet.engine import Matrix
from motifnet.kernels import Kernel
from motifnet.teachers import FittedKernel

KERNEL = Kernel(("gaussian", "laplace1"), np.array([0.7, 0.3]), np.array([0.8, 0.5]))
RNG = np.random.default_rng


def table(n: int = 60, seed: int = 0) -> tuple[Matrix, Matrix, Matrix]:
    rng = RNG(seed)
    X = rng.uniform(-2, 2, (n, 2))
    return X, np.sin(2 * X[:, 0]) + 0.3 * rng.standard_normal(n), rng.uniform(0.5, 2, n)


def convex(X: Matrix, ridge: float = 0.1) -> FittedKernel:
    return FittedKernel(
        oof=np.zeros((len(X), 1)),
        kernel=KERNEL,
        centres=X,
        dual=np.zeros((len(X), 1)),
        intercept=np.zeros(1),
        ridge=ridge,
    )
