"""Boosted trees tuned by a random search, as published benchmarks tune them.

The first of `TRIALS` settings is the library's own at rate 0.05, the others are drawn from the ranges of TabArena (Erickson et al. 2025). Each is
fitted to four fifths of the training rows until its error on the other fifth (RMSE or log loss) has not fallen for `PATIENCE` rounds. The setting
with the least error is fitted to all training rows, with the number of trees that it had there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.compare._early_stopping import held_out
from motifnet.compare._method import Setting, Target
from motifnet.compare._metrics import log_loss

TRIALS, PATIENCE, MAX_TREES = 30, 50, 5_000
UNTRIED_TREES = 500  # where no class has five rows, so that none can be held out
FIRST = {"learning_rate": 0.05}
Settings = dict[str, Any]
Rng = np.random.Generator


@dataclass(frozen=True)
class Library:
    """What a search needs to know of a library: how settings are drawn, how a model is built of them and stopped early, and how many trees it has."""

    draw: Callable[[Rng], Settings]
    build: Callable[[Settings, int, Setting], Any]
    stop: Callable[[pd.DataFrame, Target], Settings]
    trees: Callable[[Any], int]


class Tuned:
    """A tuned model with scikit-learn's interface; `settings_` and `trees_` are what the search found."""

    def __init__(self, library: Library, setting: Setting, trials: int = TRIALS) -> None:
        self.library = library
        self.setting = setting
        self.trials = trials

    def fit(self, X: pd.DataFrame, y: Target) -> Self:
        """Search, then fit to all rows."""
        held = held_out(y if self.setting.classes else np.zeros(len(y)), self.setting.seed)
        rng = np.random.default_rng(self.setting.seed)
        drawn = [FIRST, *(self.library.draw(rng) for _ in range(self.trials - 1))] if held.any() else []
        found = [self._try(settings, X, y, held) for settings in drawn] or [(0.0, FIRST, UNTRIED_TREES)]
        _, self.settings_, self.trees_ = min(found, key=lambda trial: trial[0])
        self.model_ = self.library.build(self.settings_, self.trees_, self.setting).fit(X, y)
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Values."""
        return np.asarray(self.model_.predict(X))

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Probabilities of the classes."""
        return np.asarray(self.model_.predict_proba(X))

    def _try(self, settings: Settings, X: pd.DataFrame, y: Target, held: NDArray[np.bool_]) -> tuple[float, Settings, int]:
        """Error on the held rows, the settings, and the number of trees."""
        model = self.library.build(settings, MAX_TREES, self.setting)
        model.fit(X[~held], y[~held], **self.library.stop(X[held], y[held]))
        if self.setting.classes:
            error = log_loss(y[held], model.predict_proba(X[held]))
        else:
            error = float(np.sqrt(np.mean((y[held] - model.predict(X[held])) ** 2)))
        return error, settings, self.library.trees(model)


def tuned(setting: Setting, *, library: str) -> Tuned:
    """A search over the settings of a library."""
    return Tuned(LIBRARIES[library], setting)


def _draw_lightgbm(rng: Rng) -> Settings:
    return {
        "learning_rate": _log_uniform(rng, 5e-3, 0.1),
        "feature_fraction": rng.uniform(0.4, 1),
        "bagging_fraction": rng.uniform(0.7, 1),
        "bagging_freq": 1,
        "num_leaves": _log_whole(rng, 2, 200),
        "min_data_in_leaf": _log_whole(rng, 1, 64),
        "extra_trees": bool(rng.integers(2)),
        "min_data_per_group": _log_whole(rng, 2, 100),
        "cat_l2": _log_uniform(rng, 5e-3, 2),
        "cat_smooth": _log_uniform(rng, 1e-3, 100),
        "max_cat_to_onehot": _log_whole(rng, 8, 100),
        "lambda_l1": rng.uniform(1e-4, 1),
        "lambda_l2": rng.uniform(1e-4, 2),
    }


def _draw_catboost(rng: Rng) -> Settings:
    return {
        "learning_rate": _log_uniform(rng, 5e-3, 0.1),
        "bootstrap_type": "Bernoulli",
        "subsample": rng.uniform(0.7, 1),
        "grow_policy": ("SymmetricTree", "Depthwise")[rng.integers(2)],
        "depth": int(rng.integers(4, 9)),
        "colsample_bylevel": rng.uniform(0.85, 1),
        "l2_leaf_reg": _log_uniform(rng, 1e-4, 5),
        "leaf_estimation_iterations": _log_whole(rng, 1, 20),
        "one_hot_max_size": _log_whole(rng, 8, 100),
        "model_size_reg": _log_uniform(rng, 0.1, 1.5),
        "max_ctr_complexity": int(rng.integers(2, 6)),
        "boosting_type": "Plain",
    }


def _log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _log_whole(rng: Rng, low: int, high: int) -> int:
    return round(_log_uniform(rng, low - 0.5, high + 0.5))


def _lightgbm(settings: Settings, trees: int, s: Setting) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    model = LGBMClassifier if s.classes else LGBMRegressor
    return model(n_estimators=trees, num_threads=s.threads, random_state=s.seed, verbose=-1, **settings)


def _catboost(settings: Settings, trees: int, s: Setting) -> Any:
    from catboost import CatBoostClassifier, CatBoostRegressor

    fixed = {"thread_count": s.threads, "random_seed": s.seed, "verbose": 0, "allow_writing_files": False, "cat_features": list(s.categories)}
    return (CatBoostClassifier if s.classes else CatBoostRegressor)(iterations=trees, **fixed, **settings)


def _stop_lightgbm(X: pd.DataFrame, y: Target) -> Settings:
    from lightgbm import early_stopping

    return {"eval_set": [(X, y)], "callbacks": [early_stopping(PATIENCE, verbose=False)]}


def _stop_catboost(X: pd.DataFrame, y: Target) -> Settings:
    return {"eval_set": (X, y), "early_stopping_rounds": PATIENCE}


LIBRARIES = {
    "lightgbm": Library(_draw_lightgbm, _lightgbm, _stop_lightgbm, lambda model: model.best_iteration_ or MAX_TREES),
    "catboost": Library(_draw_catboost, _catboost, _stop_catboost, lambda model: model.tree_count_),
}
