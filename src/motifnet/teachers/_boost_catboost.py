"""Boosting by CatBoost, one thread: symmetric trees, which ask the same question in every node of a level."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import Control
from motifnet.losses import Pinball
from motifnet.teachers._boosting import Growth, Problem, best_count
from motifnet.teachers._forest import Forest
from motifnet.teachers._parse_catboost import parse_catboost

_FEW_ROWS = 20  # CatBoost refuses to draw from fewer


def grow(train: Problem, growth: Growth, seed: int, control: Control | None) -> list[Forest]:
    """The constant and `growth.limit` trees; the constant alone where CatBoost finds nothing to learn from."""
    return train.constants if _nothing(train) else _forests(train, _fit(train, None, growth, seed, control))


def count(train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None) -> int:
    """The number of trees with the least validation loss, 0 included; ends after `growth.patience` trees without a better one."""
    return 0 if _nothing(train) else best_count(_forests(train, _fit(train, valid, growth, seed, control)), valid)


def _nothing(train: Problem) -> bool:
    """CatBoost refuses a target of one value, a class without rows, and columns that do not vary."""
    return len(np.unique(train.y)) < max(2, train.classes) or not np.ptp(train.X.astype(np.float32), axis=0).any()


def _forests(train: Problem, model: Any) -> list[Forest]:
    return [Forest.sum(pair) for pair in zip(train.constants, parse_catboost(model), strict=True)]


def _fit(train: Problem, valid: Problem | None, growth: Growth, seed: int, control: Control | None) -> Any:
    from catboost import CatBoost

    settings = {
        "loss_function": _loss_of(train),
        "iterations": growth.limit,
        "learning_rate": growth.learning_rate,
        "depth": 6,
        "l2_leaf_reg": 3.0,
        "rsm": growth.columns,
        "bootstrap_type": "Bernoulli",
        "subsample": growth.rows if len(train.y) >= _FEW_ROWS else 1.0,
        "boost_from_average": False,
        "random_seed": seed,
        "thread_count": 1,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
    if train.classes > 2:
        settings["classes_count"] = train.classes
    model = CatBoost(settings)
    judged = {} if valid is None else {"eval_set": _pool(valid, train), "early_stopping_rounds": growth.patience, "use_best_model": False}
    model.fit(_pool(train, train), callbacks=[_Watch(control)], **judged)
    if control is not None:
        control.check()
    return model


class _Watch:
    """Ends CatBoost's training when the control says so; an error raised inside it would not come through."""

    def __init__(self, control: Control | None) -> None:
        self.control = control

    def after_iteration(self, info: Any) -> bool:
        return self.control is None or not self.control.stopped


def _pool(part: Problem, start: Problem) -> Any:
    from catboost import Pool

    baseline = np.broadcast_to(start.base, (len(part.y), len(start.base)))
    return Pool(part.X, part.y, weight=part.weight / part.weight.mean(), baseline=baseline if len(start.base) > 1 else baseline[:, 0])


def _loss_of(train: Problem) -> str:
    if isinstance(train.loss, Pinball):
        return f"Quantile:alpha={train.loss.level}"
    if train.loss is None:
        return "RMSE" if train.classes == 0 else "Logloss" if train.classes <= 2 else "MultiClass"
    return train.loss.name.capitalize()
