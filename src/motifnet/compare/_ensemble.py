"""Ensembles with scikit-learn's interface, as users fit them and as published benchmarks make them.

`EarlyStopped` is LightGBM for classes. A fixed number of trees makes probabilities near 0 and 1 out
of few rows, and log loss punishes these. So trees are added until the log loss on every fifth row
of each class has not fallen for `EARLY_STOPPING_ROUNDS` rounds. Then the best number of trees is
fitted to all rows.

`Tuned` is a random search over the settings of boosted trees. The first of `TRIALS` settings is the
library's own at rate 0.05, the others are drawn from the ranges of TabArena (Erickson et al. 2025).
Each is fitted to four fifths of the training rows until its error on the other fifth (RMSE or log
loss) has not fallen for `EARLY_STOPPING_ROUNDS` rounds. The setting with the least error is fitted
to all training rows, with the number of trees that it had there.

`CrossFitted` averages and stacks methods. Each member is fitted five times, to the rows outside a
fold, and uses the fold for early stopping where it can. Its prediction is the mean of the five. The
members are weighted by non-negative least squares on the out-of-fold predictions (of
probabilities: of the indicators of the classes), with weights that sum to 1.

All choices are made on rows that are held out of the training rows; test rows have no part in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from motifnet.compare._evaluation import log_loss
from motifnet.compare._method import Fitted, Method, Setting, Target

EARLY_STOPPING_ROUNDS = 50
PART = 5  # one row of five is held out
CLASS_TREES = 2_000  # at most, of `EarlyStopped`
MAX_TREES = 5_000  # of a setting that `Tuned` tries
UNTRIED_TREES = 500  # where no class has five rows, so that none can be held out
TRIALS = 30
FIRST = {"learning_rate": 0.05}
FOLDS = 5
Settings = dict[str, Any]
Rng = np.random.Generator


def lightgbm_model(s: Setting, **settings: Any) -> Any:
    """An unfitted LightGBM model of the task."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    return (LGBMClassifier if s.classes else LGBMRegressor)(
        num_threads=s.threads, random_state=s.seed, verbose=-1, **settings
    )


