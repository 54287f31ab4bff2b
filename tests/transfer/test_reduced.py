"""Reduced sets: the bound holds everywhere, the pivots lower the norm as they say, and what cannot
be reduced is left alone.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from motifnet.kernels import Kernel
from motifnet.transfer import lost, pivoted_gains, reduce_set

Matrix = NDArray[np.float64]
SMOOTH = Kernel(("gaussian",), np.array([1.0]), np.array([0.3]))
ROUGH = Kernel(("laplace1", "matern32"), np.array([0.6, 0.4]), np.array([0.5, 0.8]))


def machine(
    kernel: Kernel, seed: int = 0, n: int = 150, q: int = 2
) -> tuple[Matrix, Matrix, Matrix]:
    """Rows, Gram matrix and dual coefficients of a kernel ridge fit."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = np.stack(
        [np.sin(X[:, 0] + k) + X[:, 1] * X[:, 2] for k in range(q)], axis=1
    ) + 0.1 * rng.normal(size=(n, q))
    K = kernel(X, X)
    return X, K, np.asarray(np.linalg.solve(K + 0.05 * np.eye(n), y), dtype=np.float64)


def by_size(beta: Matrix, rest: float) -> float:
    del rest
    return float(len(beta))


@pytest.mark.parametrize("kernel", [SMOOTH, ROUGH], ids=["smooth", "rough"])
def test_bound_holds_near_and_far(kernel: Kernel) -> None:
    X, K, dual = machine(kernel)
    reduced = reduce_set(K, dual, kernel.at_zero, 0.3, by_size)
    at = np.concatenate([X, 3 * np.random.default_rng(1).normal(size=(2_000, 3)), 50 + X])
    difference = kernel(at, X) @ dual - kernel(at, X[reduced.rows]) @ reduced.coefficients
    assert np.abs(difference).max() <= reduced.error <= 0.3
    assert len(reduced.rows) < len(X)


def test_a_smooth_kernel_needs_few_centres() -> None:
    _, K, dual = machine(SMOOTH)
    assert len(reduce_set(K, dual, 1.0, 0.01, by_size).rows) < 100


def test_nothing_is_reduced_where_it_would_cost_too_much() -> None:
    _, K, dual = machine(ROUGH)
    reduced = reduce_set(K, dual, ROUGH.at_zero, 1e-12, by_size)
    assert reduced.error == 0 and np.array_equal(reduced.coefficients, dual)


def test_unused_centres_go_at_no_cost() -> None:
    _, K, dual = machine(ROUGH)
    dual[::3] = 0
    reduced = reduce_set(K, dual, ROUGH.at_zero, 1e-12, by_size)
    assert reduced.error == 0 and len(reduced.rows) == 100
    assert np.array_equal(reduced.coefficients, dual[reduced.rows])


def test_norms_after_each_pivot_are_those_of_the_projection() -> None:
    _, K, dual = machine(SMOOTH, q=1)
    order, errors = pivoted_gains(K, dual, 1e-4)
    assert len(set(order.tolist())) == len(order) and len(errors) == len(order) + 1
    assert (np.diff(errors) <= 1e-9).all()
    for J in (1, 5, 15):
        rows = order[:J]
        c = dual.copy()
        c[rows] -= np.linalg.solve(K[np.ix_(rows, rows)], (K @ dual)[rows])
        assert errors[J] == pytest.approx(float(np.sqrt((c.T @ K @ c).item())), rel=1e-4)


def test_pivots_lower_the_norm_most_among_all_rows() -> None:
    _, K, dual = machine(SMOOTH, q=1)
    order, _ = pivoted_gains(K, dual, 1e-4)
    values = (K @ dual).ravel()
    assert order[0] == int(np.argmax(values**2 / K.diagonal()))


def test_what_is_lost_is_computed_for_any_coefficients() -> None:
    X, K, dual = machine(ROUGH, q=1)
    rows = np.arange(0, len(X), 2)
    beta = np.random.default_rng(2).normal(size=(len(rows), 1))
    bound = lost(K, dual, rows, beta, ROUGH.at_zero)
    difference = ROUGH(X, X) @ dual - ROUGH(X, X[rows]) @ beta
    assert np.abs(difference).max() <= bound


def test_equal_centres_do_no_harm() -> None:
    X, K, dual = machine(SMOOTH)
    twice = np.concatenate([np.arange(len(X))] * 2)
    reduced = reduce_set(
        K[np.ix_(twice, twice)], np.concatenate([dual, dual]) / 2, 1.0, 0.05, by_size
    )
    at = 2 * np.random.default_rng(3).normal(size=(500, 3))
    difference = SMOOTH(at, X) @ dual - SMOOTH(at, X[twice][reduced.rows]) @ reduced.coefficients
    assert np.abs(difference).max() <= reduced.error <= 0.05


