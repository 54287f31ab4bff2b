"""Gradient boosting as its users run it: LightGBM with 500 trees at rate 0.05, CatBoost at its defaults, categories told to both."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from benchmarks._tables import Split


def lightgbm(data: Split, threads: int, seed: int) -> tuple[np.ndarray, float]:
    """Test predictions and seconds of the fit."""
    from lightgbm import LGBMRegressor

    train, test = data.train[data.columns].copy(), data.test[data.columns].copy()
    for c in data.categories:
        levels = pd.CategoricalDtype(sorted({*train[c].dropna(), *test[c].dropna()}, key=str))
        train[c], test[c] = train[c].astype(levels), test[c].astype(levels)
    names = [f"column{i}" for i in range(len(data.columns))]  # LightGBM refuses some characters in names
    train.columns, test.columns = names, names
    model = LGBMRegressor(n_estimators=500, learning_rate=0.05, min_child_samples=5, num_threads=threads, random_state=seed, verbose=-1)
    start = time.monotonic()
    model.fit(train, data.train["target"])
    seconds = time.monotonic() - start
    return np.asarray(model.predict(test)), seconds


def catboost(data: Split, threads: int, seed: int) -> tuple[np.ndarray, float]:
    """Test predictions and seconds of the fit."""
    from catboost import CatBoostRegressor

    train, test = data.train[data.columns].copy(), data.test[data.columns].copy()
    for c in data.categories:
        train[c], test[c] = (part[c].astype(object).where(part[c].notna(), "missing").astype(str) for part in (train, test))
    model = CatBoostRegressor(thread_count=threads, random_seed=seed, verbose=0, allow_writing_files=False, cat_features=data.categories)
    start = time.monotonic()
    model.fit(train, data.train["target"])
    seconds = time.monotonic() - start
    return np.asarray(model.predict(test)), seconds
