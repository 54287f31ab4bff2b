"""Fitted trees, forests and boosted trees of all libraries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn import (
    ensemble,
    linear_model,
    tree,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401

from tests.shared.fitted_rows import (
    CATEGORIES,
    COUNT,
    GAPS,
    LEVEL_VALUE,
    SEVERAL,
    VALUE,
    Case,
    N,
    X,
    three,
    two,
    value,
)

JUMPS: dict[str, Any] = {"smooth": False}
TREES = {
    "DecisionTreeRegressor": Case(
        lambda: tree.DecisionTreeRegressor(max_depth=6), y=SEVERAL, **JUMPS
    ),
    "DecisionTreeRegressor, missing values": value(
        lambda: tree.DecisionTreeRegressor(max_depth=6), X=GAPS, **JUMPS
    ),
    "DecisionTreeClassifier": three(lambda: tree.DecisionTreeClassifier(max_depth=4), **JUMPS),
    "ExtraTreeClassifier": three(
        lambda: tree.ExtraTreeClassifier(max_depth=5, random_state=0), **JUMPS
    ),
    "ExtraTreeRegressor": value(
        lambda: tree.ExtraTreeRegressor(max_depth=5, random_state=0), **JUMPS
    ),
    "RandomForestRegressor": value(
        lambda: ensemble.RandomForestRegressor(10, random_state=0), **JUMPS
    ),
    "RandomForestRegressor, missing values": value(
        lambda: ensemble.RandomForestRegressor(10, random_state=0), X=GAPS, **JUMPS
    ),
    "RandomForestClassifier": three(
        lambda: ensemble.RandomForestClassifier(10, random_state=0), **JUMPS
    ),
    "ExtraTreesRegressor": value(lambda: ensemble.ExtraTreesRegressor(10, random_state=0), **JUMPS),
    "ExtraTreesClassifier": two(lambda: ensemble.ExtraTreesClassifier(10, random_state=0), **JUMPS),
    "GradientBoostingRegressor": value(
        lambda: ensemble.GradientBoostingRegressor(n_estimators=20), **JUMPS
    ),
    "GradientBoostingRegressor, from a ridge": value(
        lambda: ensemble.GradientBoostingRegressor(n_estimators=20, init=linear_model.Ridge()),
        # its ridge is fitted and summed in float32, in the order of a matrix product
        tolerance=1e-6,
        **JUMPS,
    ),
    "GradientBoostingClassifier": three(
        lambda: ensemble.GradientBoostingClassifier(n_estimators=10), **JUMPS
    ),
    "GradientBoostingClassifier, exponential": two(
        lambda: ensemble.GradientBoostingClassifier(n_estimators=10, loss="exponential"), **JUMPS
    ),
    "HistGradientBoostingRegressor": value(
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=20), X=GAPS, **JUMPS
    ),
    "HistGradientBoostingRegressor, categories": Case(
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=5),
        X=CATEGORIES,
        y=LEVEL_VALUE,
        **JUMPS,
    ),
    "HistGradientBoostingRegressor, numbers as levels": Case(
        lambda: ensemble.HistGradientBoostingRegressor(
            max_iter=20, min_samples_leaf=5, categorical_features=[3]
        ),
        y=VALUE,
        X=X,
        **JUMPS,
    ),
    "HistGradientBoostingRegressor, Poisson": Case(
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=10, loss="poisson"),
        y=COUNT,
        **JUMPS,
    ),
    "HistGradientBoostingRegressor, monotone": value(
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=10, monotonic_cst=[1, 0, 0, 0]),
        **JUMPS,
    ),
    "HistGradientBoostingClassifier": three(
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=10), X=GAPS, **JUMPS
    ),
    "AdaBoostRegressor": value(
        lambda: ensemble.AdaBoostRegressor(n_estimators=10, random_state=0), **JUMPS
    ),
    "AdaBoostClassifier": two(
        lambda: ensemble.AdaBoostClassifier(n_estimators=10, random_state=0), **JUMPS
    ),
    "AdaBoostClassifier, three classes": three(
        lambda: ensemble.AdaBoostClassifier(n_estimators=10, random_state=0), **JUMPS
    ),
    "IsolationForest": value(
        lambda: ensemble.IsolationForest(n_estimators=20, random_state=0, max_features=0.7), **JUMPS
    ),
}


def lightgbm_of(kind: str, **settings: Any) -> Callable[[], Any]:
    def make() -> Any:
        import lightgbm

        return getattr(lightgbm, f"LGBM{kind}")(
            **{"n_estimators": 20, "min_child_samples": 5, "verbose": -1, "n_jobs": 1, **settings}
        )

    return make


def _xgboost(kind: str, **settings: Any) -> Callable[[], Any]:
    def make() -> Any:
        import xgboost

        return getattr(xgboost, f"XGB{kind}")(
            **{
                "n_estimators": 20,
                "max_depth": 4,
                "n_jobs": 1,
                "enable_categorical": True,
                **settings,
            }
        )

    return make


def _catboost(kind: str, **settings: Any) -> Callable[[], Any]:
    def make() -> Any:
        import catboost

        return getattr(catboost, f"CatBoost{kind}")(
            **{
                "iterations": 20,
                "depth": 4,
                "verbose": 0,
                "allow_writing_files": False,
                "thread_count": 1,
                **settings,
            }
        )

    return make


class _LightGBMBooster:
    """What `lightgbm.train` gives."""

    def fit(self, rows: Any, y: Any) -> Any:
        import lightgbm

        settings = {
            "objective": "binary",
            "sigmoid": 0.5,
            "min_data_in_leaf": 5,
            "verbose": -1,
            "num_threads": 1,
        }
        return lightgbm.train(settings, lightgbm.Dataset(rows, y), num_boost_round=10)


@dataclass(frozen=True)
class _Ranker:
    """A ranker, fitted on eight groups of rows."""

    make: Callable[[], Any]
    by: str = "group"

    def fit(self, rows: Any, y: Any) -> Any:
        sizes = np.full(8, N // 8)
        return self.make().fit(
            rows, y, **{self.by: sizes if self.by == "group" else np.repeat(np.arange(8), sizes)}
        )


def _catboost_itself(loss: str) -> Any:
    import catboost

    return catboost.CatBoost(
        {
            "iterations": 20,
            "loss_function": loss,
            "verbose": 0,
            "allow_writing_files": False,
            "thread_count": 1,
        }
    )


_L: dict[str, Any] = {"smooth": False, "library": "LightGBM"}
_G: dict[str, Any] = {"smooth": False, "library": "XGBoost"}
_C: dict[str, Any] = {"smooth": False, "library": "CatBoost"}
CODES = np.digitize(VALUE, [-0.3, 0.8])
BOOSTING = {
    "LGBMRegressor": value(lightgbm_of("Regressor"), **_L),
    "LGBMRegressor, missing values": value(lightgbm_of("Regressor"), X=GAPS, **_L),
    "LGBMRegressor, categories": Case(
        lightgbm_of("Regressor", min_data_per_group=1, cat_smooth=0),
        X=CATEGORIES,
        y=LEVEL_VALUE,
        **_L,
    ),
    "LGBMRegressor, Poisson": Case(lightgbm_of("Regressor", objective="poisson"), y=COUNT, **_L),
    "LGBMRegressor, monotone": value(
        lightgbm_of("Regressor", monotone_constraints=[1, 0, 0, 0]), **_L
    ),
    "LGBMRegressor, square roots": Case(lightgbm_of("Regressor", reg_sqrt=True), y=COUNT, **_L),
    "LGBMRegressor, alias": value(lightgbm_of("Regressor", objective="mean_absolute_error"), **_L),
    "LGBMRegressor, linear leaves": value(
        lightgbm_of("Regressor", linear_tree=True, num_leaves=8), X=GAPS, **_L
    ),
    "LGBMClassifier, linear leaves": three(
        lightgbm_of("Classifier", linear_tree=True, num_leaves=4, n_estimators=5),
        tolerance=1e-9,
        **_L,
    ),
    "LGBMClassifier": two(lightgbm_of("Classifier"), **_L),
    "LGBMClassifier, slope of its own": two(lightgbm_of("Classifier", sigmoid=0.5), **_L),
    "LGBMClassifier, one against the rest": three(
        lightgbm_of("Classifier", objective="multiclassova", sigmoid=2.0), **_L
    ),
    "LGBMClassifier, three classes": three(lightgbm_of("Classifier"), X=GAPS, **_L),
    "Booster": Case(_LightGBMBooster, y=(VALUE > 0).astype(int), **_L),
    "XGBRegressor": value(_xgboost("Regressor"), **_G),
    "XGBRegressor, missing values": value(_xgboost("Regressor"), X=GAPS, **_G),
    "XGBRegressor, categories": Case(_xgboost("Regressor"), X=CATEGORIES, y=LEVEL_VALUE, **_G),
    "XGBRegressor, DART": value(_xgboost("Regressor", booster="dart", rate_drop=0.2), **_G),
    "XGBRegressor, Poisson": Case(_xgboost("Regressor", objective="count:poisson"), y=COUNT, **_G),
    "XGBRegressor, monotone": value(_xgboost("Regressor", monotone_constraints=(1, 0, 0, 0)), **_G),
    "XGBRegressor, given base score": value(_xgboost("Regressor", base_score=0.5), **_G),
    "XGBRegressor, several targets": Case(_xgboost("Regressor"), y=SEVERAL, **_G),
    "XGBRegressor, several values a leaf": Case(
        _xgboost("Regressor", multi_strategy="multi_output_tree"), y=SEVERAL, X=GAPS, **_G
    ),
    "XGBRegressor, lines": value(
        _xgboost("Regressor", booster="gblinear"), X=GAPS, library="XGBoost", smooth=False
    ),
    "XGBRegressor, one line": value(
        _xgboost("Regressor", booster="gblinear"), X=X[:, :1], library="XGBoost", smooth=False
    ),
    "XGBClassifier, lines": Case(
        _xgboost("Classifier", booster="gblinear"), y=CODES, **{**_G, "tolerance": 3e-7}
    ),
    "XGBClassifier, several values a leaf": Case(
        _xgboost("Classifier", multi_strategy="multi_output_tree"),
        y=CODES,
        **{**_G, "tolerance": 3e-7},
    ),
    "XGBClassifier": Case(_xgboost("Classifier"), y=(CODES > 0).astype(int), **_G),
    "XGBClassifier, several labels": Case(
        _xgboost("Classifier"),
        y=np.column_stack([CODES > 0, CODES > 1]).astype(int),
        **{**_G, "tolerance": 4e-7},  # one ulp of float32, here too
    ),
    "XGBClassifier, three classes": Case(
        _xgboost("Classifier"),
        X=GAPS,
        y=CODES,
        # its exponential is not always the nearest number of float32: one ulp
        **{**_G, "tolerance": 3e-7},
    ),
    "XGBRFClassifier": Case(_xgboost("RFClassifier"), y=(CODES > 0).astype(int), **_G),
    "XGBRFRegressor": value(_xgboost("RFRegressor"), **_G),
    "CatBoostRegressor": value(_catboost("Regressor"), **_C),
    "CatBoostRegressor, missing values": value(_catboost("Regressor"), X=GAPS, **_C),
    "CatBoostRegressor, monotone": value(
        _catboost("Regressor", monotone_constraints=[1, 0, 0, 0]), **_C
    ),
    "LGBMRanker": Case(lambda: _Ranker(lightgbm_of("Ranker")), y=CODES, **_L),
    "XGBRanker": Case(lambda: _Ranker(_xgboost("Ranker")), y=CODES, **_G),
    "XGBRanker, pairs": Case(
        lambda: _Ranker(_xgboost("Ranker", objective="rank:pairwise")), y=CODES, **_G
    ),
    "CatBoostRanker": Case(lambda: _Ranker(_catboost("Ranker"), "group_id"), y=CODES, **_C),
    "CatBoost": Case(partial(_catboost_itself, "Poisson"), y=COUNT, **_C),
    "CatBoostClassifier": two(_catboost("Classifier"), **_C),
    "CatBoostClassifier, three classes": three(_catboost("Classifier"), X=GAPS, **_C),
    "CatBoostClassifier, one against the rest": three(
        _catboost("Classifier", loss_function="MultiClassOneVsAll"), **_C
    ),
}
