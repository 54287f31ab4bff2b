"""Boosted trees with early stopping: LightGBM and CatBoost, their defaults first, then random settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from motifnet.compare import Inputs
from motifnet.lab.race._course import Course
from motifnet.lab.race._search import Learner, Settings, Trial

MOST_TREES, PATIENCE = 2_000, 50


def _draw_lightgbm(rng: np.random.Generator) -> Settings:
    return {
        "learning_rate": float(10 ** rng.uniform(-1.7, -0.8)),
        "num_leaves": int(rng.choice([7, 15, 31, 63])),
        "min_child_samples": int(rng.choice([2, 5, 10, 20])),
        "colsample_bytree": float(rng.uniform(0.5, 1.0)),
        "subsample": float(rng.uniform(0.6, 1.0)),
        "subsample_freq": 1,
        "reg_lambda": float(10 ** rng.uniform(-3, 1)),
    }


def _draw_catboost(rng: np.random.Generator) -> Settings:
    return {
        "depth": int(rng.integers(4, 9)),
        "learning_rate": float(10 ** rng.uniform(-1.7, -0.8)),
        "l2_leaf_reg": float(10 ** rng.uniform(0, 1)),
        "random_strength": float(10 ** rng.uniform(-1, 0.5)),
    }


def _train_lightgbm(course: Course, s: Settings, length: int | None) -> Trial:
    from lightgbm import LGBMRegressor, early_stopping

    fixed: Settings = {"num_threads": 1, "random_state": course.task.seed, "verbose": -1}
    model = LGBMRegressor(n_estimators=length or MOST_TREES, **fixed, **s)
    stop = {} if length else {"callbacks": [early_stopping(PATIENCE, verbose=False)]}
    return replace(_fitted(course, model, length, stop, lambda: model.best_iteration_ or MOST_TREES), settings=s)


def _train_catboost(course: Course, s: Settings, length: int | None) -> Trial:
    from catboost import CatBoostRegressor

    fixed: Settings = {"thread_count": 1, "random_seed": course.task.seed, "verbose": 0, "allow_writing_files": False}
    categories = Inputs.of(course.task.split.X, "categories").categories
    model = CatBoostRegressor(iterations=length or MOST_TREES, cat_features=categories, **fixed, **s)
    stop = {} if length else {"early_stopping_rounds": PATIENCE}
    trial = _fitted(course, model, length, stop, lambda: model.tree_count_)
    # its automatic rate depends on the number of trees, and the best number is that of this rate
    return replace(trial, settings=s | {"learning_rate": float(model.learning_rate_)})


def _fitted(course: Course, model: Any, length: int | None, stop: dict[str, Any], trees: Callable[[], int]) -> Trial:
    """Fit the rows that are not held out and stop by those that are, or fit all."""
    data, (fitted, held) = course.task.split, course.task.rows
    inputs = Inputs.of(data.X, "categories")
    X, X_test = inputs(data.X), inputs(data.X_test)
    if length:
        model.fit(X, data.y)
        return Trial(float("nan"), length, {}, lambda: model.predict(X_test))
    model.fit(X.iloc[fitted], data.y[fitted], eval_set=[(X.iloc[held], data.y[held])], **stop)
    score = float(np.mean((model.predict(X.iloc[held]) - data.y[held]) ** 2))
    return Trial(score, max(1, int(trees())), {}, lambda: model.predict(X_test))


# in place of LightGBM's defaults, which are made for larger tables; CatBoost's own are good and its fits are long
LIGHTGBM = Learner({"learning_rate": 0.05, "num_leaves": 31, "min_child_samples": 5}, _draw_lightgbm, _train_lightgbm)
CATBOOST = Learner({}, _draw_catboost, _train_catboost, 4)