def test_the_bound_is_the_norm_of_the_difference() -> None:
    """√(cᵀKc) √k(x, x), the largest over the outputs: what the rounding adds is small, but
    there.
    """
    _, K, dual = machine(ROUGH)
    rows, beta = np.arange(0, 150, 3), np.random.default_rng(2).normal(size=(50, 2))
    c = dual.copy()
    c[rows] -= beta
    expected = np.sqrt(4.0 * np.diag(c.T @ K @ c).max())
    assert lost(K, dual, rows, beta, 4.0) == pytest.approx(expected, rel=1e-9)
    exact = lost(K, dual, np.arange(150), dual, 4.0)
    assert exact == 0
    rounded = lost(np.zeros((150, 150)), dual, rows, beta, 4.0)
    assert rounded == pytest.approx(np.sqrt(8 * np.finfo(float).eps * 16) * np.abs(c).sum(0).max())


def test_the_cheapest_of_the_sets_within_the_tolerance_is_taken() -> None:
    _, K, dual = machine(SMOOTH)
    asked: list[tuple[int, float]] = []

    def price(beta: Matrix, rest: float) -> float:
        asked.append((len(beta), rest))
        return len(beta) + 1.0 / rest

    found = reduce_set(K, dual, 1.0, 0.2, price)
    assert (
        asked[0] == (150, 0.2)
        and len({size for size, _ in asked}) >= 4
        and all(0 < rest < 0.2 for _, rest in asked[1:])
    )
    assert len(found.rows) + 1 / (0.2 - found.error) == pytest.approx(
        min(size + 1 / rest for size, rest in asked)
    )
    assert (np.diff(found.rows) > 0).all() and found.error == lost(
        K, dual, found.rows, found.coefficients, 1.0
    )
    sizes = [size for size, _ in asked[1:]]
    assert sizes == sorted(sizes)
    errors = pivoted_gains(K, dual, 0.02 * 0.2)[1]
    assert {int(np.argmax(errors <= share * 0.2)) for share in (0.6, 0.3, 0.1, 0.02)} >= set(sizes)
    # twice the kernel is the same function with half of the coefficients: the same set
    twice = reduce_set(2 * K, dual / 2, 2.0, 0.2, lambda beta, rest: len(beta) + 1.0 / rest)
    assert np.array_equal(twice.rows, found.rows)
    np.testing.assert_allclose(twice.coefficients, found.coefficients / 2, rtol=1e-4, atol=1e-6)


def test_what_is_nothing_stays() -> None:
    _, K, dual = machine(SMOOTH)
    nothing = reduce_set(K, 0 * dual, 1.0, 0.2, by_size)
    assert len(nothing.rows) == 0 and nothing.coefficients.shape == (0, 2)


@pytest.mark.parametrize(("n", "kept"), [(4_000, 1), (4_001, 4_001)])
def test_more_than_4000_rows_stay(n: int, kept: int) -> None:
    """Though all rows are equal."""
    found = reduce_set(np.ones((n, n)), np.full((n, 1), 1 / n), 1.0, 0.2, by_size)
    assert len(found.rows) == kept


def test_there_are_at_most_1000_pivots() -> None:
    assert len(pivoted_gains(np.eye(1_001), np.ones((1_001, 1)), 0.0)[0]) == 1_000


def test_pivots_end_where_nothing_is_left() -> None:
    """Of equal rows one is taken; the norm is then zero but for rounding, or nothing has a gain."""
    K, dual = np.ones((5, 5)), np.arange(5.0)[:, None]
    order, errors = pivoted_gains(K, dual, 1e-12)
    assert len(order) == 1 and errors[0] == pytest.approx(10) and errors[1] < 1e-6
    order, errors = pivoted_gains(np.eye(3), np.array([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]]), 0.0)
    assert order.tolist() == [1, 0] and errors.tolist() == [4.0, 3.0, 0.0]


def test_of_equal_sets_the_one_with_the_largest_ridge_is_taken() -> None:
    """It has the smallest coefficients."""
    _, K, dual = machine(SMOOTH)
    found = reduce_set(K, dual, 1.0, 0.2, by_size)
    C = K[np.ix_(found.rows, found.rows)]
    values = (K @ dual)[found.rows]
    betas = [
        np.asarray(np.linalg.solve(C + ridge * np.eye(len(C)), values), dtype=np.float64)
        for ridge in (1e-3, 1e-5, 1e-7, 1e-9, 1e-11)
    ]
    within = [lost(K, dual, found.rows, beta, 1.0) < 0.2 for beta in betas]
    assert sum(within) > 1
    np.testing.assert_allclose(found.coefficients, betas[within.index(True)], rtol=1e-6)
