"""Fits under a convex loss by working regressions: steps, slopes, optimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest
import torch
from torch import Tensor

from motifnet.kernels import (
    ExactSmoother,
    LandmarkSmoother,
    Parabola,
    Scores,
    fit_reweighted,
    log_losses,
    solve_ridge,
)
from motifnet.kernels._convex_loss import _Problem
from tests.kernels.problems import KERNEL, D, N, numbers


def logistic(sign: Tensor) -> Callable[[Tensor], Parabola]:
    def loss(f: Tensor) -> Parabola:
        p = torch.sigmoid(sign * f)
        return Parabola(-torch.log(p), -sign * (1 - p), p * (1 - p))

    return loss


def test_reweighted_fits_end_where_the_slope_is_zero(
    problem: tuple[Tensor, Tensor, Tensor],
) -> None:
    """α = −w g / λ and Σ w g = 0, from any start."""
    X, y, w = problem
    K, loss = KERNEL.gram(X, X), logistic(torch.sign(y[:, 0]))
    ends = []
    for start in (torch.zeros(N, dtype=torch.float64), 3 * numbers(N, seed=7)):
        dual, b = fit_reweighted(
            K, w, loss, 0.3, start, torch.tensor(1.0, dtype=torch.float64), tolerance=1e-14
        )
        g = loss(b + K @ dual).gradient
        assert torch.allclose(dual, -w * g / 0.3, atol=1e-5) and abs(float(w @ g)) < 1e-5
        ends.append(torch.cat([dual, b[None]]))
    assert torch.allclose(ends[0], ends[1], atol=1e-5)


def test_a_reweighted_fit_of_squares_is_a_ridge_regression(
    problem: tuple[Tensor, Tensor, Tensor],
) -> None:
    X, y, w = problem
    K, target, zero = KERNEL.gram(X, X), y[:, 0], torch.zeros(N, dtype=torch.float64)
    seen: list[Tensor] = []

    def loss(f: Tensor) -> Parabola:
        seen.append(f)
        return Parabola((f - target) ** 2 / 2, f - target, torch.ones_like(f))

    dual, b = fit_reweighted(K, w, loss, 0.3, zero, zero[0])
    expected = solve_ridge(K, target[:, None], 0.3 / w)
    assert torch.allclose(dual, expected[0][:, 0]) and torch.allclose(b, expected[1][0])
    assert len(seen) == 3  # the start, the step, and a second one that gains nothing


def test_steps_that_are_too_long_are_halved(problem: tuple[Tensor, Tensor, Tensor]) -> None:
    """Where the curvature is said to be a hundredth of what it is, the objective still falls at
    every step.
    """
    X, y, w = problem
    K, target, zero, values = (
        KERNEL.gram(X, X),
        y[:, 0],
        torch.zeros(N, dtype=torch.float64),
        list[float](),
    )

    def loss(f: Tensor) -> Parabola:
        return Parabola((f - target) ** 2 / 2, f - target, torch.full_like(f, 0.01))

    for tolerance in (10.0, 1e-2, 1e-4):
        dual, b = fit_reweighted(K, w, loss, 0.3, zero, zero[0], tolerance)
        f = b + K @ dual
        values.append(float(w @ (f - target) ** 2 / 2 + 0.15 * dual @ K @ dual))
    assert float(w @ target**2) / 2 > values[0] >= values[1] >= values[2]


def test_working_targets_and_weights_are_those_of_the_parabola() -> None:
    f, w = numbers(5), 1 + numbers(5, seed=1).abs()
    at = Parabola(
        torch.zeros(5),
        torch.full((5,), 2.0, dtype=torch.float64),
        torch.tensor([1.0, 2.0, 4.0, 0.0, 8.0], dtype=torch.float64),
    )
    targets, weights = at.working(f, w)
    assert torch.allclose(targets[[0, 1, 2, 4]], (f - 2 / at.hessian)[[0, 1, 2, 4]])
    assert torch.allclose(weights[[0, 1, 2, 4]], (w * at.hessian)[[0, 1, 2, 4]]) and float(
        weights[3] / w[3]
    ) == pytest.approx(3e-10)


# steps under a loss


@pytest.mark.parametrize("exact", [True, False])
def test_a_step_is_at_the_minimum_of_its_parabola(
    exact: bool, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    """Along any direction the slope of  Σ (g·s + w |s|² / 2) + λ/2 ‖f + s‖²  is zero there."""
    X, _, w = problem
    lam, slopes = 0.4, numbers(N, 2, seed=3)
    if exact:
        K = KERNEL.gram(X, X)
        smoother: ExactSmoother | LandmarkSmoother = ExactSmoother.of(K, w, lam)
        alpha = numbers(N, 2, seed=4)
        f, t = (
            Scores(a - a.mean(0), b, K @ (a - a.mean(0)) + b)
            for a, b in ((alpha, alpha[0]), (alpha.flip(0), alpha[1]))
        )
        square = float((f.coefficients * (K @ f.coefficients)).sum())
    else:
        F = torch.cat([numbers(N, 5), torch.ones(N, 1)], 1)
        smoother, gamma = LandmarkSmoother.of(F, F.T @ (w[:, None] * F), lam), numbers(6, 2, seed=4)
        f, t = (Scores(g[:-1], g[-1], F @ g) for g in (gamma, gamma.flip(0)))
        square = float((f.coefficients**2).sum())
    s = smoother.step(f, slopes)
    whole = f.plus(1.0, s)
    slope = float(((slopes + w[:, None] * s.values) * t.values).sum()) + lam * smoother.product(
        whole, t
    )
    assert abs(slope) < 1e-4 * float((slopes * t.values).abs().sum())
    assert (
        smoother.product(f, f) == pytest.approx(square, rel=1e-9)
        and s.values.dtype == torch.float64
    )
    with pytest.raises(FrozenInstanceError):
        smoother.lam = 1.0  # type: ignore[misc]
    assert (
        torch.allclose(f.plus(0.5, t).values, f.values + t.values / 2)
        and not smoother.zero(2).values.any()
    )


def test_a_singular_matrix_is_factored_in_double_precision() -> None:
    K = torch.ones(6, 6, dtype=torch.float64)
    w = torch.full((6,), 1e8, dtype=torch.float64)
    assert ExactSmoother.of(K, w, 1.0).L.dtype == torch.float64
    assert ExactSmoother.of(K, torch.ones(6, dtype=torch.float64), 1.0).L.dtype == torch.float32


def test_the_log_loss_its_gradient_and_its_line_search(
    problem: tuple[Tensor, Tensor, Tensor],
) -> None:
    X, _, w = problem
    F, labels = torch.cat([X, torch.ones(N, 1)], 1), torch.arange(N) % 3
    smoother = LandmarkSmoother.of(F, F.T @ (w[:, None] * F), 0.4)
    task, gammas = (
        _Problem(smoother, labels, w, 0.4),
        (numbers(D + 1, 3), 0.3 * numbers(D + 1, 3, seed=1)),
    )
    f, d = (Scores(g[:-1], g[-1], F @ g) for g in gammas)
    expected = torch.nn.functional.cross_entropy(f.values, labels, reduction="none")
    assert torch.allclose(log_losses(f.values, labels), expected)
    assert task.value(f) == pytest.approx(float(w @ expected + 0.2 * (f.coefficients**2).sum()))
    g, h = task.gradient(f), 1e-5
    forward, back = task.value(f.plus(h, d)), task.value(f.plus(-h, d))
    assert task.along(f, g, d) == pytest.approx((forward - back) / (2 * h), rel=1e-6)
    best, value = task.descend(f, task.value(f), d, d)
    t = float((best.coefficients - f.coefficients)[0, 0] / d.coefficients[0, 0])
    assert value == pytest.approx(task.value(best)) and value <= min(
        task.value(f.plus(t + e, d)) for e in (-1e-2, 1e-2)
    )
