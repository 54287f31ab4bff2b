"""Kernels and their closed forms, against brute force, scikit-learn and autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.kernel_ridge import KernelRidge as SklearnKernelRidge
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.kernels import (
    ALIASES,
    PROFILES,
    SMOOTHNESS,
    Capacity,
    Kernel,
    Partition,
    SpectralPath,
    Warp,
    blocks_of,
    distances,
    every_fold,
    fit_with_held_out,
    leave_out_gradient,
    leave_out_residuals,
    profile_values,
    projector,
    quantile_knots,
    radial,
    radial_at,
    radial_slope,
    solve_ridge,
)
from motifnet.model._numpy_motifs import radial as plain_radial
from motifnet.model._onnx_graph import Graph
from motifnet.model._onnx_motifs import _profile as onnx_profile
from motifnet.motifs import Curve, Radial

N, D, Q = 40, 3, 2
MIXTURE = Kernel(
    ("laplace1", "laplace2", "gaussian"), np.array([0.5, 0.2, 0.3]), np.array([0.3, 0.7, 0.5])
)


@pytest.fixture
def problem() -> tuple[Tensor, Tensor, Tensor]:
    """Rows, two targets, weights."""
    rng = np.random.default_rng(0)
    X = torch.as_tensor(rng.normal(size=(N, D)))
    y = torch.stack([torch.sin(2 * X[:, 0]), X[:, 1] * X[:, 2]], 1) + 0.1 * torch.as_tensor(
        rng.normal(size=(N, Q))
    )
    return X, y, torch.as_tensor(rng.uniform(0.5, 2, size=N))


def refit_without(X: Tensor, y: Tensor, w: Tensor, lam: float, out: Tensor) -> Tensor:
    """Predictions of the rows `out` (a mask) by a fit without them."""
    A, B = X[~out], X[out]
    dual, b = solve_ridge(MIXTURE.gram(A, A), y[~out], lam / w[~out])
    return MIXTURE.gram(B, A) @ dual + b


@pytest.mark.parametrize("profile", PROFILES)
def test_numpy_and_torch_kernels_agree(
    profile: str, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    X = problem[0]
    kernel = Kernel((profile,), np.array([0.7]), np.array([1.3]))
    K = kernel.gram(X, X)
    assert torch.allclose(K, torch.as_tensor(kernel(X.numpy(), X.numpy())), rtol=0, atol=1e-14)
    assert torch.allclose(K.diagonal(), torch.full((N,), kernel.at_zero, dtype=torch.float64))
    assert torch.linalg.eigvalsh(K).min() > -1e-10


def test_distance_has_zero_gradient_at_coincident_rows() -> None:
    A = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    for p in (1, 2):
        (gradient,) = torch.autograd.grad(distances(A, A, p).sum(), A)
        assert torch.equal(gradient, torch.zeros_like(A))


@pytest.mark.parametrize("lam", [1e-4, 1e-2, 1.0])
def test_leave_one_out_is_brute_force(lam: float, problem: tuple[Tensor, Tensor, Tensor]) -> None:
    X, y, w = problem
    P = projector(MIXTURE.gram(X, X), lam / w)
    r = leave_out_residuals(P, P @ y)
    for i in range(N):
        out = torch.arange(N) == i
        assert torch.allclose(y[i] - r[i], refit_without(X, y, w, lam, out)[0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", [3, 10])
def test_leave_block_out_is_brute_force(size: int, problem: tuple[Tensor, Tensor, Tensor]) -> None:
    X, y, w = problem
    ids = torch.arange(N) // size
    P = projector(MIXTURE.gram(X, X), 1e-2 / w)
    blocks = blocks_of(ids, N)
    r = leave_out_residuals(P, P @ y, blocks)
    for value in ids.unique():
        out = ids == value
        expected = refit_without(X, y, w, 1e-2, out)
        assert torch.allclose(y[out] - r[out], expected, rtol=0, atol=1e-9)
        for ridges in ([1e-2], [1e-4, 1e-2, 1.0]):
            s = fit_with_held_out(
                MIXTURE.gram,
                X,
                y,
                w,
                Partition(~out, tuple((ids == j) & ~out for j in ids.unique() if j != value)),
                ridges,
            )
            assert torch.allclose(
                s.held_out[out], refit_without(X, y, w, s.ridge, out), rtol=0, atol=1e-9
            )
            dual, b = solve_ridge(MIXTURE.gram(X, X), y, s.ridge / w)
            assert torch.allclose(s.dual, dual[s.centres], atol=1e-7) and torch.allclose(
                s.intercept, b, atol=1e-9
            )


def test_rows_of_block_minus_one_are_not_scored() -> None:
    blocks = blocks_of(torch.tensor([2, -1, 0, 2]), 4)
    assert blocks is not None
    assert [b.tolist() for b in blocks] == [[[2]], [[0, 3]]]


BLOCKS = [
    None,
    torch.arange(N) // 7,
    torch.where(torch.arange(N) < 15, -1, 0),
    (torch.arange(N) - 9).clamp(min=-1),  # single rows, and rows of no block
    (torch.arange(N) - 5).clamp(min=0),  # one large block among single rows
]


@pytest.mark.parametrize("ids", BLOCKS)
def test_gradient_of_the_leave_out_loss(
    ids: Tensor | None, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    X, y, w = problem
    K = MIXTURE.gram(X, X).requires_grad_(True)
    blocks = blocks_of(ids, N)
    P = projector(K, 0.1 / w)
    r = leave_out_residuals(P, P @ y, blocks)
    scored = torch.arange(N) if blocks is None else torch.cat([b.ravel() for b in blocks])
    loss = (w[scored, None] * r[scored] ** 2).sum() / w[scored].sum()
    (expected,) = torch.autograd.grad(loss, K)
    value, gradient = leave_out_gradient(P.detach(), (P @ y).detach(), w, blocks)
    assert value == pytest.approx(loss.item(), rel=1e-12)
    gradient = gradient.double()
    assert torch.allclose(
        gradient + gradient.T,
        expected + expected.T,
        rtol=0,
        atol=1e-6 * float(expected.abs().max()),
    )


@pytest.mark.parametrize("ids", BLOCKS)
def test_spectral_path_leaves_out_blocks(
    ids: Tensor | None, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    X, y, w = problem
    K, blocks = MIXTURE.gram(X, X), blocks_of(ids, N)
    path = SpectralPath.of(K, w)
    for lam in (1e-3, 1.0):
        P = projector(K, lam / w)
        expected = leave_out_residuals(P, P @ y, blocks)
        assert torch.allclose(path.leave_out(y, lam, blocks), expected, rtol=0, atol=1e-9)


def test_hundred_problems_against_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    worst = 0.0
    for _ in range(100):
        n, d = int(rng.integers(5, 80)), int(rng.integers(1, 6))
        X, gamma = rng.normal(size=(n, d)), float(rng.uniform(0.05, 2))
        y = rng.normal(size=(n, 2))
        K = Kernel(("gaussian",), np.ones(1), np.array([np.sqrt(gamma)]))
        # condition at most 1e6
        lam = max(float(rng.uniform(1e-3, 1)), float(np.linalg.norm(K(X, X), 2)) / 1e6)
        dual, b = solve_ridge(
            torch.as_tensor(K(X, X)),
            torch.as_tensor(y),
            torch.full((n,), lam, dtype=torch.float64),
            intercept=False,
        )
        new = rng.normal(size=(20, d))
        ours = K(new, X) @ dual.numpy() + b.numpy()
        theirs = SklearnKernelRidge(alpha=lam, kernel="rbf", gamma=gamma).fit(X, y).predict(new)
        worst = max(worst, float(np.abs(ours - theirs).max()))
    assert worst <= 1e-8


def test_intercept_is_free(problem: tuple[Tensor, Tensor, Tensor]) -> None:
    X, y, w = problem
    K = MIXTURE.gram(X, X)
    dual, b = solve_ridge(K, y, 0.1 / w)
    shifted, c = solve_ridge(K, y + 5, 0.1 / w)
    assert torch.allclose(dual, shifted, atol=1e-10)
    assert torch.allclose(b + 5, c, atol=1e-10)
    assert torch.allclose(dual.sum(0), torch.zeros(Q, dtype=torch.float64), atol=1e-10)


def test_every_fold_is_left_out_as_the_block_formula_says(
    problem: tuple[Tensor, Tensor, Tensor],
) -> None:
    X, y, w = problem
    blocks = list(torch.arange(N).chunk(4))
    P = projector(MIXTURE.gram(X, X), 0.1 / w)
    s = every_fold(MIXTURE.gram, X, y, w, blocks).solve(0.1)
    expected = leave_out_residuals(P, P @ y, [rows[None] for rows in blocks])
    assert torch.allclose(y - s.held_out, expected, rtol=0, atol=1e-9)
    assert torch.allclose(s.dual, P @ y, rtol=0, atol=1e-9)


def by_normal_equations(
    X: Tensor, y: Tensor, w: Tensor, fitted: Tensor, centres: Tensor, lam: float, at: Tensor
) -> Tensor:
    """Predictions at rows `at` of the fit to the rows `fitted` (a mask) with some rows as centres
    (row numbers).
    """
    C = X[centres]
    A = torch.cat([MIXTURE.gram(X[fitted], C), torch.ones(int(fitted.sum()), 1, dtype=X.dtype)], 1)
    penalty = torch.zeros(len(C) + 1, len(C) + 1, dtype=X.dtype)
    penalty[:-1, :-1] = lam * MIXTURE.gram(C, C)
    theta = torch.linalg.solve(
        A.T @ (w[fitted, None] * A) + penalty, A.T @ (w[fitted, None] * y[fitted])
    )
    return MIXTURE.gram(X[at], C) @ theta[:-1] + theta[-1]


def test_a_fold_by_landmarks_is_the_fit_without_its_rows_and_without_its_landmarks(
    problem: tuple[Tensor, Tensor, Tensor],
) -> None:
    X, y, w = problem
    fold = torch.arange(N) % 4
    s = every_fold(
        MIXTURE.gram,
        X,
        y,
        w,
        [torch.nonzero(fold == k).ravel() for k in range(4)],
        seed=3,
        capacity=Capacity(10, 12),
    ).solve(0.1)
    assert torch.isfinite(s.held_out).all()
    for k in range(4):
        expected = by_normal_equations(
            X, y, w, fold != k, s.centres[fold[s.centres] != k], 0.1, fold == k
        )
        assert torch.allclose(s.held_out[fold == k], expected, rtol=0, atol=1e-7)


def test_a_landmark_stays_where_a_row_that_equals_it_does(
    problem: tuple[Tensor, Tensor, Tensor],
) -> None:
    """Rows of a few values: landmarks at all of them give the exact fit, folds left out
    included.
    """
    X, y, w = problem
    codes = torch.arange(N) % 5
    X, blocks, few = X[codes], list(torch.arange(N).chunk(4)), Capacity(0, 5)
    exact = every_fold(MIXTURE.gram, X, y, w, blocks).solve(0.1)
    found = every_fold(MIXTURE.gram, X, y, w, blocks, capacity=few, codes=codes).solve(0.1)
    assert len(found.centres) == 5 == len(codes[found.centres].unique())
    assert torch.allclose(exact.held_out, found.held_out, rtol=0, atol=1e-6)
    train = torch.ones(N, dtype=torch.bool)
    train[blocks[0]] = False
    part = Partition(train, tuple(torch.isin(torch.arange(N), block) for block in blocks[1:]))
    one, other = (
        fit_with_held_out(MIXTURE.gram, X, y, w, part, [0.01, 0.1, 1.0], capacity=c, codes=codes)
        for c in (Capacity(N, 0), few)
    )
    assert one.ridge == other.ridge
    assert torch.allclose(one.held_out[blocks[0]], other.held_out[blocks[0]], rtol=0, atol=1e-6)


def test_silent_rows_are_left_out_with_their_block_and_do_not_judge(
    problem: tuple[Tensor, Tensor, Tensor],
) -> None:
    X, y, w = problem
    ridges, fold = [1e-3, 0.1, 10.0], torch.arange(N) * 4 // N
    part = Partition(fold < 3, ((fold == 2) | (fold == 0),), silent=fold == 0)
    for capacity in (Capacity(N, 0), Capacity(0, N)):
        found = fit_with_held_out(MIXTURE.gram, X, y, w, part, ridges, capacity=capacity)
        errors = {}
        for lam in ridges:
            r = y[fold == 2] - by_normal_equations(
                X, y, w, fold == 1, torch.nonzero(fold == 1).ravel(), lam, fold == 2
            )
            errors[lam] = float((w[fold == 2] @ r**2).sum())
        assert found.ridge == min(errors, key=lambda lam: errors[lam])


def test_landmarks_at_every_row_are_the_exact_fit(problem: tuple[Tensor, Tensor, Tensor]) -> None:
    X, y, w = problem
    ones = torch.ones_like(w)
    exact = fit_with_held_out(MIXTURE.gram, X, y, ones, None, [0.1])
    by_landmarks = fit_with_held_out(
        MIXTURE.gram, X, y, ones, None, [0.1], capacity=Capacity(10, N)
    )
    assert torch.allclose(exact.dual, by_landmarks.dual, atol=1e-6)
    assert torch.allclose(exact.intercept, by_landmarks.intercept, atol=1e-6)


def test_landmark_held_out_rows_are_those_of_a_refit(
    problem: tuple[Tensor, Tensor, Tensor],
) -> None:
    X, y, w = problem
    fold = torch.arange(N) % 4
    part = Partition(fold != 0, tuple(fold == j for j in (1, 2, 3)))
    s = fit_with_held_out(
        MIXTURE.gram, X, y, w, part, [0.01, 0.1, 1.0], seed=3, capacity=Capacity(10, 12)
    )
    judged = torch.isfinite(s.held_out).all(1)
    marked = torch.zeros(N, dtype=torch.bool)
    marked[s.centres] = True
    assert torch.equal(judged, fold == 0) and not (marked & judged).any()
    train = ~judged
    C, F = X[s.centres], MIXTURE.gram(X[train], X[s.centres])
    A = torch.cat([F, torch.ones(len(F), 1, dtype=F.dtype)], 1)
    penalty = torch.zeros(13, 13, dtype=F.dtype)
    penalty[:12, :12] = s.ridge * MIXTURE.gram(C, C)
    theta = torch.linalg.solve(
        A.T @ (w[train, None] * A) + penalty, A.T @ (w[train, None] * y[train])
    )
    expected = MIXTURE.gram(X[judged], C) @ theta[:-1] + theta[-1]
    assert torch.allclose(s.held_out[judged], expected, atol=1e-6)


def test_identity_warp_keeps_differences_and_extends_linearly() -> None:
    X = torch.as_tensor(np.random.default_rng(2).normal(size=(200, 2)))
    warp = Warp(quantile_knots(X, 12))
    slopes = torch.ones(2, 12, dtype=torch.float64)
    wide = torch.cat([X, torch.tensor([[100.0, -100.0], [-100.0, 100.0]], dtype=torch.float64)])
    shift = wide - warp(wide, slopes)
    assert torch.allclose(shift, shift[:1].expand_as(shift), atol=1e-12)
    slopes[:, -1] = 3.0
    steep = warp(torch.tensor([[200.0, 200.0]], dtype=torch.float64), slopes) - warp(
        torch.tensor([[100.0, 100.0]], dtype=torch.float64), slopes
    )
    assert torch.allclose(steep, torch.full((1, 2), 300.0, dtype=torch.float64))


@pytest.mark.parametrize(
    "solve", [lambda K, y, r: projector(K, r) @ y, lambda K, y, r: solve_ridge(K, y, r)[0]]
)
def test_dual_of_weight_two_is_that_of_a_repeated_row(
    solve: Callable[[Tensor, Tensor, Tensor], Tensor], problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    X, y, _ = problem
    weight = torch.ones(N, dtype=torch.float64)
    weight[0] = 2
    merged = solve(MIXTURE.gram(X, X), y, 0.1 / weight)
    twice = torch.cat([X, X[:1]])
    repeated = solve(
        MIXTURE.gram(twice, twice),
        torch.cat([y, y[:1]]),
        torch.full((N + 1,), 0.1, dtype=torch.float64),
    )
    assert torch.allclose(merged[0], repeated[0] + repeated[-1], atol=1e-9)
    assert torch.allclose(merged[1:], repeated[1:-1], atol=1e-9)


@pytest.mark.parametrize("name", [*SMOOTHNESS, *ALIASES, "cauchy"])
def test_every_copy_of_the_profiles_asks_one_table(name: str) -> None:
    """Kernels in numpy and torch, motifs as modules, row by row and as plain numpy, curves of the
    relu forms, ONNX.
    """
    t, rate = np.linspace(0, 3, 31), torch.tensor([1.3], dtype=torch.float64)
    rows, one = torch.as_tensor(t)[:, None], torch.ones(1, dtype=torch.float64)
    graph_of = ALIASES.get(name, name)

    def through_onnx() -> Any:
        return onnx_profile(graph_of, rate[0], Graph(), "x")

    copies: dict[str, Callable[[], Any]] = {
        "kernel, numpy": lambda: profile_values(name, 1.3 * t),
        "kernel, torch": lambda: radial(name, 1.3 * torch.as_tensor(t)).numpy(),
        "row by row": lambda: radial_at(graph_of, rate[0], rows.clone()).numpy()[:, 0],
        "plain numpy": lambda: plain_radial(rows.numpy(), np.ones(1), rate.numpy(), [graph_of])[
            :, 0
        ],
        "curve": lambda: Curve((graph_of,), (1.0,), (1.3,), squared=False, end=3.0).value(t),
        "module": lambda: Radial(one, rate, [graph_of])(rows).detach().numpy()[:, 0],
        "slope": lambda: radial_slope(name, torch.as_tensor(t), torch.as_tensor(t)),
        "onnx": through_onnx,
    }
    if name == "cauchy":
        for copy in copies.values():
            with pytest.raises((UsageError, KeyError)):
                copy()
        return
    for where in ("kernel, torch", "row by row", "plain numpy", "curve", "module"):
        np.testing.assert_allclose(
            copies[where](), profile_values(name, 1.3 * t), rtol=1e-14, err_msg=where
        )
