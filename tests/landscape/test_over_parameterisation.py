"""Error against size: simulations against closed forms, the peak at as many parameters as rows, and
what the ridge and GCV do there.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from motifnet.engine import UsageError
from motifnet.landscape import (
    Linearised,
    LinearisedSoftmax,
    ParallelNetwork,
    ResidualNetwork,
    SizeCurve,
    divisibility,
    effective_ridge,
    factor,
    fisher_spectrum,
    isotropic_risk,
    minimise,
    population_risk,
    ridge_risk,
    risk_of,
    size_curve,
)

Vector = NDArray[np.float64]
NOISE = 0.25


def simulated(values: Vector, b: Vector, n: int, ridge: float, repeats: int) -> float:
    """Mean excess error of ridge regression on Gaussian rows with these variances."""
    rng, errors = np.random.default_rng(0), []
    for _ in range(repeats):
        X = rng.normal(size=(n, len(values))) * np.sqrt(values)
        y = X @ b + math.sqrt(NOISE) * rng.normal(size=n)
        fitted = (
            np.linalg.lstsq(X, y)[0]
            if ridge == 0
            else X.T @ np.linalg.solve(X @ X.T / n + ridge * np.eye(n), y) / n
        )
        errors.append(float(values @ (fitted - b) ** 2))
    return float(np.mean(errors))


@pytest.mark.parametrize("ratio", [0.25, 0.5, 0.8, 1.25, 2.0, 4.0, 8.0])
def test_fixed_point_is_the_closed_form(ratio: float) -> None:
    p = int(100 * ratio)
    found = ridge_risk(np.ones(p), np.full(p, p**-0.5), 100, 0.0, NOISE)
    assert found.total == pytest.approx(isotropic_risk(ratio, NOISE, 1.0), rel=1e-6)
    assert found.kappa == pytest.approx(max(ratio - 1, 0.0), abs=1e-9)


@pytest.mark.parametrize("ratio", [0.25, 0.5, 0.8, 1.25, 2.0, 4.0, 8.0])
def test_isotropic_risk_is_what_least_squares_has(ratio: float) -> None:
    n = 200  # the closed form is that of n → ∞
    p = int(n * ratio)
    error = simulated(np.ones(p), np.full(p, p**-0.5), n, 0.0, 200 if p <= n else 60)
    assert error == pytest.approx(
        isotropic_risk(ratio, NOISE, 1.0), rel=0.03 if ratio >= 2 else 0.08
    )


@pytest.mark.parametrize("ridge", [0.0, 1e-3, 1e-2, 1e-1])
def test_ridge_risk_of_a_falling_spectrum(ridge: float) -> None:
    values, b = 1 / np.arange(1.0, 301.0), np.full(300, 0.4)
    theory = ridge_risk(values, b, 100, ridge, NOISE)
    assert simulated(values, b, 100, ridge, 100) == pytest.approx(theory.total, rel=0.08)
    kappa = effective_ridge(values, 100, ridge)
    assert ridge == pytest.approx(kappa * (1 - (values / (values + kappa)).sum() / 100), abs=1e-9)


def test_risk_is_infinite_at_as_many_parameters_as_rows() -> None:
    assert isotropic_risk(1.0, NOISE, 1.0) == math.inf
    assert ridge_risk(np.ones(100), np.ones(100), 100, 0.0, NOISE).total == math.inf


@pytest.mark.parametrize("p", [60, 900])
def test_spikes_stand_out_of_the_bulk_of_noise(p: int) -> None:
    X = torch.randn(300, p, dtype=torch.float64)
    X[:, :3] *= 8
    # G = 2XᵀX/n
    found = fisher_spectrum(risk_of(nn.Linear(p, 1, bias=False), X, torch.zeros(300, 1)))
    assert found.spikes == 3 and "3 of" in found.sentence
    assert found.edge == pytest.approx(2 * (1 + math.sqrt(p / 300)) ** 2, rel=0.1)
    assert found.effective_ranks[0] == pytest.approx(
        float(2 * X.square().sum() / 300 / found.values[0])
    )


def target(X: Tensor) -> Tensor:
    return torch.sin(2 * X[:, :1]) + X[:, 1:2] * X[:, 2:3]


def sample(n: int, noise: float = 0.3) -> tuple[Tensor, Tensor]:
    X = 2 * torch.rand(n, 8, dtype=torch.float64) - 1
    return X, target(X) + noise * torch.randn(n, 1, dtype=torch.float64)


def test_linearised_fit_is_ridge_regression_and_gcv_is_its_formula() -> None:
    X, y = sample(40)
    fit = Linearised(risk_of(ParallelNetwork((8, 3, 1), 3), X, y))
    J, r = fit.risk.jacobian(X)[:, 0], fit.residual
    for ridge in (1e-3, 1e-1):
        K = J @ J.T / 40
        inverse = torch.linalg.inv(K + ridge * torch.eye(40, dtype=torch.float64))
        alpha = inverse @ r
        fresh = sample(7)[0]
        expected = (
            fit.risk.outputs(fit.risk.theta, fresh)
            + fit.risk.jacobian(fresh)[:, 0] @ (J.T @ alpha / 40)[:, None]
        )
        torch.testing.assert_close(fit.predict(fresh, ridge), expected)
        assert fit.gcv(ridge) == pytest.approx(
            float((ridge * alpha).square().mean() / (ridge * inverse.trace() / 40) ** 2)
        )
    inverse = torch.linalg.inv(J @ J.T / 40)
    assert fit.gcv(0.0) == pytest.approx(
        float((inverse @ r).square().mean() / (inverse.trace() / 40) ** 2)
    )
    torch.testing.assert_close(fit.predict(X, 0.0), y)
    small = Linearised(risk_of(ParallelNetwork((8, 3, 1), 1), X, y))
    assert small.variance_factor(0.0) == pytest.approx(30 / 10)  # γ/(1−γ)


def test_linearised_softmax_is_at_its_minimum() -> None:
    X, y = sample(40)
    labels = (y[:, 0] > 0).long()
    risk = risk_of(ParallelNetwork((8, 3, 2), 2), X, labels, "cross_entropy")
    ridge = 1e-2
    scores = LinearisedSoftmax(risk).predict(X, ridge)
    slopes = (torch.softmax(scores, 1) - nn.functional.one_hot(labels)) / len(X)
    J = risk.jacobian(X).flatten(0, 1)
    beta = -J.T @ slopes.reshape(-1) / ridge  # where the slope of the objective is zero
    torch.testing.assert_close(
        risk.outputs(risk.theta, X) + (J @ beta).view(-1, 2), scores, rtol=0, atol=1e-2
    )


def test_linear_network_trained_and_linearised_agree() -> None:
    X, y = sample(40)
    risk = risk_of(nn.Linear(8, 1), X, y)
    torch.testing.assert_close(
        minimise(risk, 60).theta,
        torch.linalg.lstsq(torch.cat([X, torch.ones(40, 1)], 1), y).solution[:, 0],
        atol=1e-2,
        rtol=0,
    )


def test_training_never_raises_the_risk_and_interpolates_when_wide() -> None:
    X, y = sample(40)
    wide = risk_of(ParallelNetwork((8, 3, 1), 10), X, y)
    assert float(minimise(wide, 30).value(minimise(wide, 30).theta)) < 1e-6


def test_parts_of_a_network_that_do_not_interact() -> None:
    F = torch.block_diag(torch.randn(3, 2), torch.randn(4, 5))
    owners = torch.tensor([0, 0, 1, 1, 1, 1, 1])
    assert divisibility(F, owners) == pytest.approx(0, abs=1e-6)
    X, y = sample(30)
    network = ParallelNetwork((8, 3, 3, 1), 4)
    risk = risk_of(network, X, y)
    assert len(network.owners()) == risk.p
    assert 0 < divisibility(factor(risk), network.owners()) < 1
    with torch.no_grad():  # owners: another copy's parameters do not enter
        parts = [p[2].clone() for p in network.parameters()]
        alone = ParallelNetwork((8, 3, 3, 1), 1)
        for p, part in zip(alone.parameters(), parts, strict=True):
            p[0] = part
        for p in network.parameters():
            p[[0, 1, 3]] = 0
        torch.testing.assert_close(network(X.float()) * 2, alone(X.float()))


class Times(nn.Module):
    """A multiple."""

    def __init__(self, times: float) -> None:
        super().__init__()
        self.times = times

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.times * x


@pytest.fixture(scope="module")
def curve() -> SizeCurve:
    """Parallel networks of 30 parameters a copy, 200 rows to fit, 800 held out."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        X, y = sample(1_000)
    sizes = [1, 2, 3, 5, 6, 7, 8, 10, 15, 25, 50]
    return size_curve(
        lambda copies: ParallelNetwork((8, 3, 1), copies), X, y, sizes, held_out=0.8, repeats=6
    )


