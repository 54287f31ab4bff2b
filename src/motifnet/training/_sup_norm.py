"""Training for the sup-norm error: adversarial training with a corrected output, as a stage.

    f = argmin (1/n) Σ_i max_{x' in Δ_h(x_i)} ( Ŷ(x') − f(x') )²        (Imaizumi, arXiv 2307.04042)
    Δ_h(x): the sup-norm ball of radius h, cut to the box of the rows

Ŷ is the corrected output, an estimate that is good in sup-norm. With y_i for Ŷ this is ordinary
adversarial training, which is not consistent: f would have to be y_i on a whole ball. The error of
Ŷ bounds that of f, since f takes the estimate over with an error that is controlled everywhere. The
maximum is over `POINTS` random points of each ball. They are drawn once, and the row is one of
them.

Ŷ is the one of several kernel estimates with the least out-of-fold error:

    candidates   the trained kernel network, kernel ridge regression with each kernel in `SMOOTH`
    Ŷ            argmin Σ w (y − Ŷ^{-k(i)}(x_i))²
                 without fold k: by the sums of the other folds, fitted on the training rows of k

An estimate that is good in sup-norm must not be rough. Mixtures with Laplace kernels fit the noise
in narrow regions. This costs little in the mean, and much at the worst point.

The stage trains a ReLU network. For fold k the corrected output is the estimate without fold k, and
the network is trained around the training rows of the fold. Its predictions of fold k give its
radius and its score. The score of this objective is the largest local error over all rows,

    max_i | mean of w r over the k rows nearest to x_i |,     k = n^(2/3),  r: out-of-fold residuals

It contains noise, the same for all networks that are compared.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from motifnet.engine import Control, Matrix, UsageError, parallel_map
from motifnet.kernels import fit_with_held_out, start_kernel
from motifnet.motifs import Affine, Chain, Motif, ReLU
from motifnet.tables import Sample
from motifnet.teachers import FittedKernel, KernelRidge
from motifnet.training._adam import AnchoredAdam
from motifnet.training._minibatch import FineTuneSettings, Rows, step_sizes
from motifnet.training._tuned_model import CrossTuned, fold_model

Predict = Callable[[Matrix], Matrix]
SMOOTH = (("matern52",), ("gaussian",))  # profiles of the kernels of smooth candidates
POINTS = 16  # of each ball, the row among them
RADII = (0.5, 1.0, 2.0, 4.0)  # in units of the median distance to the nearest row
WIDTH, STEPS = 48, 600  # units of a hidden layer; steps of Adam


@dataclass(frozen=True)
class Estimate:
    """Out-of-fold predictions with shape (n, q), the estimate from all rows, and that from the
    training rows of a fold.
    """

    oof: Matrix
    predict: Predict
    without: Callable[[int], Predict]


def corrected_output(
    sample: Sample,
    first: CrossTuned,
    teacher: KernelRidge,
    *,
    seed: int = 0,
    n_jobs: int = 1,
    control: Control | None = None,
) -> Estimate:
    """The best of the trained kernel network and of ridge regressions like `teacher`, with one
    smooth kernel each.
    """
    smooth = [
        replace(teacher, profiles=profiles).fit(sample, seed=seed, n_jobs=n_jobs, control=control)
        for profiles in SMOOTH
    ]
    trained = Estimate(first.oof, first.predict, lambda k: fold_model(sample, first, k).predict)
    return best_estimate(
        sample,
        [
            trained,
            *(Estimate(fit.oof, fit.predict, partial(_without, sample, fit)) for fit in smooth),
        ],
    )


def best_estimate(sample: Sample, candidates: Sequence[Estimate]) -> Estimate:
    """The candidate with the smallest error, and for each fold that with the smallest error on the
    others.
    """
    squares = np.stack(
        [np.nan_to_num(((c.oof - sample.y) ** 2).sum(1) * sample.weight) for c in candidates]
    )
    chosen = [candidates[c] for c in sample.folds.choices(squares)]
    best = candidates[int(squares.sum(1).argmin())]
    return Estimate(best.oof, best.predict, lambda k: chosen[k].without(k))


def _without(sample: Sample, fit: FittedKernel, k: int) -> Predict:
    """The fit with the length scale and λ that fold k's training rows choose."""
    rows, choice = sample.folds.train(k), fit.choices[k]
    kernel = start_kernel(fit.kernel.profiles, fit.medians, choice.scale)
    X, y, w = (torch.as_tensor(part[rows]) for part in (sample.view(k), sample.y, sample.weight))
    s = fit_with_held_out(kernel.gram, X, y, w, None, [choice.ridge])
    without = replace(
        fit,
        kernel=kernel,
        centres=X[s.centres].numpy(),
        dual=s.dual.numpy(),
        intercept=s.intercept.numpy(),
        ridge=s.ridge,
    )
    return without.predict


