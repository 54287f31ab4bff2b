"""The leave-out algebra under the log loss: least squares as its first step, exact for a working
regression, its gradient, calibration.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from motifnet.kernels import (
    blocks_of,
    calibrated_log_loss,
    gradient_through,
    leave_out_log_loss,
    leave_out_residuals,
    log_losses,
    logits_of,
    probabilities,
    projector,
    scored_weight,
    solve_ridge,
    working_regression,
)

N = 60
IDS = [None, torch.arange(N) // 5, torch.where(torch.arange(N) < 15, -1, torch.arange(N) // 20)]


def problem(classes: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A Gram matrix, labels and whole weights."""
    rng = np.random.default_rng(classes)
    X = torch.as_tensor(rng.normal(size=(N, 2)))
    labels = torch.as_tensor(
        (2 * X.numpy() @ rng.normal(size=(2, classes)) + rng.gumbel(size=(N, classes))).argmax(1)
    )
    return (
        torch.exp(-torch.cdist(X, X)),
        labels,
        torch.as_tensor(rng.integers(1, 4, N).astype(float)),
    )


def indicators(labels: torch.Tensor, classes: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(labels, classes).double()


def test_the_first_step_is_least_squares_of_two_classes() -> None:
    K, labels, w = problem(2)
    z, ridges, alpha, _ = working_regression(K, indicators(labels, 2), 0.3, w, steps=1)
    y = (2 * labels[:, None] - 1).double()
    assert torch.allclose(z, y) and torch.allclose(ridges, 0.3 / w)
    assert torch.allclose(alpha, solve_ridge(K, y, 0.3 / w)[0])


@pytest.mark.parametrize("classes", [2, 3])
def test_the_last_step_is_the_minimum(classes: int) -> None:
    """The duals of the optimum are the slopes of the loss: α = w (y − p) / (λ h₀)."""
    K, labels, w = problem(classes)
    Y, ridge = indicators(labels, classes), 0.5
    z, ridges, alpha, _ = working_regression(K, Y, ridge, w, steps=500, close=0.0)
    p = probabilities(z - ridges[:, None] * alpha)
    expected = w[:, None] * (Y - p)[:, -alpha.shape[1] :] / (ridge * (1 - 1 / classes))
    assert torch.allclose(alpha, expected, atol=1e-6)
    assert torch.allclose(alpha.sum(0), torch.zeros(1).double(), atol=1e-9)


@pytest.mark.parametrize("classes", [2, 4])
def test_leave_one_out_is_near_that_of_all_fits_anew(classes: int) -> None:
    K, labels, w = problem(classes)
    Y, ridge = indicators(labels, classes), 1.0
    anew = 0.0
    for i in range(N):
        others = torch.arange(N) != i
        z, ridges, _, _ = working_regression(
            K[others][:, others], Y[others], ridge, w[others], steps=100, close=1e-9
        )
        dual, b = solve_ridge(K[others][:, others], z, ridges)
        anew += float(
            w[i]
            * log_losses(logits_of(K[i : i + 1, others] @ dual + b), labels[i : i + 1])[0]
            / w.sum()
        )
    assert leave_out_log_loss(K, Y, ridge, w)[0] == pytest.approx(
        anew, rel=0.02 if classes == 2 else 0.08
    )


@pytest.mark.parametrize("ids", IDS)
@pytest.mark.parametrize("classes", [2, 3])
def test_gradient_with_the_working_regression_held_fixed(
    classes: int, ids: torch.Tensor | None
) -> None:
    K, labels, w = problem(classes)
    Y, ridge, blocks = indicators(labels, classes), 0.2, blocks_of(ids, N)
    z, ridges, _, _ = working_regression(K, Y, ridge, w)
    K.requires_grad_(True)
    log_ridge = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    P = projector(K, ridges * log_ridge.exp())
    r = leave_out_residuals(P, P @ z, blocks)
    share = scored_weight(w, blocks)
    loss = (share / share.sum()) @ log_losses(logits_of(z - r), labels)
    by_K, by_ridge = torch.autograd.grad(loss, [K, log_ridge])
    value, gradient, diagonal = leave_out_log_loss(K.detach(), Y, ridge, w, blocks)
    gradient = gradient.double()
    assert value == pytest.approx(loss.item(), rel=1e-4)
    assert torch.allclose(
        gradient + gradient.T, by_K + by_K.T, rtol=0, atol=1e-4 * float(by_K.abs().max())
    )
    assert float(gradient.diagonal() @ diagonal) == pytest.approx(by_ridge.item(), rel=1e-3)


def test_slopes_against_the_residuals_have_the_same_gradient() -> None:
    """V of both signs takes the longer of two ways."""
    K, _, w = problem(2)
    rng = np.random.default_rng(3)
    y, slopes = (torch.as_tensor(rng.normal(size=(N, 2))) for _ in range(2))
    K.requires_grad_(True)
    P = projector(K, 0.2 / w)
    (expected,) = torch.autograd.grad((slopes * leave_out_residuals(P, P @ y)).sum(), K)
    P = P.detach()
    gradient = gradient_through(P, P @ y, leave_out_residuals(P, P @ y), slopes)
    assert torch.allclose(gradient + gradient.T, expected + expected.T, atol=1e-8)


def test_weight_two_is_the_row_twice_left_out_together() -> None:
    K, labels, _ = problem(2)
    w = torch.ones(N).double()
    w[0] = 2
    twice = torch.cat([torch.arange(N), torch.zeros(1, dtype=torch.long)])
    blocks = blocks_of(torch.cat([torch.arange(N), torch.zeros(1, dtype=torch.long)]), N + 1)
    ridge = 0.3
    one = leave_out_log_loss(K, indicators(labels, 2), ridge, w)[0]
    two = leave_out_log_loss(
        K[twice][:, twice], indicators(labels[twice], 2), ridge, torch.ones(N + 1).double(), blocks
    )[0]
    assert one == pytest.approx(two, rel=1e-4)


def test_one_class_only_and_separable_rows_stay_finite() -> None:
    K, _, w = problem(2)
    for labels in (torch.zeros(N, dtype=torch.long), (K[0] > K[0].median()).long()):
        loss, gradient, ridges = leave_out_log_loss(K, indicators(labels, 2), 1e-6, w)
        assert (
            np.isfinite(loss) and bool(gradient.isfinite().all()) and bool(ridges.isfinite().all())
        )


def test_calibration_of_two_classes_is_platt_scaling() -> None:
    rng = np.random.default_rng(0)
    s = rng.normal(size=300)
    labels, w = (
        (s + rng.logistic(size=300) > 0.5).astype(int),
        rng.integers(1, 4, 300).astype(float),
    )
    theirs = LogisticRegression(C=1e6, tol=1e-10).fit(s[:, None], labels, w)
    p = theirs.predict_proba(s[:, None])[np.arange(300), labels]
    ours = calibrated_log_loss(
        torch.as_tensor(s[:, None]), torch.as_tensor(labels), torch.as_tensor(w)
    )
    assert ours == pytest.approx(float(-np.average(np.log(p), weights=w)), abs=1e-5)


@pytest.mark.parametrize("factor", [0.01, 30.0])
def test_calibration_does_not_depend_on_the_unit_of_scores(factor: float) -> None:
    rng = np.random.default_rng(1)
    labels = torch.as_tensor(rng.integers(0, 3, 200))
    f, w = (
        torch.nn.functional.one_hot(labels, 3) + torch.as_tensor(rng.normal(size=(200, 3))),
        torch.ones(200).double(),
    )
    assert calibrated_log_loss(factor * f, labels, w) == pytest.approx(
        calibrated_log_loss(f, labels, w), abs=1e-4
    )