def test_double_descent_of_parallel_networks(curve: SizeCurve) -> None:
    ridgeless, ridge = curve.errors(0.0) - 0.09, curve.errors(1e-3) - 0.09
    assert abs(curve.peak.ratio - 1) <= 0.2
    assert ridgeless[-1] < ridgeless.max() / 10
    assert ridge[1:-1].max() <= 1.2 * ridge[0]
    assert "peaks at size" in curve.sentence and "ridge 0.001 is enough" in curve.sentence
    assert curve.near_threshold(7) and not curve.near_threshold(25)


def test_gcv_is_right_away_from_the_threshold_and_optimistic_at_it(curve: SizeCurve) -> None:
    far = [p for p in curve.points if abs(p.ratio - 1) > 0.3]
    assert all(0.7 <= p.gcv[0] / p.errors[0] <= 1.3 for p in far), [
        (p.ratio, p.gcv[0] / p.errors[0]) for p in far
    ]
    assert all(0.7 <= p.gcv[1] / p.errors[1] <= 1.3 for p in curve.points)
    assert curve.peak.gcv[0] < 0.7 * curve.peak.errors[0]


def test_ridges_mean_the_same_whatever_the_scale_of_the_outputs() -> None:
    X, y = sample(300)

    def factory(times: float, copies: int) -> nn.Module:
        network = ParallelNetwork((8, 3, 1), copies)
        with torch.no_grad():
            network.weights[-1].mul_(times)
            network.weights[0].requires_grad_(False)
            for bias in network.biases:
                # the last layer alone is fitted, so that all outputs are times as large
                bias.requires_grad_(False)
        return nn.Sequential(network, Times(times))

    one, many = (
        size_curve(partial(factory, c), X, c**2 * y, [4, 16], ridges=(1e-3, 1e-1), repeats=2)
        for c in (1.0, 30.0)
    )
    for here, there in zip(one.points, many.points, strict=True):
        np.testing.assert_allclose(np.array(there.errors) / 30.0**4, here.errors, rtol=1e-8)


