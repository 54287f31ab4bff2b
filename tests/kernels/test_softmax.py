"""The log loss of several classes: the optimum against scikit-learn, descent, landmarks as a
special case, honest scores.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from motifnet.kernels import (
    CURVATURE,
    Capacity,
    ExactSmoother,
    LandmarkSmoother,
    Scores,
    fit_softmax,
    log_losses,
    machine_of,
)
from motifnet.training import temperature

N, LAM = 150, 0.7


def problem(classes: int, seed: int = 0) -> tuple[np.ndarray, torch.Tensor, torch.Tensor]:
    """Rows with shape (n, 4), labels drawn from a softmax of them, and whole weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, 4))
    labels = (2 * X @ rng.normal(size=(4, classes)) + rng.gumbel(size=(N, classes))).argmax(1)
    return X, torch.as_tensor(labels), torch.as_tensor(rng.integers(1, 4, N).astype(float))


def fit_linear(X: np.ndarray, labels: torch.Tensor, w: torch.Tensor, classes: int) -> np.ndarray:
    """Probabilities of the fit on the columns themselves as features."""
    F = torch.as_tensor(np.column_stack([X, np.ones(N)]))
    smoother = LandmarkSmoother.of(F, F.T @ (CURVATURE * w[:, None] * F), LAM)
    f = fit_softmax(smoother, labels, w, LAM, smoother.zero(classes), tolerance=1e-15, steps=300)
    return torch.softmax(f.values, 1).numpy()


def fit(
    K: torch.Tensor, labels: torch.Tensor, w: torch.Tensor, classes: int, steps: int = 300
) -> Scores:
    smoother = ExactSmoother.of(K, CURVATURE * w, LAM)
    return fit_softmax(
        smoother, labels, w, LAM, smoother.zero(classes), tolerance=1e-15, steps=steps
    )


def objective(K: torch.Tensor, f: Scores, labels: torch.Tensor, w: torch.Tensor) -> float:
    scores = K @ f.coefficients + f.intercept
    return float(
        w @ log_losses(scores, labels) + LAM / 2 * (f.coefficients * (K @ f.coefficients)).sum()
    )


@pytest.mark.parametrize("classes", [3, 5])
def test_linear_features_are_multinomial_logistic_regression(classes: int) -> None:
    X, labels, w = problem(classes)
    theirs = LogisticRegression(C=1 / LAM, solver="newton-cg", tol=1e-12, max_iter=10_000).fit(
        X, labels, sample_weight=w
    )
    assert np.allclose(fit_linear(X, labels, w, classes), theirs.predict_proba(X), atol=1e-6)


def test_two_classes_are_logistic_regression_of_twice_the_ridge() -> None:
    X, labels, w = problem(2)
    theirs = LogisticRegression(C=2 / LAM, solver="newton-cg", tol=1e-12, max_iter=10_000).fit(
        X, labels, sample_weight=w
    )
    assert np.allclose(fit_linear(X, labels, w, 2), theirs.predict_proba(X), atol=1e-6)


def test_every_step_lowers_the_objective_down_to_slope_zero() -> None:
    X, labels, w = problem(4)
    K = torch.exp(-torch.cdist(torch.as_tensor(X), torch.as_tensor(X)))
    path = [objective(K, fit(K, labels, w, 4, steps), labels, w) for steps in range(10)]
    assert (np.diff(path) < 0).all()
    f = fit(K, labels, w, 4)
    residual = w[:, None] * (torch.softmax(f.values, 1) - torch.nn.functional.one_hot(labels, 4))
    assert torch.allclose(residual, -LAM * f.coefficients, atol=1e-6)
    assert torch.allclose(f.values, K @ f.coefficients + f.intercept, atol=1e-9)


