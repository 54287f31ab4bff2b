"""LightGBM for classes, with the number of trees that an inner fifth of the rows asks for, as its users fit it.

A fixed number of trees makes probabilities near 0 and 1 out of few rows, and log loss punishes these. So trees are added until the log loss of every
fifth row of each class has not fallen for `PATIENCE` rounds; then the best number of trees is fitted to all rows.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST_TREES, PATIENCE, PART = 2_000, 50, 5


class EarlyStopped:
    """A boosted classifier with scikit-learn's interface; `settings` are those of `LGBMClassifier` but the number of trees."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings = settings
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Find the number of trees, then fit to all rows."""
        from lightgbm import LGBMClassifier, early_stopping

        held = held_out(y, self.seed)
        self.trees_ = MOST_TREES
        if held.any():
            trial = LGBMClassifier(n_estimators=MOST_TREES, **self.settings)
            judges: list[Any] = [(X[held], y[held])]
            trial.fit(X[~held], y[~held], eval_set=judges, callbacks=[early_stopping(PATIENCE, verbose=False)])
            self.trees_ = trial.best_iteration_ or MOST_TREES
        self.model_ = LGBMClassifier(n_estimators=self.trees_, **self.settings).fit(X, y)
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
