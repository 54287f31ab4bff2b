"""Where trainings of the kernel network start, and the two trainings from random weights.

    f(x) = b + Σ_i α_i k(u(x), u(x_i)),   k = Σ_c π_c φ_c(a_c · distance),   z = warp(x),   u = z W for the Euclidean parts

Random weights: log slopes, log scales of the columns, mixture logits and log rates are normal
around the generic start, with the standard deviations of the training's own prior where it has one;
W is normal with variance 1/m; λ is log-uniform on [1e-4, 1]; α is normal with variance 1/n.

    projected    Adam on all inner parameters by the objective of `train_feature_layers`, the last layer in closed form at every step
    end to end   AdamW on all weights, last layer included, by squared error on batches; the centres are the training rows behind the same layers
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.svm import SVR
from torch import Tensor

from motifnet.engine import Matrix
from motifnet.kernels import CAPACITY, start_kernel
from motifnet.tables import Sample
from motifnet.teachers import KernelRidge
from motifnet.teachers._kernel_ridge import choose_scale
from motifnet.training import (
    Adam,
    FeatureLayers,
    FeatureSettings,
    Start,
    mixture,
    solve_whole,
    train_feature_layers,
)
from motifnet.training._feature_learning import MIN_BATCH, find_gradients
from motifnet.training._parameters import TAU, FeatureParameters
from motifnet.transfer import read_kernel, transfer

GENERIC_RIDGE, BAD_RIDGE, BAD_SCALE = 0.01, 1.0, 8.0
EPSILON, FOLDS = 0.05, 3
BATCH, DECAY, PREDICTED = 128, 0.01, 500


Teacher = tuple[Start, Callable[[Matrix], Matrix]]


def fit_svr(sample: Sample, seed: int) -> Teacher:
    """A support vector regression tuned by a small grid: the kernel that its transferred network
    has, and its predictions.
    """
    d, y = sample.X.shape[1], sample.y[:, 0]
    grid = {"C": [1.0, 10.0, 100.0], "gamma": [0.3 / d, 1.0 / d, 3.0 / d]}
    folds = KFold(FOLDS, shuffle=True, random_state=seed)  # rows of a sample are sorted
    model = (
        GridSearchCV(SVR(epsilon=EPSILON), grid, cv=folds, scoring="neg_mean_squared_error")
        .fit(sample.X, y)
        .best_estimator_
    )
    network = read_kernel(transfer(model))
    assert network is not None
    return Start.of(network.unit_kernel, sample, seed), lambda X: model.predict(X)[:, None]


def fit_ridge(
    sample: Sample, medians: dict[int, float], profiles: tuple[str, ...], seed: int
) -> Teacher:
    """The library's own kernel ridge regression: length scale and λ of its grid, as `starts_of` has
    them for all rows, and its predictions.
    """
    teacher = KernelRidge(profiles=profiles)
    choice = choose_scale(sample, np.ones(sample.n, dtype=bool), None, teacher, medians, seed)
    start = Start(start_kernel(profiles, medians, choice.scale), choice.ridge)
    untrained = train_feature_layers(
        sample, start, FeatureSettings(profiles, steps=0, map_share=0.0), [seed]
    )
    return start, solve_whole(sample, untrained, CAPACITY).predict


def generic_start(profiles: tuple[str, ...], medians: dict[int, float]) -> Start:
    """Rate 1 / median distance and λ = .01."""
    return Start(start_kernel(profiles, medians, 1.0), GENERIC_RIDGE)


def bad_start(profiles: tuple[str, ...], medians: dict[int, float]) -> Start:
    """Eight times the rate and λ = 1."""
    return Start(start_kernel(profiles, medians, BAD_SCALE), BAD_RIDGE)


def random_parameters(
    sample: Sample, generic: Start, settings: FeatureSettings, rng: np.random.Generator
) -> FeatureParameters:
    """The inner parameters with random values; their prior stays where it is for every
    other start.
    """
    X, numeric = torch.as_tensor(sample.X).float(), torch.as_tensor(sample.numeric)
    inner = FeatureParameters(
        X,
        numeric,
        generic.kernel,
        generic.ridge,
        segments=settings.segments,
        map_columns=settings.map_columns,
    )
    m = len(inner.M)
    draws = [
        (inner.s, TAU * rng.normal(size=inner.s.shape)),
        (inner.scale, rng.normal(size=inner.scale.shape)),
        (inner.mix, rng.normal(size=inner.mix.shape)),
        (inner.log_rates, rng.normal(size=inner.log_rates.shape)),
        (inner.log_ridge, np.log(10 ** rng.uniform(-4, 0, size=1) / generic.ridge)),
        (inner.M, rng.normal(size=inner.M.shape) / math.sqrt(max(m, 1)) - np.eye(m)),
    ]
    with torch.no_grad():
        for leaf, values in draws:
            leaf.copy_(torch.as_tensor(values))
    return inner


def train_projected(
    sample: Sample, generic: Start, settings: FeatureSettings, seed: list[int]
) -> FeatureLayers:
    """From random weights, by the steps of `train_feature_layers`."""
    rng = np.random.default_rng(seed)
    inner = random_parameters(sample, generic, settings, rng)
    X, y, w = (
        torch.as_tensor(sample.X).float(),
        torch.as_tensor(sample.y),
        torch.as_tensor(sample.weight),
    )
    adam, size = (
        Adam(inner.vector, inner.rates(settings.rate, settings.map_rate)),
        min(sample.n, settings.batch, max(MIN_BATCH, sample.n // 2)),
    )
    for step in range(settings.steps):
        rows = torch.as_tensor(np.sort(rng.permutation(sample.n)[:size]))
        find_gradients(inner, inner.rows(X[rows]), y[rows], w[rows], None, sample.n)
        adam.step(inner.gradient(), 1 - 0.9 * step / settings.steps)
    return inner.freeze()


@dataclass
class EndToEnd:
    """The kernel network with all weights trained by AdamW from random values."""

    sample: Sample
    generic: Start
    settings: FeatureSettings
    rate: float
    seed: list[int]

    def train(self) -> EndToEnd:
        rng, n = np.random.default_rng(self.seed), self.sample.n
        self.inner = random_parameters(self.sample, self.generic, self.settings, rng)
        self.basis = self.inner.rows(torch.as_tensor(self.sample.X).float())
        y = torch.as_tensor(self.sample.y).float()
        self.dual = (
            torch.as_tensor(rng.normal(size=y.shape) / math.sqrt(n)).float().requires_grad_(True)
        )
        self.intercept = torch.zeros(y.shape[1], requires_grad=True)
        weights = [
            leaf for leaf in self.inner.leaves if leaf is not self.inner.log_ridge and leaf.numel()
        ]
        optimiser = torch.optim.AdamW(
            [*weights, self.dual, self.intercept], lr=self.rate, weight_decay=DECAY
        )
        for step in range(self.settings.steps):
            batch = torch.as_tensor(rng.permutation(n)[:BATCH])
            optimiser.param_groups[0]["lr"] = self.rate * (1 - 0.9 * step / self.settings.steps)
            optimiser.zero_grad()
            Z, U = self._layers(self.basis.basis, self.basis.bits)
            (self._output(Z[batch], U[batch], Z, U) - y[batch]).square().mean().backward()
            optimiser.step()
        return self

    @torch.no_grad()
    def predict(self, X: Matrix) -> Matrix:
        """Values with shape (m, q) at new rows."""
        Z, U = self._layers(self.basis.basis, self.basis.bits)
        parts = []
        for part in np.array_split(X, math.ceil(len(X) / PREDICTED)):
            rows = self.inner.rows(torch.as_tensor(part).float())
            parts.append(self._output(*self._layers(rows.basis, rows.bits), Z, U).double().numpy())
        return np.concatenate(parts)

    def _layers(self, basis: Tensor, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Rows behind the warps, and behind the map as well; indicators are columns like the
        others, at their own scale.
        """
        inner, slopes = self.inner, self.inner.slopes()
        Z = inner.warped(basis, slopes[inner.others])
        U = inner._changed(Z, Z[:, inner.numeric] @ inner.M) if inner.M.numel() else Z
        apart = bits * (slopes[inner.indicators] * inner.lengths).sum(1)
        return torch.cat([Z, apart], 1), torch.cat([U, apart], 1)

    def _output(self, Z: Tensor, U: Tensor, Z_centres: Tensor, U_centres: Tensor) -> Tensor:
        inner = self.inner
        rates = torch.exp(inner.log_rates + torch.log(inner.start_rates).to(inner.log_rates.dtype))
        return (
            mixture(Z, Z_centres, U, U_centres, inner.profiles, inner.weights(), rates) @ self.dual
            + self.intercept
        )
