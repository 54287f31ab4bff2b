"""Training for the largest error in place of the mean one: adversarial training with a corrected output (Imaizumi, arXiv 2307.04042).

    f = argmin (1/n) Σ_i max_{x' in Δ_h(x_i)} ( Ŷ(x') − f(x') )²,     Δ_h(x): the sup-norm ball of radius h, cut to the box of the rows

Ŷ is the corrected output, an estimate that is good in sup-norm: here a fitted teacher. y_i in its place is ordinary adversarial training, which is
not consistent: it asks f to be y_i on a whole ball. What f reaches is bounded by what Ŷ knows: this takes the teacher's function over with an error
that is controlled everywhere. The maximum is over `POINTS` random points of each ball, drawn once, the row itself among them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from motifnet.engine import Control, UsageError
from motifnet.retrain._epochs import FineTuneSettings, Rows, _Adam, _step_sizes
from motifnet.tables import Matrix

Corrected = Callable[[Matrix], Matrix]
POINTS = 16
RADII = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class SupNormSettings:
    """Steps of Adam, rows a step, rate; the radius h in units of X."""

    radius: float
    steps: int = 1500
    batch: int = 512
    rate: float = 0.03

    def __post_init__(self) -> None:
        if not 0 <= self.radius < np.inf or self.steps < 0 or self.batch < 1 or not 0 < self.rate < np.inf:
            raise UsageError(f"{self} cannot be run; give a finite radius ≥ 0, steps ≥ 0, batch ≥ 1 and rate > 0.")


def train_sup_norm(
    network: nn.Module, X: Matrix, corrected: Corrected, settings: SupNormSettings, *, seed: int = 0, control: Control | None = None
) -> nn.Module:
    """A copy of `network` that is trained to be `corrected`, rows with shape (m, d) to values with shape (m, q), around rows X with shape (n, d).

    Raises `Stopped` where the control says so.
    """
    rng = np.random.default_rng(seed)
    balls = _balls(X, settings.radius, rng)
    targets = corrected(balls.reshape(-1, X.shape[1])).reshape(*balls.shape[:2], -1)
    return train_on_balls(network, balls, targets, settings, seed=seed, control=control)


def train_on_balls(
    network: nn.Module, balls: Matrix, targets: Matrix, settings: SupNormSettings, *, seed: int = 0, control: Control | None = None
) -> nn.Module:
    """The same for points with shape (n, p, d) and what f is to be there, with shape (n, p, q); with p = 1 it is least squares."""
    tuned = copy.deepcopy(network)
    first = Rows.of(tuned, balls[:, 0], targets[:, 0])
    points, wanted = (torch.as_tensor(part).to(first.X) for part in (balls, targets))
    parameters = [p for p in tuned.parameters() if p.requires_grad]
    sizes = _step_sizes(tuned, first, FineTuneSettings(rate=settings.rate, batch=settings.batch), parameters)
    adam, rng = _Adam(parameters, sizes, 0.0), np.random.default_rng([seed, 1])
    for step in range(settings.steps if parameters else 0):
        if control is not None:
            control.check()
        rows = torch.as_tensor(rng.permutation(len(balls))[: settings.batch])
        _worst(tuned, points[rows], wanted[rows]).backward()
        adam.step(settings.rate * (1 - 0.99 * step / settings.steps))
        for p in parameters:
            p.grad = None
    return tuned


def radii_of(X: Matrix) -> list[float]:
    """Radii to compare on held-out rows: multiples of the median distance of rows X with shape (n, d) to the nearest other, in sup-norm."""
    from sklearn.neighbors import NearestNeighbors

    distances = NearestNeighbors(n_neighbors=2, metric="chebyshev").fit(X).kneighbors(X)[0][:, 1]
    there = distances[distances > 0]
    return [factor * (float(np.median(there)) if len(there) else 1.0) for factor in RADII]


def _balls(X: Matrix, radius: float, rng: np.random.Generator) -> Matrix:
    """Points with shape (n, POINTS, d), the first of each the row itself."""
    moved = X[:, None] + rng.uniform(-radius, radius, (len(X), POINTS, X.shape[1]))
    moved[:, 0] = X
    return np.asarray(np.clip(moved, X.min(0), X.max(0)))


def _worst(network: nn.Module, points: Tensor, wanted: Tensor) -> Tensor:
    """The mean over the rows of the largest squared error in a ball; its gradient runs through the worst point alone."""
    b, p, d = points.shape
    if p > 1:
        with torch.no_grad():
            errors = ((network(points.reshape(-1, d)).reshape(b, p, -1) - wanted) ** 2).sum(2)
        worst, rows = errors.argmax(1), torch.arange(b)
        points, wanted = points[rows, worst][:, None], wanted[rows, worst][:, None]
    return ((network(points[:, 0]) - wanted[:, 0]) ** 2).sum(1).mean()
