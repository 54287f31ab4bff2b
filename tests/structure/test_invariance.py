"""The detector of symmetries: what it finds, what it leaves alone, and how often it is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest

from motifnet.engine import Matrix
from motifnet.structure import (
    Finding,
    invariance,
    permutations,
    run_detector,
)
from motifnet.structure._candidates import candidates, clearly_broken
from tests.structure.sampled import rows_of


def symmetric(slope: float, seed: int, n: int = 500, q: int = 3) -> Finding:
    rng = np.random.default_rng(seed)
    X = rng.random((n, q))
    y = (
        np.sin(4 * X).sum(1)
        + 2 * X.prod(1)
        + X.max(1)
        + slope * X[:, 0]
        + 0.1 * rng.standard_normal(n)
    )
    return invariance(rows_of(X, y), {"permutations": [[f"x{j}"] for j in range(q)]})


def test_symmetry_is_found_and_its_break_contradicts_it() -> None:
    assert "Add a sorting layer as input layer" in symmetric(0.0, 0).sentence
    broken = symmetric(0.3, 0)
    assert not broken.found
    assert broken.details["tests"][0]["p_true"] < 1e-3


def found_blocks(
    X: Matrix, numeric: int, change: Callable[[int, int], float]
) -> set[tuple[str, tuple[tuple[int, ...], ...]]]:
    return {
        (g.kind, g.blocks)
        for g in candidates(X, range(numeric), lambda: np.ones(X.shape[1]), change)
    }


def test_sets_of_like_columns_are_linked_beside_one_that_is_like_them_and_matters() -> None:
    X = np.random.default_rng(0).random((300, 5))
    found = found_blocks(X, 5, lambda i, j: 1.0 if 4 in (i, j) else 0.1)
    assert ("permutations", ((0,), (1,), (2,), (3,))) in found
    assert ("permutations", ((0,), (1,), (2,), (3,), (4,))) in found


def test_blocks_are_looked_for_across_like_sets_beside_unrelated_columns() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [rng.random((300, 3)), rng.exponential(size=(300, 3)), rng.standard_normal(300) + 5]
    )[:, [0, 3, 1, 6, 4, 2, 5]]
    assert ("permutations", ((0, 1), (2, 4), (5, 6))) in found_blocks(X, 7, lambda i, j: 1.0)


def test_columns_that_are_equal_are_no_symmetry() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 2))[:, [0, 0, 1]]
    rows = rows_of(X, X[:, 0] + np.sin(X[:, 2]) + 0.1 * rng.standard_normal(120))
    assert all(
        [block[0] for block in test["blocks"]] != ["x0", "x1"]
        for test in invariance(rows).details.get("tests", [])
    )
    assert not invariance(rows, {"permutations": [["x0"], ["x1"]]}).found


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_symmetry_of_a_subset_is_found_beside_like_and_unlike_columns(share: float) -> None:
    rng = np.random.default_rng(0)
    X, other = rng.random((500, 5)), rng.exponential(size=(500, 1))
    y = (
        np.sin(4 * X[:, :4]).sum(1)
        + 2 * X[:, :4].prod(1)
        + X[:, :4].max(1)
        + 2 * share * X[:, 4]
        + np.tanh(other[:, 0])
        + 0.1 * rng.standard_normal(500)
    )
    found = invariance(rows_of(np.hstack([X, other]), y))
    assert found.found
    assert found.setting["blocks"] == [["x0"], ["x1"], ["x2"], ["x3"]]


def test_outputs_that_move_along_are_equivariant() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((300, 3))
    Y = np.stack(
        [np.sin(5 * X[:, j]) + 2 * np.delete(X, j, axis=1).prod(1) for j in range(3)], 1
    ) + 0.1 * rng.standard_normal((300, 3))
    group = {"permutations": [["x0"], ["x1"], ["x2"]]}
    assert invariance(rows_of(X, Y), group).verdict == "equivariant"
    Y[:, 0] += 0.4 * X[:, 0]
    assert not invariance(rows_of(X, Y), group).found


def test_a_fit_finds_points_in_the_plane_that_move_their_targets_along() -> None:
    rng = np.random.default_rng(0)
    P = rng.random((400, 3, 2))
    near = np.exp(-8 * ((P[:, :, None] - P[:, None]) ** 2).sum(-1)) * (1 - np.eye(3))
    Y = (near * (1 + P[:, None, :, 0])).sum(2) + 0.1 * rng.standard_normal((400, 3))
    found = run_detector("invariance", rows_of(P.reshape(400, 6), Y))
    assert found.setting["equivariant"]
    assert found.setting["blocks"] == [["x0", "x1"], ["x2", "x3"], ["x4", "x5"]]


@pytest.mark.parametrize(("slope", "broken"), [(0.0, False), (3.0, True)])
def test_a_clearly_broken_group_is_seen_by_least_squares(slope: float, broken: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.random((300, 3))
    y = np.sin(4 * X).sum(1) + X.max(1) + slope * X[:, 0] + 0.1 * rng.standard_normal(300)
    assert (
        clearly_broken(permutations([[j] for j in range(3)], 3), (X - 0.5) * 12**0.5, y) == broken
    )


def contradicted(seed: int, slope: float, q: int = 3, n: int = 250) -> bool:
    """Whether S_q is contradicted on columns that depend on each other, under noise that grows and
    has heavy tails.
    """
    rng = np.random.default_rng([seed, 77])
    Z = rng.standard_normal((n, q)) + rng.standard_normal((n, 1))
    X = np.argsort(np.argsort(Z, axis=0), axis=0) / n
    y = (
        np.sin(4 * X).sum(1)
        + 2 * X.prod(1)
        + X.max(1)
        + slope * X[:, 0]
        + 0.1 * (0.5 + X.mean(1)) * rng.standard_t(4, n)
    )
    return bool(
        invariance(rows_of(X, y, seed), {"permutations": [[f"x{j}"] for j in range(q)]}).details[
            "tests"
        ][0]["p_true"]
        <= 0.02
    )


@pytest.mark.slow
def test_a_symmetry_that_holds_is_seldom_contradicted_and_a_broken_one_mostly() -> None:
    assert (
        binomtest(sum(contradicted(seed, 0.0) for seed in range(100)), 100, 0.065, "greater").pvalue
        > 0.01
    )
    assert sum(contradicted(seed, 0.5) for seed in range(40)) >= 36