def test_no_curvature_of_the_log_loss_is_larger_than_the_one_that_is_used() -> None:
    p = torch.as_tensor(np.random.default_rng(0).dirichlet([0.3] * 4, 2_000))
    curvature = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    assert torch.linalg.eigvalsh(curvature).max() <= CURVATURE
    half = torch.full((2,), 0.5, dtype=torch.float64)
    assert float(
        torch.linalg.eigvalsh(torch.diag(half) - torch.outer(half, half)).max()
    ) == pytest.approx(CURVATURE)


def test_all_rows_as_landmarks_give_the_exact_fit() -> None:
    X, labels, w = problem(3)
    Z = torch.as_tensor(X)

    def gram(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
        return torch.exp(-torch.cdist(A, B))

    everyone, fits = torch.ones(N, dtype=torch.bool), []
    for capacity in (Capacity(N, 0), Capacity(0, N)):
        machine = machine_of(gram, Z, CURVATURE * w, [everyone], capacity=capacity)
        smoother = machine.on(everyone)(LAM)
        f = fit_softmax(smoother, labels, w, LAM, smoother.zero(3), tolerance=1e-15, steps=300)
        fits.append((machine.dual(f), f.intercept, machine.values(f, everyone, everyone)))
    for exact, marked in zip(*fits, strict=True):
        assert torch.allclose(exact, marked, atol=1e-5)


def test_the_scores_say_whether_the_solver_has_converged() -> None:
    X, labels, w = problem(3)
    Z, everyone = torch.as_tensor(X), torch.ones(N, dtype=torch.bool)
    machine = machine_of(lambda A, B: torch.exp(-torch.cdist(A, B)), Z, CURVATURE * w, [everyone])
    smoother = machine.on(everyone)(LAM)
    assert fit_softmax(smoother, labels, w, LAM, smoother.zero(3)).converged
    assert not fit_softmax(smoother, labels, w, LAM, smoother.zero(3), steps=1).converged


def test_temperature_finds_the_scale_of_true_scores() -> None:
    rng = np.random.default_rng(0)
    scores = 2 * rng.normal(size=(20_000, 3))
    labels = (scores + rng.gumbel(size=scores.shape)).argmax(1)
    w = torch.ones(len(scores), dtype=torch.float64)
    assert temperature(torch.as_tensor(scores * 5), torch.as_tensor(labels), w) == pytest.approx(
        0.2, rel=0.05
    )
    assert temperature(torch.as_tensor(scores / 5), torch.as_tensor(labels), w) == 1


@pytest.mark.parametrize("capacity", [Capacity(N, 0), Capacity(0, 60)])
def test_a_union_of_cells_is_solved_from_its_own_rows(capacity: Capacity) -> None:
    X, labels, w = problem(3)
    Z, ids = torch.as_tensor(X), torch.arange(N) % 3
    machine = machine_of(
        lambda A, B: torch.exp(-torch.cdist(A, B)),
        Z,
        CURVATURE * w,
        [ids == c for c in range(3)],
        capacity=capacity,
    )
    everyone, some = torch.ones(N, dtype=torch.bool), ids != 1
    smoother = machine.on(some)(LAM)
    f = fit_softmax(
        smoother, labels[some], w[some], LAM, smoother.zero(3), tolerance=1e-12, steps=300
    )
    slopes = w[some, None] * (
        torch.softmax(f.values, 1) - torch.nn.functional.one_hot(labels[some], 3)
    )
    values = machine.values(f, some, everyone)
    # along any function, here the values of the fit itself, the objective
    # of those rows has the slope zero, and the fit on all rows starts there
    assert float((slopes * f.values).sum()) == pytest.approx(
        -LAM * smoother.product(f, f), rel=1e-3
    )
    assert torch.allclose(values[some], f.values, atol=1e-5)
    assert torch.allclose(machine.moved(f, some, everyone).values, values)
    if isinstance(smoother, LandmarkSmoother):
        # the landmarks of the rows that are left out are left out too
        assert smoother.basis is not None
        F = smoother.F.double() @ smoother.basis
        again = LandmarkSmoother.of(F, F.T @ (CURVATURE * w[some, None] * F), LAM)
        assert torch.allclose(smoother.L, again.L, atol=1e-4)
