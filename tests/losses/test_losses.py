"""Losses: slopes against differences, best constants, parabolas that lie above, and Newton's
optimum for kernel machines.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from motifnet.engine import UsageError
from motifnet.kernels import Parabola, fit_reweighted, solve_ridge
from motifnet.losses import Gamma, Loss, Objective, Pinball, Poisson

LOSSES: list[Loss] = [Poisson(), Gamma(), Pinball(0.5, 0.3), Pinball(0.9, 0.3)]
names = pytest.mark.parametrize(
    "loss", LOSSES, ids=lambda loss: f"{loss.name}{getattr(loss, 'level', '')}"
)


def draw(n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.gamma(2.0, size=n), rng.normal(size=n), rng.integers(1, 4, n).astype(float)


@names
def test_slope_is_the_derivative_and_the_loss_is_convex(loss: Loss) -> None:
    y, eta, _ = draw()
    step = 1e-6
    difference = (loss.value(y, eta + step) - loss.value(y, eta - step)) / (2 * step)
    assert np.allclose(loss.gradient(y, eta), difference, atol=1e-5)
    assert (loss.gradient(y, eta + 0.5) >= loss.gradient(y, eta)).all()
    assert (loss.hessian(y, eta) > 0).all()


@names
def test_loss_is_zero_at_the_target_and_positive_elsewhere(loss: Loss) -> None:
    y, eta, _ = draw()
    exact = Pinball(loss.level) if isinstance(loss, Pinball) else loss
    assert np.allclose(exact.value(y, np.log(y) if loss.log_link else y), 0, atol=1e-12)
    assert (exact.value(y, eta) > 0).all()


@names
def test_best_constant_has_slope_zero(loss: Loss) -> None:
    y, _, w = draw()
    exact = Pinball(loss.level) if isinstance(loss, Pinball) else loss
    c = exact.constant(y, w)
    beside = [w @ exact.value(y, np.full(len(y), c + shift)) for shift in (-0.01, 0.0, 0.01)]
    assert beside[1] <= min(beside)
    assert exact.constant(np.repeat(y, w.astype(int)), np.ones(int(w.sum()))) == pytest.approx(
        c, abs=1e-12
    )


def test_parabola_of_the_pinball_loss_lies_above_it() -> None:
    y, eta, _ = draw()
    loss = Pinball(0.8, 0.2)
    for step in np.linspace(-3, 3, 41):
        above = (
            loss.value(y, eta) + loss.gradient(y, eta) * step + loss.hessian(y, eta) * step**2 / 2
        )
        assert (above >= loss.value(y, eta + step) - 1e-12).all()


def test_exposure_is_a_weight_for_counts() -> None:
    rng = np.random.default_rng(0)
    e, eta = rng.gamma(2.0, size=100), rng.normal(size=100)
    y = rng.poisson(e * np.exp(eta)).astype(float)
    full = Poisson().value(y, eta + np.log(e))
    assert np.allclose(full, e * Poisson().value(y / e, eta), atol=1e-10)
    amounts = rng.gamma(2.0, size=100)
    assert np.allclose(
        Gamma().value(amounts, eta + np.log(e)), Gamma().value(amounts / e, eta), atol=1e-12
    )


def kernel_problem(loss: Loss, n: int = 60) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(1)
    X = torch.as_tensor(rng.normal(size=(n, 2)))
    y = torch.as_tensor(rng.gamma(2.0, size=n)) + X[:, 0] ** 2
    return torch.exp(-torch.cdist(X, X)), y, torch.as_tensor(rng.integers(1, 4, n).astype(float))


def parabolas(loss: Loss, y: torch.Tensor) -> Callable[[torch.Tensor], Parabola]:
    target = y.numpy()
    return lambda f: Parabola(
        *(
            torch.as_tensor(part(target, f.numpy()))
            for part in (loss.value, loss.gradient, loss.hessian)
        )
    )


@names
def test_newtons_optimum_has_zero_gradient(loss: Loss) -> None:
    K, y, w = kernel_problem(loss)
    at, ridge = parabolas(loss, y), 0.5
    dual, b = fit_reweighted(
        K,
        w,
        at,
        ridge,
        torch.zeros_like(y),
        torch.tensor(0.0, dtype=torch.float64),
        tolerance=1e-14,
    )
    g = w * at(K @ dual + b).gradient
    # reweighting nears a corner of the slope in smaller and smaller steps
    within = 1e-2 if isinstance(loss, Pinball) else 1e-4
    assert float(g.sum().abs()) < within
    assert float((dual + g / ridge).abs().max()) < within


@names
def test_weight_two_is_a_repeated_row_in_the_solver(loss: Loss) -> None:
    K, y, w = kernel_problem(loss)
    zero = torch.tensor(0.0, dtype=torch.float64)
    dual, b = fit_reweighted(
        K, w, parabolas(loss, y), 0.5, torch.zeros_like(y), zero, tolerance=1e-14
    )
    rows = torch.repeat_interleave(torch.arange(len(y)), w.long())
    again, c = fit_reweighted(
        K[rows][:, rows],
        torch.ones(len(rows)).double(),
        parabolas(loss, y[rows]),
        0.5,
        torch.zeros(len(rows)).double(),
        zero,
        tolerance=1e-14,
    )
    assert torch.allclose(K @ dual + b, K[:, rows] @ again + c, atol=1e-4)


def test_squared_loss_is_solved_in_one_step() -> None:
    K, y, w = kernel_problem(LOSSES[0])
    half = lambda f: Parabola((y - f) ** 2 / 2, f - y, torch.ones_like(f))  # noqa: E731
    dual, b = fit_reweighted(
        K, w, half, 0.5, torch.zeros_like(y), torch.tensor(0.0, dtype=torch.float64)
    )
    direct, c = solve_ridge(K, y[:, None], 0.5 / w)
    assert torch.allclose(dual, direct[:, 0], atol=1e-10)
    assert torch.allclose(b, c[0], atol=1e-10)


@pytest.mark.parametrize("quantiles", [(), 0.0, 1.0, (0.5, 0.5), "half", (0.1, None), np.nan])
def test_bad_levels(quantiles: object) -> None:
    with pytest.raises(UsageError, match="quantiles="):
        Objective.of("pinball", quantiles)


def test_levels_are_put_in_order() -> None:
    assert Objective.of("pinball", [0.9, 0.1]).quantiles == (0.1, 0.9)
    assert Objective.of("pinball", 0.3).quantiles == (0.3,)
    with pytest.raises(UsageError, match="objective='l1'"):
        Objective.of("l1", 0.5)
