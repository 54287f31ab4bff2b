"""Exit times and walks of descent against the Ornstein-Uhlenbeck process."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.integrate import dblquad
from torch import Tensor

from motifnet.lab._walks import CURVATURES, bowl_walk, mean_exit_steps
from motifnet.landscape import (
    exponent,
    gaussian_sgd,
    log_exit_steps,
    rate_for,
    risk_of,
    row_noise,
    visited,
)
from tests.landscape.networks import mlp, rows


def test_exit_time_is_the_double_integral() -> None:
    # steps so small that the correction vanishes
    lam, noise, barrier, rate, batch = 2.0, 1.5, 0.02, 1e-8, 1e-6
    s2, r = rate * noise / batch, math.sqrt(2 * barrier / lam)
    integral = dblquad(lambda z, y: math.exp(lam * (y * y - z * z) / s2), 0, r, 0, lambda y: y)[0]
    assert log_exit_steps(lam, noise, barrier, rate, batch) == pytest.approx(
        math.log(2 / s2 * integral / rate), abs=1e-3
    )
    steps = math.exp(log_exit_steps(2.0, 2.0, 0.02, 0.01, 1.0))
    assert rate_for(steps, 2.0, 2.0, 0.02, 1.0) == pytest.approx(0.01, rel=1e-6)
    assert log_exit_steps(1.0, 1.0, 10.0, 0.01, 1.0) == pytest.approx(
        exponent(1.0, 10.0, 0.01, 1.0), rel=0.05
    )


@pytest.mark.parametrize(
    ("lam", "within"), [(1.0, 0.06), (1.5, 0.06), (2.0, 0.06), (3.0, 0.06), (4.0, 0.10)]
)
def test_exit_times_of_walks_whose_noise_is_the_curvature(lam: float, within: float) -> None:
    expected = math.exp(log_exit_steps(lam, lam, 0.02, 0.01, 1.0))
    assert exponent(lam, 0.02, 0.01, 1.0) == pytest.approx(4 / lam)
    assert mean_exit_steps(lam, lam, 0.02, 0.01, 10_000) == pytest.approx(expected, rel=within)


def test_isotropic_noise_does_not_know_the_curvature() -> None:
    barrier, rate, walks = 0.02, 0.01, 2_000
    isotropic = [
        math.log(lam * rate * mean_exit_steps(lam, 1.5, barrier, rate, walks))
        for lam in (1.0, 1.5, 2.0, 3.0, 4.0)
    ]
    aligned = [
        math.log(lam * rate * mean_exit_steps(lam, lam, barrier, rate, walks)) for lam in (1.0, 4.0)
    ]
    assert max(isotropic) - min(isotropic) <= 0.15
    assert aligned[0] - aligned[1] >= 2.5


@pytest.mark.parametrize("p", [50, 400])
def test_walk_lives_in_the_range_of_the_hessian(p: int) -> None:
    walk, Q = bowl_walk(p, aligned=True, steps=16_000)
    found = visited(walk)
    assert abs(found.participation_ratio - 5) <= 0.2
    assert found.stagnated is not None and found.stagnated <= 5_000
    assert found.essential_convexity == 1.0
    # over η/2B; the last factor is that of discrete steps
    spread = (walk.points @ Q).var(0) / (0.1 / (2 * 4.0)) * (1 - 0.1 * CURVATURES / 2)
    assert float(spread.mean()) == pytest.approx(1, abs=0.12)


def test_walk_with_isotropic_noise_diffuses() -> None:
    found = visited(bowl_walk(50, aligned=False, steps=8_000)[0])
    assert found.stagnated is None
    assert "not come to rest" in found.sentence
    assert found.essential_convexity < 0.8
    assert abs(found.participation_ratio - 5) > 1


def test_walk_stays_in_its_ball_and_repeats_itself() -> None:
    risk = risk_of(mlp(), *rows("mlp", "squared"))

    def walk() -> Tensor:
        return gaussian_sgd(
            risk.value,
            risk.gradient,
            row_noise(risk),
            risk.theta,
            rate=0.05,
            batch=1,
            steps=60,
            window=10,
            radius=0.1,
        ).points

    first = walk()
    assert torch.equal(first, walk())
    assert float((first - risk.theta).norm(dim=1).max()) <= 0.1 + 1e-12
