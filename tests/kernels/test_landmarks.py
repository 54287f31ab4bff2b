"""Landmarks: their choice, their features, and the equations on them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from motifnet.kernels import (
    SINGLE_ROWS,
    Landmarks,
    choose_landmarks,
    landmark_features,
    leverage_landmarks,
    ridge_leverages,
    solve_folds,
)
from tests.kernels.problems import KERNEL, D, N, numbers

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


def test_normal_equations_that_rounding_left_indefinite_are_solved() -> None:
    """Eigenvalues 1e4, 1, …, and one of −1e-4, the size of the rounding in single precision."""
    Q = torch.linalg.qr(numbers(6, 6)).Q
    values = torch.tensor([1e4, 1.0, 1.0, 1.0, 1.0, -1e-4], dtype=torch.float64)
    S = Q @ torch.diag(values) @ Q.T
    x = Q[:, :5] @ numbers(5, 1)
    assert torch.allclose(solve_folds(S, S @ x, 1e-6), x, atol=1e-2)


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


@pytest.mark.parametrize("n", [SINGLE_ROWS - 1, SINGLE_ROWS])
def test_sums_over_many_rows_are_those_in_double_precision(n: int) -> None:
    Z, y = numbers(n, D), numbers(n, 2, seed=1)
    w = numbers(n, 1, seed=2)[:, 0].abs()
    marks = Landmarks.choose(KERNEL.gram, Z, 30, 0)
    S, c = marks.normal_equations(torch.arange(n), y, w)
    K = KERNEL.gram(Z[marks.chosen], Z)
    F = torch.cat([torch.linalg.solve_triangular(marks.L, K, upper=False), torch.ones(1, n)])
    assert S.dtype == c.dtype == torch.float64
    scale = float((F * w @ F.T).diagonal().max())
    assert float((S - F * w @ F.T).abs().max()) < 1e-5 * scale
    assert float((c - F @ (w[:, None] * y)).abs().max()) < 1e-5 * scale
