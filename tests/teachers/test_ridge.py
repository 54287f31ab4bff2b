"""The ridge path against its definition: brute force, scikit-learn, and rows that are repeated."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from motifnet.engine import Matrix
from motifnet.tables import make_folds
from motifnet.teachers import RidgePath, best_index, path_errors
from motifnet.teachers._linear import GRID

Data = tuple[Matrix, Matrix, Matrix]


@pytest.fixture(params=[(30, 4), (12, 40)], ids=["tall", "wide"])
def data(request: pytest.FixtureRequest) -> Data:
    n, d = request.param
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, d))
    X[:, 1] = 2.0  # a constant column gets no weight
    return X, X[:, :1] + rng.normal(size=(n, 2)), rng.uniform(0.5, 3, n)


@pytest.mark.parametrize("lam", [1e-3, 1.0, 100.0])
def test_solution_is_that_of_scikit_learn(data: Data, lam: float) -> None:
    X, y, w = data
    coef, intercept = RidgePath.of(X, y, w).solve(lam)
    reference = Ridge(alpha=lam).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(coef.T, reference.coef_, atol=1e-9)
    np.testing.assert_allclose(intercept, reference.intercept_, atol=1e-9)


def test_leave_one_out_is_brute_force(data: Data) -> None:
    X, y, w = data
    lams, errors = np.array([1e-3, 1.0, 100.0]), np.zeros(3)
    for i in range(len(X)):
        rest = np.arange(len(X)) != i
        path = RidgePath.of(X[rest], y[rest], w[rest])
        for j, lam in enumerate(lams):
            coef, intercept = path.solve(lam)
            errors[j] += w[i] * ((y[i] - X[i] @ coef - intercept) ** 2).sum()
    np.testing.assert_allclose(RidgePath.of(X, y, w).leave_one_out_errors(lams), errors, rtol=1e-9)


def test_a_weight_of_two_is_a_repeated_row(data: Data) -> None:
    X, y, _ = data
    twice = np.concatenate([np.arange(len(X)), np.arange(3)])
    w = np.ones(len(X))
    w[:3] = 2
    once, repeated = (
        RidgePath.of(X, y, w).solve(0.5),
        RidgePath.of(X[twice], y[twice], np.ones(len(twice))).solve(0.5),
    )
    np.testing.assert_allclose(once[0], repeated[0], atol=1e-10)
    np.testing.assert_allclose(once[1], repeated[1], atol=1e-10)


def test_errors_by_folds_are_those_of_refits(data: Data) -> None:
    X, y, w = data
    folds = make_folds(len(X), 3, 0)
    errors = path_errors(X, y, w, folds)
    total = np.zeros(2)
    for k in range(3):
        out = folds.held_out(k)
        coef, intercept = RidgePath.of(X[~out], y[~out], w[~out]).solve(GRID[5] * w[~out].sum())
        total += w[out] @ (y[out] - X[out] @ coef - intercept) ** 2
    np.testing.assert_allclose(errors[5], total.sum() / w.sum())


def test_nothing_depends_on_the_unit_of_weights(data: Data) -> None:
    X, y, w = data
    np.testing.assert_allclose(path_errors(X, y, w), path_errors(X, y, 7 * w), rtol=1e-6)


def test_ties_go_to_the_larger_penalty() -> None:
    assert best_index(np.array([2.0, 1.0, 1.0])) == 1
    one_row = path_errors(np.ones((1, 2)), np.ones((1, 1)), np.ones(1))
    assert best_index(one_row) == 0
