"""Identities of the parts that fits with kernels are made of: each against its definition, computed
in the plainest way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from motifnet.engine import Control
from motifnet.kernels import (
    PROFILES,
    RIDGES,
    SCALES,
    AllRows,
    Capacity,
    ExactSmoother,
    Kernel,
    LandmarkSmoother,
    Pace,
    Parabola,
    Partition,
    Scores,
    Warp,
    _distances,
    _held_out,
    affordable,
    by_blocks,
    choose_landmarks,
    distances,
    divisors,
    enough,
    fit_reweighted,
    fit_with_held_out,
    flips,
    grid_search,
    landmark_features,
    leave_out_residuals,
    leverage_landmarks,
    log_losses,
    machine_of,
    median_distances,
    projector,
    quantile_knots,
    radial,
    radial_slope,
    ridge_leverages,
    solve_folds,
    solve_ridge,
    start_kernel,
    two_valued,
)
from motifnet.kernels._convex_loss import _Problem

N, D = 36, 3
KERNEL = Kernel(("laplace1", "gaussian"), np.array([0.6, 0.4]), np.array([0.4, 0.6]))


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape))


@pytest.fixture
def problem() -> tuple[Tensor, Tensor, Tensor]:
    """Rows, two targets, weights."""
    X = numbers(N, D)
    y = torch.stack([torch.sin(2 * X[:, 0]), X[:, 1] * X[:, 2]], 1) + 0.1 * numbers(N, 2, seed=1)
    return X, y, 0.5 + numbers(N, seed=2).abs()


def normal_equations(C: Tensor, X: Tensor, y: Tensor, w: Tensor, lam: float) -> Tensor:
    """Coefficients of the centres C, the intercept last: (AᵀWA + λ K̃) θ = AᵀWy."""
    A = torch.cat([KERNEL.gram(X, C), torch.ones(len(X), 1, dtype=X.dtype)], 1)
    penalty = torch.zeros(len(C) + 1, len(C) + 1, dtype=X.dtype)
    penalty[:-1, :-1] = lam * KERNEL.gram(C, C)
    return torch.linalg.solve(A.T @ (w[:, None] * A) + penalty, A.T @ (w[:, None] * y))


# profiles, distances, warps


def test_polynomials_of_the_profiles_are_those_of_matern() -> None:
    """Rasmussen and Williams (2006), eq. 4.16, and 1 + s + 2/5 s² + 1/15 s³ for ν = 7/2."""
    assert [divisors(p) for p in range(4)] == [(1,), (1, 1), (1, 1, 3), (1, 1, 2.5, 15)]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_slope_of_a_profile_is_its_derivative(profile: str) -> None:
    t = torch.linspace(0.1, 4, 9, dtype=torch.float64, requires_grad=True)
    value = radial(profile, t)
    (expected,) = torch.autograd.grad(value.sum(), t)
    assert torch.allclose(radial_slope(profile, t.detach(), value.detach()), expected, rtol=1e-12)


def test_a_mixture_is_the_weighted_sum_of_its_profiles() -> None:
    A, B = numbers(5, D), numbers(7, D, seed=1)
    whole = Kernel(PROFILES, np.arange(1.0, 6), np.arange(1.0, 6) / 3)
    parts = [
        Kernel((c,), np.ones(1), np.array([a])).gram(A, B)
        for c, a in zip(PROFILES, whole.rates, strict=True)
    ]
    assert torch.allclose(
        whole.gram(A, B), sum(w * K for w, K in zip(whole.weights, parts, strict=True)), rtol=1e-14
    )
    assert whole.at_zero == 15.0
    norms = torch.as_tensor(np.abs(A.numpy()[:, None] - B.numpy()).sum(2))
    assert (
        torch.allclose(parts[0], torch.exp(-norms / 3))
        and Kernel.norm("laplace1") == 1
        and Kernel.norm("laplace2") == 2
    )


def test_a_gram_matrix_in_blocks_has_the_same_bits_and_half_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    A, B, sizes = numbers(25, D), numbers(10, D, seed=1), list[tuple[int, int]]()

    def gram(left: Tensor, right: Tensor) -> Tensor:
        sizes.append((len(left), len(right)))
        return distances(left, right, 2)

    whole, own = distances(A, B, 2), distances(A, A, 2)
    monkeypatch.setattr(_distances, "_CACHED", 100)
    assert torch.equal(by_blocks(gram, A, B), whole) and sizes == [(10, 10), (10, 10), (5, 10)]
    sizes.clear()
    assert torch.equal(by_blocks(gram, A, A), own) and sizes == [
        (4, 25 - start) for start in range(0, 24, 4)
    ] + [(1, 1)]
    sizes.clear()
    assert torch.equal(by_blocks(gram, A[:10], B), whole[:10]) and sizes == [(10, 10)]
    assert by_blocks(gram, A, B[:0]).shape == (25, 0)


def test_flips_count_what_differs() -> None:
    A, B, c = numbers(6, 9) > 0, numbers(4, 9, seed=1) > 0, numbers(9, seed=2).abs()
    expected = (c * (A[:, None] != B)).sum(2)
    assert torch.allclose(flips(A.double(), B.double(), c), expected, rtol=1e-14)
    columns = torch.cat([A.double(), numbers(6, 1)], 1)
    assert two_valued(columns).tolist() == [True] * 9 + [False]
    assert not two_valued(columns[:, 2:]).any()  # seven of them are too few


def test_a_warp_is_the_integral_of_its_slopes() -> None:
    knots = torch.tensor([[0.0, 1.0, 3.0, 4.0]], dtype=torch.float64)
    x = torch.tensor([[-2.0], [0.5], [1.0], [2.0], [3.5], [6.0]], dtype=torch.float64)
    basis = Warp(knots).basis(x)[:, 0]
    assert basis.tolist() == [[-2, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 1, 0], [1, 2, 0.5], [1, 2, 3]]
    slopes = torch.tensor([[2.0, 0.5, 3.0]], dtype=torch.float64)
    assert Warp(knots)(x, slopes)[:, 0].tolist() == [-4, 1, 2, 2.5, 4.5, 12]


def test_knots_are_quantiles_of_evenly_taken_rows() -> None:
    X = numbers(101, 2)
    np.testing.assert_allclose(
        quantile_knots(X, 4), np.quantile(X, [0, 0.25, 0.5, 0.75, 1], axis=0).T
    )
    assert quantile_knots(torch.arange(60_002.0, dtype=torch.float64)[:, None], 2).tolist() == [
        [0, 30_000, 60_000]
    ]


def test_medians_are_those_of_pairs_that_differ() -> None:
    X = torch.cat([numbers(12, D), numbers(2, D)])  # two rows come twice
    for p, found in median_distances(X).items():
        all_pairs = [
            float(torch.linalg.vector_norm(X[i] - X[j], p)) for i in range(14) for j in range(i)
        ]
        assert found == pytest.approx(float(torch.tensor([d for d in all_pairs if d > 0]).median()))
    assert median_distances(torch.ones(4, 2)) == {1: 1.0, 2: 1.0}


def test_a_kernel_starts_with_equal_weights_and_rates_over_medians() -> None:
    kernel = start_kernel(("laplace1", "gaussian"), {1: 4.0, 2: 0.5}, 3.0)
    assert kernel.weights.tolist() == [0.5, 0.5] and kernel.rates.tolist() == [0.75, 6.0]


@pytest.mark.parametrize("blocks", [None, [torch.arange(0, 12), torch.arange(12, 20)]])
def test_the_grid_has_its_least_error_there(
    blocks: list[Tensor] | None, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    X, y, w = problem
    profiles, medians = KERNEL.profiles, median_distances(X)
    rows, errors = torch.arange(N) if blocks is None else torch.cat(blocks), {}
    for scale, lam in product(SCALES, RIDGES):
        P = projector(start_kernel(profiles, medians, scale).gram(X, X), lam / w)
        r = leave_out_residuals(P, P @ y, blocks)[rows]
        errors[scale, lam] = float((w[rows] @ r**2).sum() / w[rows].sum())
    best = grid_search(X, y, w, profiles, medians, blocks)
    assert (best.scale, best.ridge) == min(errors, key=lambda at: errors[at])
    assert best.error == pytest.approx(min(errors.values()), rel=1e-6)


# landmarks


def test_landmarks_come_from_where_they_may() -> None:
    among = torch.arange(50) % 2 == 0
    few, more = (choose_landmarks(50, m, torch.Generator().manual_seed(1), among) for m in (6, 12))
    assert (
        len(few) == 6
        and (few.diff() > 0).all()
        and among[more].all()
        and set(few.tolist()) < set(more.tolist())
    )
    assert len(choose_landmarks(50, 99, torch.Generator().manual_seed(1), among)) == 25


def test_the_factor_of_landmarks_is_that_of_their_gram_matrix() -> None:
    K = KERNEL.gram(numbers(9, D), numbers(9, D))
    L = landmark_features(K)
    assert torch.equal(L, L.tril()) and torch.allclose(
        L @ L.T, K + 1e-10 * torch.eye(9, dtype=K.dtype), rtol=0, atol=1e-14
    )
    twice = torch.cat([numbers(5, D), numbers(5, D)])
    again = landmark_features(KERNEL.gram(twice, twice))
    assert torch.allclose(again @ again.T, KERNEL.gram(twice, twice), rtol=0, atol=1e-6)
    with pytest.raises(FloatingPointError, match="infinite"):
        landmark_features(torch.full((3, 3), math.nan, dtype=torch.float64))


def test_normal_equations_leave_the_intercept_free() -> None:
    F, y = torch.cat([numbers(30, 4), torch.ones(30, 1)], 1), numbers(30, 2, seed=1)
    penalty = torch.diag(torch.tensor([0.3] * 4 + [0.0], dtype=torch.float64))
    expected = torch.linalg.solve(F.T @ F + penalty, F.T @ y)
    assert torch.allclose(solve_folds(F.T @ F, F.T @ y, 0.3), expected, rtol=1e-9)
    ones = torch.ones(3, 3, dtype=torch.float64)
    # singular: any solution
    assert float(solve_folds(ones, ones[:, :1], 0.0).sum()) == pytest.approx(1, abs=1e-6)


def test_leverages_of_all_rows_are_the_diagonal_of_the_smoother() -> None:
    X = numbers(N, D)
    K = KERNEL.gram(X, X)
    expected = (K @ torch.linalg.inv(K + 0.2 * torch.eye(N, dtype=K.dtype))).diagonal()
    assert torch.allclose(ridge_leverages(KERNEL.gram, X, N, 0.2, 0), expected, rtol=1e-6)
    some = ridge_leverages(KERNEL.gram, X, 10, 0.2, 0)
    assert some.shape == (N,) and (some <= expected + 1e-9).all() and (some > 0).all()


def test_rows_by_themselves_are_landmarks_first() -> None:
    crowd, alone = torch.zeros(300, D, dtype=torch.float64), 40 * torch.eye(D, dtype=torch.float64)
    Z = torch.cat([crowd, alone])
    draws = [leverage_landmarks(KERNEL.gram, Z, 6, 1e-1, seed) for seed in range(20)]
    assert all(len(marks) == 6 and (marks.diff() > 0).all() for marks in draws)
    # uniformly drawn, 0.06 of the three
    assert np.mean([int((marks >= 300).sum()) for marks in draws]) > 2.5
    assert (
        torch.equal(draws[3], leverage_landmarks(KERNEL.gram, Z, 6, 1e-1, 3))
        and len({tuple(marks.tolist()) for marks in draws}) > 1
    )
    assert len(leverage_landmarks(KERNEL.gram, Z[:4], 6, 1e-1, 0)) == 4


# fits


def test_few_blocks_are_enough() -> None:
    blocks = [torch.arange(2_000) // 200 == k for k in range(10)]
    assert [int(b.nonzero()[0]) for b in enough(blocks)] == [0, 200, 400]
    assert len(enough([torch.arange(2_000) // 500 == k for k in range(4)])) == 1
    assert _held_out._spread(torch.arange(10), 4).tolist() == [0, 2, 5, 7] and _held_out._spread(
        torch.arange(4), 4
    ).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("capacity", [Capacity(N, 0), Capacity(0, 9)])
def test_the_ridge_is_the_one_with_the_least_error_inside(
    capacity: Capacity, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    """Every inner block predicted by a fit without it, without its landmarks and without
    the fold.
    """
    X, y, w = problem
    fold, ridges = torch.arange(N) % 4, [1e-3, 0.03, 0.3, 3.0, 30.0]
    for seed in range(3):
        # the more noise, the more ridge
        target = y + (0.0 if seed == 0 else 2.0 * seed) * numbers(N, 2, seed=9 + seed)
        found = fit_with_held_out(
            KERNEL.gram,
            X,
            target,
            w,
            Partition(fold != 0, tuple(fold == k for k in (1, 2, 3))),
            ridges,
            seed=seed,
            capacity=capacity,
        )
        marked = torch.ones(N, dtype=torch.bool)
        if capacity.exact_rows == 0:
            marked = torch.isin(torch.arange(N), found.centres)
        errors = {}
        for lam in ridges:
            errors[lam] = 0.0
            for k in (1, 2, 3):
                out, kept = fold == k, (fold != 0) & (fold != k)
                C = X[kept & marked]
                theta = normal_equations(C, X[kept], target[kept], w[kept], lam)
                r = target[out] - KERNEL.gram(X[out], C) @ theta[:-1] - theta[-1]
                errors[lam] += float((w[out] @ r**2).sum())
        assert found.ridge == min(errors, key=lambda lam: errors[lam])


@pytest.mark.parametrize("capacity", [Capacity(N, 0), Capacity(0, 9)])
def test_without_a_fold_the_ridge_is_the_middle_one(
    capacity: Capacity, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    X, y, w = problem
    found = fit_with_held_out(KERNEL.gram, X, y, w, None, [0.01, 0.1, 1.0], capacity=capacity)
    assert found.ridge == 0.1 and found.held_out.isnan().all()
    theta = normal_equations(X[found.centres], X, y, w, 0.1)
    fitted = KERNEL.gram(X, X[found.centres]) @ found.dual + found.intercept
    assert torch.allclose(
        fitted, KERNEL.gram(X, X[found.centres]) @ theta[:-1] + theta[-1], atol=1e-6
    )


def test_sums_over_blocks_give_the_last_layer_on_all_rows(
    problem: tuple[Tensor, Tensor, Tensor],
) -> None:
    X, y, _ = problem
    layer, ones = AllRows(KERNEL.gram, X[::4]), torch.ones(N, dtype=torch.float64)
    terms = [layer.terms(Z, part.numpy()) for Z, part in zip(X.split(10), y.split(10), strict=True)]
    S, s = (np.sum([t[i] for t in terms], axis=0) for i in (0, 1))
    for lam in (1e-3, 1.0):
        np.testing.assert_allclose(
            layer.solve(S, s, lam),
            normal_equations(X[::4], X, y, ones, lam).numpy(),
            rtol=1e-5,
            atol=1e-7,
        )
    new, ridges = numbers(20, D, seed=5), (1e-4, 1e-2, 0.1, 1.0, 50.0)
    solved = {lam: torch.as_tensor(layer.solve(S, s, lam)) for lam in ridges}
    for seed in range(10):
        truth = torch.stack(
            [torch.sin(2 * new[:, 0]), new[:, 1] * new[:, 2]], 1
        ) + 0.3 * seed * numbers(20, 2, seed=seed)
        errors = {
            lam: float(((KERNEL.gram(new, X[::4]) @ g[:-1] + g[-1] - truth) ** 2).sum())
            for lam, g in solved.items()
        }
        lam, gamma = layer.choose(S, s, new, truth.numpy(), ridges)
        assert lam == min(errors, key=lambda at: errors[at]) and np.array_equal(gamma, solved[lam])
    lifted = layer.solve(np.diag([-1e-7, *[1.0] * (len(S) - 1)]), s, 0.0)
    # a pivot that rounding has made negative is lifted until the factor is there
    assert np.isfinite(lifted).all()
    with pytest.raises(FloatingPointError, match="infinite"):
        layer.solve(np.full_like(S, -1e300), s, 1.0)
    with pytest.raises(FloatingPointError, match="infinite"):
        layer.solve(np.full_like(S, np.nan), s, 1.0)


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


@pytest.mark.parametrize("capacity", [Capacity(N, 0), Capacity(0, 12)])
def test_scores_of_some_rows_are_functions_of_all(
    capacity: Capacity, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    X, _, w = problem
    cells = [torch.arange(N) % 3 == k for k in range(3)]
    machine = machine_of(KERNEL.gram, X, w, cells, seed=1, capacity=capacity)
    some, everyone = cells[0] | cells[2], torch.ones(N, dtype=torch.bool)
    m = capacity.centres(N) if capacity.exact_rows == 0 else int(some.sum())
    coefficients = numbers(m, 2, seed=3)
    f = Scores(coefficients, numbers(2, seed=4), torch.zeros(int(some.sum()), 2))
    at = machine.values(f, some, everyone)
    on_all = machine.moved(f, some, everyone)
    dual = machine.dual(on_all)
    assert len(machine.centres) == len(dual) == (N if capacity.exact_rows else 12)
    assert torch.allclose(at, KERNEL.gram(X, X[machine.centres]) @ dual + f.intercept, atol=1e-4)
    assert torch.equal(on_all.values, at) and torch.equal(
        machine.values(f, some, cells[1]), at[cells[1]]
    )


# the plan


def test_the_estimate_of_seconds() -> None:
    pace = Pace(value=2.0, product=3.0)
    assert Capacity(10, 4).seconds(pace, 6, 5) == 2 * 36 + 3 * 5 * 6**3 / 3
    assert Capacity(10, 4).seconds(pace, 20, 5) == 2 * 20 * 4 + 3 * (5 * 4**3 / 3 + 2 * 20 * 16)
    assert Capacity(10, 40).centres(20) == 20


def test_the_pace_is_measured_on_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, clock = list[int](), iter([1.0, 3.0, 7.0])
    monkeypatch.setattr("motifnet.kernels._capacity.time.perf_counter", lambda: next(clock))

    def gram(A: Tensor, B: Tensor) -> Tensor:
        sizes.append(len(A))
        return distances(A, B, 2)

    assert Pace.of(gram, numbers(600, 2)) == Pace(2 / 512**2, 4 / 512**3) and sizes == [512]


def test_centres_are_halved_until_the_time_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "of", lambda gram, Z: Pace(1e-6, 0.0))
    Z = torch.zeros(1_000, 1)
    for limit, centres in ((10.0, 1_000), (1.0, 500), (0.49, 125), (1e-9, 64)):
        found = affordable(
            Capacity(1_000, 1_000), KERNEL.gram, Z, Control(limit, lambda: 0.0), fits=1, share=0.5
        )
        assert found.centres(1_000) == centres
