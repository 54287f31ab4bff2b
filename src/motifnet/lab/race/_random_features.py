"""Random features and ridge regression: Rahimi and Recht's cosines of a Gaussian kernel.

    f(x) = Σ_k w_k cos(ω_k · x + b_k),   ω_k ~ N(0, 2γI),   b_k uniform on [0, 2π]

Numbers of features and widths γ of a grid are chosen by the held-out rows, λ by leave-one-out in closed form; then all rows are fitted.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist

from motifnet.lab.race._course import Course, Vector

FEATURES, FACTORS = (256, 1024, 2048), (0.1, 0.3, 1.0, 3.0, 10.0)
RIDGES = np.logspace(-5, 2, 8)


def random_features(course: Course) -> str:
    """Run it; the answer tells what was chosen."""
    data, (fitted, held) = course.task.matrix, course.task.rows
    gamma = float(np.median(pdist(data.X[:500]))) ** -2
    tried: list[tuple[float, int, float]] = []
    for count, factor in product(FEATURES, FACTORS):
        model = _model(count, factor * gamma, course.task.seed).fit(data.X[fitted], data.y[fitted])
        score = float(np.mean((model.predict(data.X[held]) - data.y[held]) ** 2))
        course.offer(score, partial(_original, course, model))
        tried.append((score, count, factor))
        if course.over():
            break
    _, count, factor = min(tried)
    if not course.over():
        model = _model(count, factor * gamma, course.task.seed).fit(data.X, data.y)
        course.supersede(partial(_original, course, model))
    return f"{count} features, {factor:g} of the median's γ"


def _model(count: int, gamma: float, seed: int) -> Any:
    from sklearn.kernel_approximation import RBFSampler
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline

    return make_pipeline(RBFSampler(gamma=gamma, n_components=count, random_state=seed), RidgeCV(alphas=RIDGES))


def _original(course: Course, model: Any) -> Vector:
    data = course.task.matrix
    return data.original(model.predict(data.X_test))
