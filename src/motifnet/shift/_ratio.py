"""How much likelier a row of the fit is among the new rows: r(x) = p_new(x) / p_old(x), by a classifier that tells new rows from old.

    r(x) = P(new | x) / P(old | x) · n_old / n_new          (Bickel, Brückner and Scheffer 2009)

Every row is judged by a classifier that has not seen it: five folds. Candidates: no difference at all (r = 1), logistic regression on columns and
their squares with strong and with weak regularisation, and boosted trees. They are compared by the log loss of these honest probabilities; r = 1
stays unless another is better by a standard error.

A new row counts as covered where old rows are at least a twentieth as dense as new ones, 1 / r(x) ≥ 1/20.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
FOLDS, MOST_TIMES = 5, 20.0
_LIMIT = 1e-6


@dataclass(frozen=True)
class DensityRatio:
    """r at the old rows with shape (n,), the share of new rows that are covered, and the name of the candidate."""

    values: Matrix
    covered: float
    method: str


def density_ratio(old: Matrix, new: Matrix, seed: int) -> DensityRatio:
    """Rows with shape (n, k) and (m, k), columns in comparable units."""
    X, is_new = np.concatenate([old, new]), np.repeat([0, 1], [len(old), len(new)])
    fold = np.empty(len(X), dtype=np.int64)
    for code, part in enumerate((is_new == 0, is_new == 1)):
        rows = np.flatnonzero(part)
        fold[np.random.default_rng([seed, code]).permutation(rows)] = np.arange(len(rows)) % FOLDS
    best, best_gain = DensityRatio(np.ones(len(old)), 1.0, "no difference"), 0.0
    bare = _log_loss(is_new, np.full(len(X), is_new.mean()))
    for name, build in _CANDIDATES.items():
        p = np.empty(len(X))
        for k in range(FOLDS):
            out = fold == k
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a fit that stops early is judged by its honest loss like any other
                p[out] = build(seed).fit(X[~out], is_new[~out]).predict_proba(X[out])[:, 1]
        p = np.clip(p, _LIMIT, 1 - _LIMIT)
        gain = bare - _log_loss(is_new, p)
        if gain.mean() > max(best_gain, gain.std() / np.sqrt(len(X))):
            r = p / (1 - p) * len(old) / len(new)
            best, best_gain = DensityRatio(r[: len(old)], float((r[len(old) :] <= MOST_TIMES).mean()), name), float(gain.mean())
    return best


def _logistic(seed: int, C: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(FunctionTransformer(_with_squares), StandardScaler(), LogisticRegression(C=C, max_iter=300, tol=1e-3))


def _trees(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_leaf_nodes=8, max_iter=60, min_samples_leaf=20, early_stopping=False, random_state=seed)


def _with_squares(X: Matrix) -> Matrix:
    return np.hstack([X, X**2])


_CANDIDATES: dict[str, Callable[[int], Any]] = {
    "logistic regression": partial(_logistic, C=0.1),
    "logistic regression, weakly regularised": partial(_logistic, C=10.0),
    "boosted trees": _trees,
}


def _log_loss(y: NDArray[np.int64], p: Matrix) -> Matrix:
    return -np.log(np.where(y == 1, p, 1 - p))