@dataclass(frozen=True)
class SupNormSettings:
    """Steps of Adam, rows a step, rate; the radius h in units of X."""

    radius: float
    steps: int = 1500
    batch: int = 512
    rate: float = 0.03

    def __post_init__(self) -> None:
        if (
            not 0 <= self.radius < np.inf
            or self.steps < 0
            or self.batch < 1
            or not 0 < self.rate < np.inf
        ):
            raise UsageError(
                f"{self} cannot be run; give a finite radius ≥ 0, steps ≥ 0, batch ≥ 1 and "
                "rate > 0."
            )


def train_sup_norm(
    network: nn.Module,
    X: Matrix,
    corrected: Predict,
    settings: SupNormSettings,
    *,
    seed: int = 0,
    control: Control | None = None,
) -> nn.Module:
    """A copy of `network`, trained around rows X with shape (n, d) to equal `corrected`, a function
    from rows with shape (m, d) to values with shape (m, q).

    Raises `Stopped` where the control says so.
    """
    rng = np.random.default_rng(seed)
    balls = _balls(X, settings.radius, rng)
    targets = corrected(balls.reshape(-1, X.shape[1])).reshape(*balls.shape[:2], -1)
    return train_on_balls(network, balls, targets, settings, seed=seed, control=control)


def train_on_balls(
    network: nn.Module,
    balls: Matrix,
    targets: Matrix,
    settings: SupNormSettings,
    *,
    seed: int = 0,
    control: Control | None = None,
) -> nn.Module:
    """The same for points with shape (n, p, d) and targets there with shape (n, p, q). With p = 1
    it is least squares.
    """
    tuned = copy.deepcopy(network)
    first = Rows.of(tuned, balls[:, 0], targets[:, 0])
    points, wanted = (torch.as_tensor(part).to(first.X) for part in (balls, targets))
    parameters = [p for p in tuned.parameters() if p.requires_grad]
    sizes = step_sizes(
        tuned, first, FineTuneSettings(rate=settings.rate, batch=settings.batch), parameters
    )
    adam, rng = AnchoredAdam(parameters, sizes, 0.0), np.random.default_rng([seed, 1])
    for step in range(settings.steps if parameters else 0):
        if control is not None:
            control.check()
        rows = torch.as_tensor(rng.permutation(len(balls))[: settings.batch])
        _worst_error(tuned, points[rows], wanted[rows]).backward()
        adam.step(settings.rate * (1 - 0.99 * step / settings.steps))
        for p in parameters:
            p.grad = None
    return tuned


def radii_of(X: Matrix) -> list[float]:
    """Radii to compare on held-out rows: multiples of the median distance of rows X with shape (n,
    d) to the nearest other, in sup-norm.
    """
    from sklearn.neighbors import NearestNeighbors

    distances = NearestNeighbors(n_neighbors=2, metric="chebyshev").fit(X).kneighbors(X)[0][:, 1]
    there = distances[distances > 0]
    return [factor * (float(np.median(there)) if len(there) else 1.0) for factor in RADII]


def _balls(X: Matrix, radius: float, rng: np.random.Generator) -> Matrix:
    """Points with shape (n, POINTS, d). The first of each ball is the row itself."""
    moved = X[:, None] + rng.uniform(-radius, radius, (len(X), POINTS, X.shape[1]))
    moved[:, 0] = X
    return np.asarray(np.clip(moved, X.min(0), X.max(0)))


def _worst_error(network: nn.Module, points: Tensor, wanted: Tensor) -> Tensor:
    """The mean over the rows of the largest squared error in a ball. Its gradient is that of the
    worst point.
    """
    b, p, d = points.shape
    if p > 1:
        with torch.no_grad():
            errors = ((network(points.reshape(-1, d)).reshape(b, p, -1) - wanted) ** 2).sum(2)
        worst, rows = errors.argmax(1), torch.arange(b)
        points, wanted = points[rows, worst][:, None], wanted[rows, worst][:, None]
    return ((network(points[:, 0]) - wanted[:, 0]) ** 2).sum(1).mean()


