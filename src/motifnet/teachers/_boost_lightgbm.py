"""Boosting by LightGBM, one thread, the same trees in every run."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np

from motifnet.engine import Control
from motifnet.losses import Pinball
from motifnet.teachers._boosting import Growth, Problem
from motifnet.teachers._forest import Forest
from motifnet.teachers._parse_lightgbm import parse_lightgbm

WIDE, MAX_BINS = 100, 63  # from more columns on, thresholds of each that are tried: trees as good in a third of the time
_PROBES = 5  # trees whose pace is measured


def grow(train: Problem, growth: Growth, seed: int, control: Control | None) -> list[Forest]:
    """The constant and `growth.limit` trees, fewer where nothing can be split any more."""
    booster, done = _start(train, growth, seed)[0], 0
    while done < growth.limit and not _stopped(control) and not booster.update():
        done += 1
    return [Forest.sum(pair) for pair in zip(train.constants, parse_lightgbm(booster, iterations=done), strict=True)]


def count(train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None) -> int:
    """The number of trees with the least validation loss, 0 included; ends after `growth.patience` trees without a better one."""
    return _validated(train, valid, growth, seed, control)[1]


def grow_until(train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None) -> list[Forest]:
    """The constant and the trees that `count` counts, grown once."""
    booster, best = _validated(train, valid, growth, seed, control)
    return [Forest.sum(pair) for pair in zip(train.constants, parse_lightgbm(booster, iterations=best), strict=True)] if best else train.constants


def _validated(train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None) -> tuple[Any, int]:
    """The booster with all trees that were tried, and the best number."""
    start, limited = time.monotonic(), math.isfinite(growth.seconds)
    booster, train_set = _start(train, growth, seed)
    booster.add_valid(_data(valid, train.base, _settings(train, growth, seed), train_set), "valid")
    best, least = 0, float(booster.eval_valid()[0][2])
    before = time.monotonic()
    for t in range(1, growth.limit + 1):
        if _stopped(control) or booster.update():
            break
        if (now := float(booster.eval_valid()[0][2])) < least:
            best, least = t, now
        elif t - best >= growth.patience:
            break
        if limited and time.monotonic() - start > growth.seconds:
            break
        if limited and t == _PROBES:
            pace = (time.monotonic() - before) / _PROBES
            booster.reset_parameter({"learning_rate": replace(growth, seconds=growth.seconds - (before - start)).rate_at(pace)})
    return booster, best


def _stopped(control: Control | None) -> bool:
    """False; raises `Stopped` where the fit is to end."""
    if control is not None:
        control.check()
    return False


def _start(train: Problem, growth: Growth, seed: int) -> tuple[Any, Any]:
    import lightgbm

    settings = _settings(train, growth, seed)
    train_set = _data(train, train.base, settings)
    return lightgbm.Booster(settings, train_set), train_set


def _data(part: Problem, base: np.ndarray, settings: dict[str, Any], reference: Any = None) -> Any:
    import lightgbm

    start = np.repeat(base, len(part.y))  # class by class, as LightGBM wants it
    weight = part.weight / part.weight.mean()
    return lightgbm.Dataset(part.X, part.y, weight=weight, init_score=start, reference=reference, params=settings)


def _settings(train: Problem, growth: Growth, seed: int) -> dict[str, Any]:
    objective = "regression" if train.classes == 0 else "binary" if train.classes <= 2 else "multiclass"
    return {
        "objective": objective if train.loss is None else "quantile" if isinstance(train.loss, Pinball) else train.loss.name,
        "alpha": train.loss.level if isinstance(train.loss, Pinball) else 0.9,
        "num_class": train.classes if objective == "multiclass" else 1,
        "learning_rate": growth.learning_rate,
        "num_leaves": growth.leaves,
        "min_data_in_leaf": growth.min_rows,
        "min_data_in_bin": min(3, growth.min_rows),
        "feature_fraction": growth.columns,
        "bagging_fraction": growth.rows,
        "bagging_freq": 1,
        "lambda_l2": growth.l2,
        "extra_trees": growth.randomised,
        "path_smooth": growth.smooth,
        "boost_from_average": False,
        "use_missing": False,
        "feature_pre_filter": False,
        "max_bin": MAX_BINS if train.X.shape[1] > WIDE else 255,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "seed": seed,
        "verbosity": -1,
    }
