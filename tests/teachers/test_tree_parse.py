"""Fitted tree models as flat arrays: the same values as their own libraries, to the last
threshold.
"""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.tree import DecisionTreeRegressor

from motifnet.engine import Matrix, UsageError
from motifnet.teachers import (
    Forest,
    parse_catboost,
    parse_histogram,
    parse_lightgbm,
    parse_sklearn_tree,
    rounded_threshold,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4))
X[:, 2] = RNG.integers(0, 3, 400)
Y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
LABELS = np.digitize(Y, [-0.5, 0.5])
SETTINGS: dict[str, Any] = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3}


def booster(trees: int = 30, y: Matrix = Y, **settings: Any) -> lightgbm.Booster:
    return lightgbm.train(
        SETTINGS | settings, lightgbm.Dataset(X, y, params={"verbosity": -1}), num_boost_round=trees
    )


def at_thresholds(forest: Forest) -> Matrix:
    """Rows on, just below and just above the thresholds of a forest."""
    base = X[RNG.integers(0, len(X), 600)].copy()
    inner = np.flatnonzero(forest.left != np.arange(len(forest.left)))
    for row in base:
        node = RNG.choice(inner)
        row[forest.feature[node]] = forest.threshold[node]
    columns = RNG.integers(0, 4, 600)
    base[np.arange(600), columns] = np.nextafter(
        base[np.arange(600), columns], RNG.choice([-np.inf, np.inf], 600)
    )
    return np.vstack([X, base, 10 * X])


BOOSTERS: dict[str, dict[str, Any]] = {
    "squared": {"objective": "regression"},
    "stumps": {"objective": "regression", "num_leaves": 2},
    "deep": {"objective": "regression", "num_leaves": 120, "min_data_in_leaf": 1},
    "forest": {
        "objective": "regression",
        "boosting": "rf",
        "bagging_freq": 1,
        "bagging_fraction": 0.5,
    },
    "binary": {"objective": "binary", "y": (Y > 0).astype(float)},
    "multiclass": {"objective": "multiclass", "num_class": 3, "y": LABELS.astype(float)},
    "constant": {"objective": "regression", "y": np.ones(400)},
    "one tree": {"objective": "regression", "trees": 1},
}


@pytest.mark.parametrize("settings", BOOSTERS.values(), ids=BOOSTERS.keys())
def test_raw_score_is_that_of_lightgbm(settings: dict[str, Any]) -> None:
    model = booster(**settings)
    forests = parse_lightgbm(model)
    rows = np.vstack([at_thresholds(f) for f in forests]) if max(f.depth for f in forests) else X
    ours = np.column_stack([f.predict(rows)[:, 0] for f in forests])
    # the raw score of a forest is a sum, its value the mean
    theirs = np.asarray(model.predict(rows, raw_score="boosting" not in settings))
    np.testing.assert_allclose(ours, theirs.reshape(ours.shape), atol=1e-13, rtol=0)


def test_first_iterations_and_best_iteration() -> None:
    model = booster()
    np.testing.assert_allclose(
        parse_lightgbm(model, 7)[0].predict(X)[:, 0], model.predict(X, num_iteration=7), atol=1e-13
    )
    assert (parse_lightgbm(model, 0)[0].predict(X) == 0).all()
    train = lightgbm.Dataset(X[:200], Y[:200], params={"verbosity": -1})
    valid = lightgbm.Dataset(X[200:], RNG.permutation(Y[200:]), reference=train)
    early = lightgbm.train(
        SETTINGS,
        train,
        200,
        valid_sets=[valid],
        callbacks=[lightgbm.early_stopping(3, verbose=False)],
    )
    assert 0 < early.best_iteration < 200
    np.testing.assert_allclose(
        parse_lightgbm(early)[0].predict(X)[:, 0], early.predict(X), atol=1e-13
    )


def test_what_cannot_be_parsed_is_refused() -> None:
    gaps = X.copy()
    gaps[::5, 0] = np.nan
    for data, words in (
        (lightgbm.Dataset(gaps, Y, params={"verbosity": -1}), "missing values"),
        (lightgbm.Dataset(X, Y, categorical_feature=[2], params={"verbosity": -1}), "categories"),
    ):
        with pytest.raises(UsageError, match=words):
            parse_lightgbm(
                lightgbm.train(
                    SETTINGS | {"min_data_per_group": 1, "cat_smooth": 0}, data, num_boost_round=5
                )
            )
    with pytest.raises(UsageError, match="linear_tree=False"):
        parse_lightgbm(booster(5, linear_tree=True))
    with pytest.raises(UsageError, match="zero_as_missing=False"):
        data = lightgbm.Dataset(
            np.where(X < 0, 0, X), Y, params={"verbosity": -1, "zero_as_missing": True}
        )
        parse_lightgbm(
            lightgbm.train(SETTINGS | {"zero_as_missing": True}, data, num_boost_round=5)
        )


