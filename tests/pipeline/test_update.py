"""Networks that are kept up to date: rows come and go, and the order does not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR

from motifnet import Network, mimic
from motifnet.engine import DataError, Matrix, UsageError
from motifnet.training import RowSums

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = np.sin(X[:, 0]) + X[:, 1] + 0.1 * RNG.normal(size=300)
OLD, NEW, LATER = slice(0, 120), slice(120, 200), slice(200, 300)
MODELS: dict[str, Any] = {
    "ridge": Ridge(),
    "support vectors": SVR(),
    "landmarks": make_pipeline(Nystroem(n_components=40, random_state=0), Ridge()),
}


@pytest.fixture(params=MODELS)
def network(request: pytest.FixtureRequest) -> Network:
    return mimic(MODELS[request.param].fit(X[OLD], Y[OLD]))


def at(network: Network) -> Matrix:
    return network(X)


def test_parts_give_what_the_whole_gives_in_any_order(network: Network) -> None:
    whole = network.update(X[120:], Y[120:], ridge=0.3)
    parts = network.update(X[NEW], Y[NEW], ridge=0.3).update(X[LATER], Y[LATER])
    turned = network.update(X[LATER], Y[LATER], ridge=0.3).update(X[NEW], Y[NEW])
    np.testing.assert_allclose(at(parts), at(whole), atol=1e-9)
    np.testing.assert_allclose(at(turned), at(whole), atol=1e-9)


def test_a_forgotten_row_has_never_been_there(network: Network) -> None:
    kept = network.update(X[NEW], Y[NEW], ridge=0.3)
    np.testing.assert_allclose(
        at(kept.update(X[LATER], Y[LATER]).forget(X[LATER], Y[LATER])), at(kept), atol=1e-8
    )
    np.testing.assert_allclose(at(kept.forget(X[NEW], Y[NEW])), at(network), atol=1e-8)


def test_weight_two_is_the_row_twice(network: Network) -> None:
    twice = network.update(np.vstack([X[NEW], X[NEW]]), np.concatenate([Y[NEW], Y[NEW]]), ridge=1.0)
    np.testing.assert_allclose(
        at(network.update(X[NEW], Y[NEW], np.full(80, 2.0), ridge=1.0)), at(twice), atol=1e-9
    )


def test_sums_solve_the_ridge_problem() -> None:
    """Of a linear model: the normal equations about the layer before."""
    model = Ridge().fit(X[OLD], Y[OLD])
    updated = mimic(model).update(X[NEW], Y[NEW], ridge=2.0)
    design, before = (
        np.column_stack([X[NEW], np.ones(80)]),
        np.append(model.coef_, model.intercept_),
    )
    solution = np.linalg.solve(design.T @ design + 2 * np.eye(4), design.T @ Y[NEW] + 2 * before)
    np.testing.assert_allclose(
        at(updated)[:, 0], np.column_stack([X, np.ones(300)]) @ solution, atol=1e-10
    )


def test_new_rows_are_learned_and_the_first_network_stays() -> None:
    network = mimic(MODELS["landmarks"].fit(X[OLD], Y[OLD]))
    moved = Y + 2 * X[:, 2]  # the world has changed
    before, updated = at(network), network.update(X[NEW], moved[NEW])
    assert np.mean((at(updated)[LATER, 0] - moved[LATER]) ** 2) < 0.3 * np.mean(
        (before[LATER, 0] - moved[LATER]) ** 2
    )
    np.testing.assert_array_equal(at(network), before)


def test_bad_updates_are_refused(network: Network) -> None:
    with pytest.raises(UsageError, match="not been updated"):
        network.forget(X[NEW], Y[NEW])
    with pytest.raises(DataError, match="one finite target"):
        network.update(X[NEW], Y[:3])
    with pytest.raises(UsageError, match="forgotten already"):
        network.update(X[NEW], Y[NEW], ridge=1.0).forget(X[NEW], Y[NEW]).forget(X[NEW], Y[NEW])
    with pytest.raises(DataError, match="given to `update` before"):
        RowSums.start(network.module, 1e-6).changed(
            network.module, 100 * X, Y[:, None], np.ones(300), -1
        ).network(network.module)