def catboost_model(s: Setting, **settings: Any) -> Any:
    """An unfitted CatBoost model of the task."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    return (CatBoostClassifier if s.classes else CatBoostRegressor)(
        thread_count=s.threads,
        random_seed=s.seed,
        verbose=0,
        allow_writing_files=False,
        cat_features=list(s.categories),
        **settings,
    )


class EarlyStopped:
    """A LightGBM classifier with scikit-learn's interface; `settings` leave out the number of
    trees.
    """

    def __init__(self, settings: Settings, setting: Setting) -> None:
        self.settings = settings
        self.setting = setting

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Find the number of trees, then fit to all rows."""
        held = held_out(y, self.setting.seed)
        self.trees_ = CLASS_TREES
        if held.any():
            trial = lightgbm_model(self.setting, n_estimators=CLASS_TREES, **self.settings)
            trial.fit(X[~held], y[~held], **_stop_lightgbm(X[held], y[held]))
            self.trees_ = trial.best_iteration_ or CLASS_TREES
        model = lightgbm_model(self.setting, n_estimators=self.trees_, **self.settings)
        self.model_ = model.fit(X, y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Probabilities of the classes."""
        return np.asarray(self.model_.predict_proba(X))


def held_out(y: NDArray[Any], seed: int) -> NDArray[np.bool_]:
    """Every fifth row of each class in a random order: every class keeps rows to be fitted to."""
    order = np.random.default_rng(seed).permutation(len(y))
    held = np.zeros(len(y), dtype=bool)
    held[order] = pd.Series(y[order]).groupby(y[order]).cumcount().to_numpy() % PART == PART - 1
    return held


@dataclass(frozen=True)
class Library:
    """What a search needs of a library: draws of settings, an unfitted model with a number of
    trees, the arguments of `fit` for early stopping, and the number of trees of a fitted model.
    """

    draw: Callable[[Rng], Settings]
    build: Callable[[Settings, int, Setting], Any]
    stop: Callable[[pd.DataFrame, Target], Settings]
    trees: Callable[[Any], int]


class Tuned:
    """A tuned model with scikit-learn's interface; `settings_` and `trees_` are what the search
    found.
    """

    def __init__(self, library: Library, setting: Setting, trials: int = TRIALS) -> None:
        self.library = library
        self.setting = setting
        self.trials = trials

    def fit(self, X: pd.DataFrame, y: Target) -> Self:
        """Search, then fit to all rows."""
        held = held_out(y if self.setting.classes else np.zeros(len(y)), self.setting.seed)
        rng = np.random.default_rng(self.setting.seed)
        drawn = (
            [FIRST, *(self.library.draw(rng) for _ in range(self.trials - 1))] if held.any() else []
        )
        found = [self._try(settings, X, y, held) for settings in drawn] or [
            (0.0, FIRST, UNTRIED_TREES)
        ]
        _, self.settings_, self.trees_ = min(found, key=lambda trial: trial[0])
        self.model_ = self.library.build(self.settings_, self.trees_, self.setting).fit(X, y)
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Values."""
        return np.asarray(self.model_.predict(X))

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Probabilities of the classes."""
        return np.asarray(self.model_.predict_proba(X))

    def _try(
        self, settings: Settings, X: pd.DataFrame, y: Target, held: NDArray[np.bool_]
    ) -> tuple[float, Settings, int]:
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


def _stop_lightgbm(X: pd.DataFrame, y: Target) -> Settings:
    from lightgbm import early_stopping

    return {
        "eval_set": [(X, y)],
        "callbacks": [early_stopping(EARLY_STOPPING_ROUNDS, verbose=False)],
    }


def _stop_catboost(X: pd.DataFrame, y: Target) -> Settings:
    return {"eval_set": (X, y), "early_stopping_rounds": EARLY_STOPPING_ROUNDS}


LIBRARIES = {
    "lightgbm": Library(
        _draw_lightgbm,
        lambda settings, trees, s: lightgbm_model(s, n_estimators=trees, **settings),
        _stop_lightgbm,
        lambda model: model.best_iteration_ or MAX_TREES,
    ),
    "catboost": Library(
        _draw_catboost,
        lambda settings, trees, s: catboost_model(s, iterations=trees, **settings),
        _stop_catboost,
        lambda model: model.tree_count_,
    ),
}


class CrossFitted:
    """Members fitted over folds, with scikit-learn's interface; `weights_` has one weight a
    member.
    """

    def __init__(self, members: tuple[Method, ...], setting: Setting) -> None:
        self.members = members
        self.setting = setting

    def fit(self, X: pd.DataFrame, y: Target) -> Self:
        """Fit every member to every fold, then weigh the members."""
        from sklearn.model_selection import KFold, StratifiedKFold

        setting = self.setting
        splitter = (StratifiedKFold if setting.classes else KFold)(
            FOLDS, shuffle=True, random_state=setting.seed
        )
        goal = np.eye(setting.classes)[y] if setting.classes else np.asarray(y, dtype=float)
        out_of_fold = np.empty((len(self.members), *goal.shape))
        self.fitted_: list[list[Fitted]] = [[] for _ in self.members]
        for rows, held in splitter.split(X, y):
            for member, models, oof in zip(self.members, self.fitted_, out_of_fold, strict=True):
                models.append(member.fit(X.iloc[rows], y[rows], setting, (X.iloc[held], y[held])))
                oof[held] = models[-1].predict(X.iloc[held])
        weights = nnls(out_of_fold.reshape(len(self.members), -1).T, goal.ravel())[0]
        self.weights_ = (
            weights / weights.sum() if weights.any() else np.full(len(weights), 1 / len(weights))
        )
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """The weighted mean of the members."""
        means = [
            np.mean([fitted.predict(X) for fitted in models], axis=0) for models in self.fitted_
        ]
        return np.asarray(np.tensordot(self.weights_, means, 1))

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """The same for probabilities."""
        return self.predict(X)


def cross_fitted(setting: Setting, *, members: tuple[Method, ...]) -> Any:
    """An ensemble of these members."""
    return CrossFitted(members, setting)