@pytest.mark.parametrize("labels", [None, LABELS > 0, LABELS], ids=["values", "two", "three"])
def test_raw_score_is_that_of_histogram_boosting(labels: np.ndarray | None) -> None:
    model = (
        HistGradientBoostingRegressor(max_iter=20)
        if labels is None
        else HistGradientBoostingClassifier(max_iter=20)
    )
    model.fit(X, Y if labels is None else labels)
    forests = parse_histogram(model)
    rows = np.vstack([at_thresholds(f) for f in forests])
    ours = np.column_stack([f.predict(rows)[:, 0] for f in forests])
    theirs = model.predict(rows) if labels is None else model.decision_function(rows)
    np.testing.assert_allclose(ours, theirs.reshape(ours.shape), atol=1e-13, rtol=0)


def test_histogram_boosting_on_categories_is_refused() -> None:
    model = HistGradientBoostingRegressor(max_iter=3, categorical_features=[2]).fit(X, Y)
    with pytest.raises(UsageError, match="categories"):
        parse_histogram(model)


def test_decision_tree_rounds_rows_to_float32() -> None:
    tree = DecisionTreeRegressor(random_state=0).fit(X, Y)
    forest = parse_sklearn_tree(tree, tree.tree_.value[:, :, 0])
    rows = at_thresholds(forest)
    np.testing.assert_array_equal(forest.predict(rows)[:, 0], tree.predict(rows))


def test_rounded_threshold_is_the_rule_after_rounding() -> None:
    """x ≤ s ⟺ float32(x) ≤ t, at the values where it is decided: thresholds in float32, between two
    of them, and rows around the middle.
    """
    t32 = np.concatenate([RNG.normal(size=300), [0.0, 1.0, 2.0, -1.0, 1e-30, -1e-30]]).astype(
        np.float32
    )
    up = np.nextafter(t32, np.float32(np.inf))
    exact, above = t32.astype(np.float64), up.astype(np.float64)
    for t in (exact, exact + 0.3 * (above - exact), (exact + above) / 2):
        s = rounded_threshold(t)
        middle = (exact + above) / 2
        for x in (
            exact,
            above,
            middle,
            np.nextafter(middle, -np.inf),
            np.nextafter(middle, np.inf),
            np.nextafter(exact, -np.inf),
        ):
            np.testing.assert_array_equal(x <= s, x.astype(np.float32) <= t)


def test_forest_sum_scale_and_depth() -> None:
    parts = [parse_lightgbm(booster(k + 1))[0] for k in range(3)]
    total = Forest.sum([*parts, Forest.constant(np.array([0.5]))])
    np.testing.assert_allclose(
        total.scaled(2.0).predict(X), 2 * (sum(p.predict(X) for p in parts) + 0.5), atol=1e-12
    )
    assert total.depth == max(p.depth for p in parts)
    assert Forest.constant(np.ones(2)).depth == 0
    assert (Forest.constant(np.array([1.0, 2.0])).predict(X) == [1.0, 2.0]).all()


SYMMETRIC: dict[str, dict[str, Any]] = {
    "squared": {"loss_function": "RMSE"},
    "stumps": {"loss_function": "RMSE", "depth": 1},
    "binary": {"loss_function": "Logloss", "y": (Y > 0).astype(float)},
    "multiclass": {"loss_function": "MultiClass", "y": LABELS},
}


@pytest.mark.parametrize("settings", SYMMETRIC.values(), ids=SYMMETRIC.keys())
def test_raw_score_is_that_of_catboost(settings: dict[str, Any]) -> None:
    catboost = pytest.importorskip("catboost")
    common = {
        "iterations": 20,
        "thread_count": 1,
        "allow_writing_files": False,
        "logging_level": "Silent",
        "boost_from_average": False,
    }
    y = settings.pop("y", Y)
    model = catboost.CatBoost(common | settings).fit(X, y)
    forests = parse_catboost(model)
    rows = np.vstack([at_thresholds(f) for f in forests])
    ours = np.column_stack([f.predict(rows)[:, 0] for f in forests])
    theirs = np.asarray(model.predict(rows, prediction_type="RawFormulaVal")).reshape(len(rows), -1)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_catboost_without_a_transfer() -> None:
    catboost = pytest.importorskip("catboost")
    settings = {
        "iterations": 3,
        "thread_count": 1,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
    with pytest.raises(UsageError, match="not symmetric"):
        parse_catboost(catboost.CatBoost(settings | {"grow_policy": "Lossguide"}).fit(X, Y))
    levels = np.column_stack([X[:, :2].astype(object), [str(v) for v in X[:, 2]]])
    with pytest.raises(UsageError, match="encode levels"):
        parse_catboost(
            catboost.CatBoost(settings | {"one_hot_max_size": 10}).fit(
                levels, X[:, 2], cat_features=[2]
            )
        )
