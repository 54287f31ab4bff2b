"""Kernel methods: an exact Gaussian process, and ridge regression on random features.

The Gaussian process has a length scale for each column, by marginal likelihood:

    k(x, x') = s² (1 + √5 r + 5r²/3) exp(−√5 r),   r² = Σ_j (x_j − x'_j)² / l_j²,
    y ~ N(0, K + σ²I)

A step costs n³, so L-BFGS runs on a random part of the rows first, and then a few steps on all
rows. Predictions are always from all rows. Their factorisation is not in the seconds of the points
along the way, so these seconds are too small.

Random features are Rahimi and Recht's cosines of a Gaussian kernel:

    f(x) = Σ_k w_k cos(ω_k · x + b_k),   ω_k ~ N(0, 2γI),   b_k uniform on [0, 2π]

The held-out rows choose the number of features and the width γ from a grid; leave-one-out in closed
form chooses λ. Then all rows are fitted.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize
from scipy.spatial.distance import pdist
from torch import Tensor

from motifnet.lab.race._history import History, Vector

PART, PART_STEPS, ALL_STEPS = 1_000, 100, 20
POINT_EVERY = 5  # steps
JITTER, BOUND = 1e-6, 7.0
FEATURES, FACTORS = (256, 1024, 2048), (0.1, 0.3, 1.0, 3.0, 10.0)
RIDGES = np.logspace(-5, 2, 8)


def gaussian_process(history: History) -> str:
    """Run it, and return the number of steps."""
    data = history.task.matrix
    X, X_test, y = (torch.as_tensor(part) for part in (data.X, data.X_test, data.y))
    theta = _start(X)
    steps = 0
    parts = [(history.task.rows[0][:PART], PART_STEPS)] if len(X) > PART else []
    for rows, max_steps in [*parts, (np.arange(len(X)), ALL_STEPS if parts else PART_STEPS)]:
        X_part, y_part = X[torch.as_tensor(rows)], y[torch.as_tensor(rows)]
        count = 0

        def record(intermediate_result: OptimizeResult) -> None:
            nonlocal count
            count += 1
            if count % POINT_EVERY == 0:
                at = torch.as_tensor(intermediate_result.x.copy())
                history.supersede(lambda: data.original(_predict(at, X, y, X_test)))
            if history.over():
                raise StopIteration

        found = minimize(
            _objective,
            theta,
            (X_part, y_part),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-BOUND, BOUND)] * len(theta),
            callback=record,
            options={"maxiter": max_steps},
        )
        theta, steps = found.x, steps + count
        final = torch.as_tensor(theta)
        if history.over():
            break
    _factor(final, X)  # a user waits for it before the first prediction
    history.supersede(lambda: data.original(_predict(final, X, y, X_test)))
    return f"{steps} steps"


def _start(X: Tensor) -> Vector:
    """log length scales at the median distance over the columns, log s² and log σ²."""
    median = float(torch.pdist(X[:500]).median()) or 1.0
    return np.array([math.log(median)] * X.shape[1] + [0.0, math.log(0.1)])


def _kernel(theta: Tensor, X: Tensor, Z: Tensor) -> Tensor:
    scales = theta[:-2].exp()
    U, V = X / scales, Z / scales
    squares = (U.square().sum(1)[:, None] + V.square().sum(1) - 2 * U @ V.T).clamp_min(1e-12)
    r = math.sqrt(5) * squares.sqrt()
    return theta[-2].exp() * (1 + r + r.square() / 3) * torch.exp(-r)


def _factor(theta: Tensor, X: Tensor) -> Tensor:
    K = _kernel(theta, X, X)
    return torch.linalg.cholesky(K + (theta[-1].exp() + JITTER) * torch.eye(len(X), dtype=K.dtype))


def _objective(values: Vector, X: Tensor, y: Tensor) -> tuple[float, NDArray[np.float64]]:
    """−log marginal likelihood a row, and its gradient."""
    theta = torch.tensor(values, requires_grad=True)
    L = _factor(theta, X)
    white = torch.linalg.solve_triangular(L, y[:, None], upper=False)
    loss = (0.5 * white.square().sum() + L.diagonal().log().sum()) / len(X)
    (gradient,) = torch.autograd.grad(loss, theta)
    return float(loss.detach()), gradient.numpy()


def _predict(theta: Tensor, X: Tensor, y: Tensor, X_test: Tensor) -> Vector:
    alpha = torch.cholesky_solve(y[:, None], _factor(theta, X))
    return (_kernel(theta, X_test, X) @ alpha).numpy().ravel()


def random_features(history: History) -> str:
    """Run it, and return the chosen features and width."""
    data, (fitted, held) = history.task.matrix, history.task.rows
    gamma = float(np.median(pdist(data.X[:500]))) ** -2
    tried: list[tuple[float, int, float]] = []
    for count, factor in product(FEATURES, FACTORS):
        model = _model(count, factor * gamma, history.task.seed).fit(data.X[fitted], data.y[fitted])
        score = float(np.mean((model.predict(data.X[held]) - data.y[held]) ** 2))
        history.offer(score, partial(_original, history, model))
        tried.append((score, count, factor))
        if history.over():
            break
    _, count, factor = min(tried)
    if not history.over():
        model = _model(count, factor * gamma, history.task.seed).fit(data.X, data.y)
        history.supersede(partial(_original, history, model))
    return f"{count} features, {factor:g} of the median's γ"


def _model(count: int, gamma: float, seed: int) -> Any:
    from sklearn.kernel_approximation import RBFSampler
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        RBFSampler(gamma=gamma, n_components=count, random_state=seed), RidgeCV(alphas=RIDGES)
    )


def _original(history: History, model: Any) -> Vector:
    data = history.task.matrix
    return data.original(model.predict(data.X_test))
