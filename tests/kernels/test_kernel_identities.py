"""Identities of the parts that fits with kernels are made of: each against its definition, computed
in the plainest way.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from motifnet.kernels import (
    PROFILES,
    RIDGES,
    SCALES,
    AllRows,
    Capacity,
    Kernel,
    Partition,
    Scores,
    Warp,
    _held_out,
    by_blocks,
    distances,
    divisors,
    enough,
    fit_with_held_out,
    flips,
    grid_search,
    leave_out_residuals,
    machine_of,
    median_distances,
    projector,
    quantile_knots,
    radial,
    radial_slope,
    start_kernel,
    two_valued,
)
from tests.kernels.problems import KERNEL, D, N, normal_equations, numbers

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
    monkeypatch.setattr("motifnet.kernels._distances._CACHED", 100)
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


@pytest.mark.parametrize(
    "blocks", [None, [torch.arange(0, 8)[None], torch.arange(8, 20).reshape(2, 6)]]
)
def test_the_grid_has_its_least_error_there(
    blocks: list[Tensor] | None, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    X, y, w = problem
    profiles, medians = KERNEL.profiles, median_distances(X)
    rows, errors = torch.arange(N), {}
    if blocks is not None:
        rows = torch.cat([block.ravel() for block in blocks])
    for scale, lam in product(SCALES, RIDGES):
        P = projector(start_kernel(profiles, medians, scale).gram(X, X), lam / w)
        r = leave_out_residuals(P, P @ y, blocks)[rows]
        errors[scale, lam] = float((w[rows] @ r**2).sum() / w[rows].sum())
    best = grid_search(X, y, w, profiles, medians, blocks)
    assert (best.scale, best.ridge) == min(errors, key=lambda at: errors[at])
    assert best.error == pytest.approx(min(errors.values()), rel=1e-6)


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
