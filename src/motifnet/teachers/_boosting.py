"""Gradient boosting of one target or one set of classes by LightGBM, or by scikit-learn where LightGBM is missing: arrays in, forests out.

    logit or value:  f_T(x) = f_0 + Σ_{t ≤ T} tree_t(x)

f_0 is the best constant (classes: from smoothed shares), so that T = 0 is a model too, and early stopping may choose it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from motifnet.engine import Control, MotifnetWarning
from motifnet.tables import Matrix
from motifnet.teachers._forest import Forest
from motifnet.teachers._tree_parse import parse_histogram, parse_lightgbm


@dataclass(frozen=True)
class Growth:
    """How trees are grown."""

    learning_rate: float
    leaves: int
    min_rows: int
    columns: float
    rows: float
    l2: float
    max_trees: int
    patience: int


@dataclass(frozen=True)
class Problem:
    """Rows X with shape (n, d), target y with shape (n,) (values or class codes), weights with shape (n,), number of classes (0: values)."""

    X: Matrix
    y: Matrix
    weight: Matrix
    classes: int = 0

    def part(self, rows: np.ndarray) -> Problem:
        return Problem(self.X[rows], self.y[rows], self.weight[rows], self.classes)

    @property
    def base(self) -> Matrix:
        """f_0 with shape (outputs,)."""
        if self.classes == 0:
            return np.atleast_1d(self.weight @ self.y / self.weight.sum())
        weight = self.weight * (len(self.y) / self.weight.sum())
        share = np.bincount(self.y.astype(np.int64), weight, max(self.classes, 2)) + 0.5
        share /= share.sum()
        return np.log(share[1:] / share[:1]) if self.classes <= 2 else np.log(share)

    def constants(self) -> list[Forest]:
        """f_0, one forest an output."""
        return [Forest.constant(value) for value in self.base]


class Engine(Protocol):
    """Grows `growth.max_trees` iterations and returns the forests, one an output, and that number; with a validation part, only the best number."""

    def __call__(self, train: Problem, valid: Problem | None, growth: Growth, seed: int, control: Control | None) -> tuple[list[Forest], int]: ...


def find_engine() -> Engine:
    """LightGBM, or scikit-learn's histogram boosting with a warning."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: the wheel is there, but not the OpenMP library that it needs
        warnings.warn(
            f"LightGBM cannot be imported ({error}); boosted trees are grown by scikit-learn instead, which is slower. "
            "Install LightGBM and its OpenMP library (libgomp1, or libomp on macOS) to use it.",
            MotifnetWarning,
            stacklevel=2,
        )
        return grow_histogram
    return grow_lightgbm


def grow_lightgbm(train: Problem, valid: Problem | None, growth: Growth, seed: int, control: Control | None) -> tuple[list[Forest], int]:
    """Engine on LightGBM, one thread."""
    import lightgbm

    if _cannot_split(train, growth):
        return train.constants(), 0

    objective = "regression" if train.classes == 0 else "binary" if train.classes <= 2 else "multiclass"
    parameters = {
        "objective": objective,
        "learning_rate": growth.learning_rate,
        "num_leaves": growth.leaves,
        "min_data_in_leaf": growth.min_rows,
        "min_sum_hessian_in_leaf": 1e-3,
        "min_data_in_bin": min(3, growth.min_rows),
        "feature_fraction": growth.columns,
        "bagging_fraction": growth.rows,
        "bagging_freq": 1,
        "lambda_l2": growth.l2,
        "boost_from_average": False,
        "use_missing": False,
        "feature_pre_filter": False,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "seed": seed,
        "verbosity": -1,
    } | ({"num_class": train.classes} if objective == "multiclass" else {})
    base = train.base

    def data(part: Problem, reference: Any = None) -> Any:
        start = np.repeat(base, len(part.y))  # class by class, as LightGBM wants it
        weight = part.weight / part.weight.mean()
        return lightgbm.Dataset(part.X, part.y, weight=weight, init_score=start, reference=reference, params=parameters)

    train_set = data(train)
    booster = lightgbm.Booster(parameters, train_set)
    if valid is not None:
        booster.add_valid(data(valid, train_set), "valid")
    error = None if valid is None else lambda: float(booster.eval_valid()[0][2])
    best = _climb(lambda: bool(booster.update()), error, growth.max_trees, growth.patience, control)
    if valid is not None:  # only the number of trees is wanted
        return [], best
    forests = parse_lightgbm(booster, iterations=best)
    return [Forest.sum(pair) for pair in zip(train.constants(), forests, strict=True)], best


def _cannot_split(train: Problem, growth: Growth) -> bool:
    return growth.max_trees == 0 or len(train.y) < 2 * growth.min_rows


def _climb(step: Callable[[], bool], error: Callable[[], float] | None, limit: int, patience: int, control: Control | None) -> int:
    """Take steps until nothing can be split, the limit, or no better error for `patience` steps; the number of steps with the least error."""
    best, least = 0, np.inf if error is None else error()
    for t in range(1, limit + 1):
        if control is not None:
            control.check()
        if step():
            return t - 1 if error is None else best
        if error is None:
            best = t
        elif (now := error()) < least:
            best, least = t, now
        elif t - best >= patience:
            break
    return best


def grow_histogram(train: Problem, valid: Problem | None, growth: Growth, seed: int, control: Control | None) -> tuple[list[Forest], int]:
    """Engine on scikit-learn's HistGradientBoosting, which has no row sampling; the best number of iterations is read off the staged scores."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if control is not None:
        control.check()
    kind = HistGradientBoostingClassifier if train.classes else HistGradientBoostingRegressor
    present, codes = np.unique(train.y, return_inverse=True) if train.classes else (np.zeros(0), train.y)
    if _cannot_split(train, growth) or (train.classes and len(present) < train.classes):
        return train.constants(), 0
    model = kind(
        learning_rate=growth.learning_rate,
        max_iter=growth.max_trees,
        max_leaf_nodes=growth.leaves,
        min_samples_leaf=growth.min_rows,
        l2_regularization=growth.l2,
        max_features=growth.columns,
        early_stopping=False,
        random_state=seed,
    ).fit(train.X, codes, sample_weight=train.weight / train.weight.mean())
    forests = parse_histogram(model)
    return _best_stage(forests, valid, growth.max_trees)


def _best_stage(forests: list[Forest], valid: Problem | None, limit: int) -> tuple[list[Forest], int]:
    """The number of trees with the least validation loss; the first tree of each forest is the constant."""
    if valid is None:
        return forests, limit
    stages = np.stack([np.cumsum(f.values[f.leaves(valid.X)][:, :, 0], axis=1) for f in forests])
    best = int(np.argmin([_loss(stages[:, :, t].T, valid) for t in range(stages.shape[2])]))
    return [], best


def _loss(score: Matrix, part: Problem) -> float:
    """Weighted squared error or log loss of scores with shape (n, outputs)."""
    if part.classes == 0:
        return float(part.weight @ (score[:, 0] - part.y) ** 2)
    logits = np.column_stack([np.zeros(len(score)), score]) if part.classes <= 2 else score
    own = logits[np.arange(len(logits)), part.y.astype(np.int64)]
    return float(part.weight @ (np.logaddexp.reduce(logits, axis=1) - own))
