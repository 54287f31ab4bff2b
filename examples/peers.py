"""What one would usually fit to a table, with usual settings."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from lightgbm import LGBMRegressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def boosted_trees() -> Any:
    """LightGBM with 500 trees."""
    return LGBMRegressor(
        n_estimators=500,
        learning_rate=0.05,
        min_child_samples=5,
        n_jobs=1,
        random_state=0,
        verbose=-1,
    )


def symmetric_trees() -> Any:
    """CatBoost at its defaults: 1,000 trees, a rate that it chooses by the number of rows."""
    from catboost import CatBoostRegressor

    return CatBoostRegressor(thread_count=1, random_seed=0, verbose=0, allow_writing_files=False)


def perceptron() -> Any:
    """Two hidden layers of 256, Adam, columns and target standardised, early stopping on a tenth of
    the rows.
    """
    network = MLPRegressor(
        hidden_layer_sizes=(256, 256),
        early_stopping=True,
        n_iter_no_change=50,
        max_iter=2_000,
        random_state=0,
    )
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )


PEERS = {"CatBoost, defaults": symmetric_trees} if find_spec("catboost") else {}  # an extra
PEERS |= {"LightGBM, 500 trees": boosted_trees, "multilayer perceptron, 256 + 256": perceptron}
