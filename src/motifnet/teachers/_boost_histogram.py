"""Boosting by scikit-learn's HistGradientBoosting, where LightGBM is missing. It samples columns, but not rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import Control
from motifnet.losses import Pinball
from motifnet.teachers._boosting import Growth, Problem, best_count
from motifnet.teachers._forest import Forest
from motifnet.teachers._parse_sklearn import parse_histogram


def grow(train: Problem, growth: Growth, seed: int, control: Control | None) -> list[Forest]:
    """The constant and `growth.limit` trees; the constant alone where a class has no row, for scikit-learn would drop the class."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if control is not None:
        control.check()
    if train.classes and len(np.unique(train.y)) < train.classes:
        return train.constants
    kind = HistGradientBoostingClassifier if train.classes else HistGradientBoostingRegressor
    model = kind(
        **_loss_of(train),
        learning_rate=growth.learning_rate,
        max_iter=growth.limit,
        max_leaf_nodes=growth.leaves,
        min_samples_leaf=growth.min_rows,
        l2_regularization=growth.l2,
        max_features=growth.columns,
        early_stopping=False,
        random_state=seed,
    )
    return parse_histogram(model.fit(train.X, train.y, sample_weight=train.weight / train.weight.mean()))


def count(train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None) -> int:
    """The number of trees with the least validation loss, 0 included, of `growth.limit` that are all grown."""
    return best_count(grow(train, growth, seed, control), valid)


def _loss_of(train: Problem) -> dict[str, Any]:
    """What the model minimises, where that is not squared error or log loss."""
    if isinstance(train.loss, Pinball):
        return {"loss": "quantile", "quantile": train.loss.level}
    return {} if train.loss is None else {"loss": train.loss.name}