@dataclass(frozen=True)
class SupNormTrained:
    """The network, out-of-fold predictions with shape (n, q), and the radius, in units of the
    encoded columns.
    """

    network: Motif
    oof: Matrix
    radius: float


def sup_norm_stage(
    sample: Sample,
    first: CrossTuned,
    teacher: KernelRidge,
    *,
    seed: int = 0,
    n_jobs: int = 1,
    control: Control | None = None,
) -> SupNormTrained:
    """Train a ReLU network of two hidden layers under the objective "supnorm". Its corrected output
    is `first`, or a smooth fit like `teacher`.
    """
    radii = radii_of(sample.X)
    corrected = corrected_output(sample, first, teacher, seed=seed, n_jobs=n_jobs, control=control)
    without = [corrected.without(k) for k in range(sample.folds.count)]

    def train(task: tuple[int, float]) -> Matrix:
        """Predictions of fold k by the network without it."""
        k, radius = task
        X, rows = sample.view(k), sample.folds.train(k)
        settings = SupNormSettings(radius, steps=STEPS)
        tuned = train_sup_norm(
            relu_network(X[rows], sample.y.shape[1], seed),
            X[rows],
            without[k],
            settings,
            seed=seed,
            control=control,
        )
        return _values(tuned, X[sample.folds.held_out(k)])

    parts = parallel_map(train, list(product(range(sample.folds.count), radii)), n_jobs)
    paths = np.stack([sample.folds.joined(parts[r :: len(radii)]) for r in range(len(radii))])
    squares = np.nan_to_num(((paths - sample.y) ** 2).sum(2) * sample.weight)
    oof = sample.folds.joined(
        [paths[r, sample.folds.held_out(k)] for k, r in enumerate(sample.folds.choices(squares))]
    )
    radius = radii[int(squares.sum(1).argmin())]
    start = relu_network(sample.X, sample.y.shape[1], seed)
    settings = SupNormSettings(radius, steps=STEPS)
    network = train_sup_norm(
        start, sample.X, corrected.predict, settings, seed=seed, control=control
    )
    return SupNormTrained(cast(Motif, network), oof, radius)


def largest_local_error(sample: Sample, oof: Matrix) -> float:
    """The largest of all local means of out-of-fold residuals, with shape (n, q)."""
    from sklearn.neighbors import NearestNeighbors

    rows = np.isfinite(oof).all(1)
    X, w, residuals = sample.X[rows], sample.weight[rows], sample.y[rows] - oof[rows]
    k = max(1, min(len(X), round(len(X) ** (2 / 3))))
    near = NearestNeighbors(n_neighbors=k).fit(X).kneighbors(X, return_distance=False)
    local = (w[near, None] * residuals[near]).sum(1) / w[near].sum(1)[:, None]
    return float(np.abs(local).max())


def relu_network(X: Matrix, outputs: int, seed: int) -> Motif:
    """Two random hidden layers, with kinks all over the box of rows X with shape (n, d)."""
    generator = torch.Generator().manual_seed(seed)
    normal = partial(torch.randn, generator=generator, dtype=torch.float64)
    low, high = X.min(0), X.max(0)
    middle = torch.as_tensor((low + high) / 2)
    half = torch.as_tensor(np.maximum((high - low) / 2, 1e-12))
    inward = normal(WIDTH, X.shape[1]) * (2 / X.shape[1]) ** 0.5 / half
    return Chain(
        [
            Affine(inward, 0.5 * normal(WIDTH) - inward @ middle),
            ReLU(),
            Affine(normal(WIDTH, WIDTH) * (2 / WIDTH) ** 0.5, 0.05 * normal(WIDTH)),
            ReLU(),
            Affine(
                normal(outputs, WIDTH) * 0.5 * (2 / WIDTH) ** 0.5,
                torch.zeros(outputs, dtype=torch.float64),
            ),
        ],
        label="sup-norm training",
    )


def _values(network: torch.nn.Module, X: Matrix) -> Matrix:
    with torch.no_grad():
        return np.asarray(network(torch.as_tensor(X)).numpy())
