"""Conformalised quantile regression (Romano, Patterson and Candès 2019) by MAPIE around LightGBM,
the interval that most people would make; and our conformal method around its centre, so that widths
can be compared apart from centres.

The centre is the median of a fit to four fifths of the rows. Our method around it has out-of-fold
residuals of the same median regression, each fit to four fifths of the rows as well, and makes of
them what `predict_interval` makes of those of a network: a local scale and conformal quantiles.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks._split import Split
from motifnet.tables import Sample
from motifnet.uncertainty import fit_intervals

CALIBRATION = 0.2
# of seven settings that were tried on one split of all tables, the one with the best interval score
SETTINGS: dict[str, Any] = {
    "n_estimators": 300,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_child_samples": 20,
}


def conformal_quantiles(
    data: Split, coverage: float, threads: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Median predictions with shape (n,) and intervals with shape (n, 2) for the test rows."""
    from mapie.regression import ConformalizedQuantileRegressor

    logging.disable(logging.INFO)  # MAPIE tells of every pair of quantiles that cross
    X, y, X_test = _arrays(data)
    order = np.random.default_rng(seed).permutation(len(y))
    proper, kept = np.split(order, [round((1 - CALIBRATION) * len(y))])
    model = ConformalizedQuantileRegressor(
        estimator=_median(threads, seed), confidence_level=coverage
    )
    model.fit(X[proper], y[proper]).conformalize(X[kept], y[kept])
    median, ends = model.predict_interval(X_test)
    return median, ends[:, :, 0]


def our_widths(
    data: Split, coverage: float, threads: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same median predictions, and our intervals around them."""
    median, _ = conformal_quantiles(data, coverage, threads, seed)
    X, y, X_test = _arrays(data)
    sample = Sample.plain(X, y, folds=round(1 / CALIBRATION), seed=seed)
    predicted = np.empty(len(y))
    for fold in np.unique(sample.folds.of):
        held = sample.folds.of == fold
        predicted[held] = _median(threads, seed).fit(X[~held], y[~held]).predict(X[held])
    intervals = fit_intervals(sample, y[:, None], predicted[:, None], seed=seed, n_jobs=threads)
    assert intervals is not None
    centre = median[:, None]
    with torch.no_grad():
        log_scale = (
            None
            if intervals.scale is None
            else intervals.scale(torch.as_tensor(np.hstack([X_test, centre]))).numpy()
        )
    return median, intervals.bounds(centre, log_scale, np.array([coverage]))[:, 0, 0]


def _median(threads: int, seed: int) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(
        objective="quantile", alpha=0.5, n_jobs=threads, random_state=seed, verbose=-1, **SETTINGS
    )


def _arrays(data: Split) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows to fit and their target, rows of the test; indicators for levels."""
    both = pd.get_dummies(pd.concat([data.train, data.test])[data.columns], dtype=float).to_numpy(
        dtype=float
    )
    return (
        both[: len(data.train)],
        data.train["target"].to_numpy(dtype=float),
        both[len(data.train) :],
    )