@pytest.mark.parametrize("size", [4, 25])
def test_theory_of_a_linearised_network(size: int) -> None:
    """With a ridge; without one the features of networks are too far from Gaussian in their many
    small directions.
    """
    X, y = sample(200)
    network = ParallelNetwork((8, 3, 1), size)
    population = sample(4_000)[0]
    risk = risk_of(network, X, y)
    for ridge in (1e-3, 1e-2):
        theory = population_risk(risk, population, target(population), ridge, 0.09).total
        draws = []
        for _ in range(8):
            fresh, noisy = sample(200)
            predicted = Linearised(risk_of(network, fresh, noisy)).predict(population, ridge)
            draws.append(float((predicted - target(population)).square().mean()))
        assert np.mean(draws) == pytest.approx(theory, rel=0.08)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["parallel", "residual"])
def test_double_descent_of_trained_networks(family: str) -> None:
    X, y = sample(1_000)
    sizes = [1, 3, 7, 15, 50]

    def factory(size: int) -> nn.Module:
        return (
            ParallelNetwork((8, 3, 1), size)
            if family == "parallel"
            else ResidualNetwork(8, 1, size)
        )

    found = size_curve(factory, X, y, sizes, held_out=0.8, repeats=3, iterations=300)
    trained = [point.trained - 0.09 for point in found.points]
    peak = int(np.argmax(trained))
    assert abs(found.points[peak].ratio - 1) <= 0.2
    assert trained[-1] < trained[peak] / 1.5


def test_softmax_has_its_threshold_at_classes_less_one() -> None:
    X, y = sample(80)
    found = size_curve(
        lambda copies: ParallelNetwork((8, 3, 2), copies),
        X,
        (y[:, 0] > 0).long(),
        [1],
        loss="cross_entropy",
        repeats=1,
        iterations=5,
    )
    point = found.points[0]
    assert point.ratio == pytest.approx(point.parameters / 40)
    assert math.isfinite(point.trained) and math.isnan(point.gcv[0])


def test_curve_repeats_itself_and_leaves_the_random_state_alone() -> None:
    X, y = sample(40)
    state = torch.get_rng_state()
    first, again = (
        size_curve(lambda m: ParallelNetwork((8, 2, 1), m), X, y, [2, 1], repeats=2)
        for _ in range(2)
    )
    assert repr(first) == repr(again)
    assert torch.equal(state, torch.get_rng_state())
    assert [point.size for point in first.points] == [1, 2]


def test_wrong_use_is_said() -> None:
    X, y = sample(40)
    with pytest.raises(UsageError, match="at least one"):
        size_curve(lambda m: ParallelNetwork((8, 2, 1), m), X, y, [])
    with pytest.raises(UsageError, match="stand for the population"):
        population_risk(risk_of(ParallelNetwork((8, 3, 1), 3), X, y), X, target(X), 0.0, 0.1)
