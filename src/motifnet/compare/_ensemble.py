"""Methods averaged and stacked over folds, as the stronger entries of benchmarks are made.

Each member is fitted five times, to the rows outside a fold, with the fold for early stopping where the member can use one; its prediction is the
mean of the five. The members are weighted by non-negative least squares on the out-of-fold predictions (of probabilities: of the indicators of the
classes), with weights that sum to 1.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from motifnet.compare._method import Fitted, Method, Setting, Target

FOLDS = 5


class CrossFitted:
    """Members fitted over folds, with scikit-learn's interface; `weights_` has one weight a member."""

    def __init__(self, members: tuple[Method, ...], setting: Setting) -> None:
        self.members = members
        self.setting = setting

    def fit(self, X: pd.DataFrame, y: Target) -> Self:
        """Fit every member to every fold, then weigh the members."""
        from sklearn.model_selection import KFold, StratifiedKFold

        setting = self.setting
        splitter = (StratifiedKFold if setting.classes else KFold)(FOLDS, shuffle=True, random_state=setting.seed)
        goal = np.eye(setting.classes)[y] if setting.classes else np.asarray(y, dtype=float)
        out_of_fold = np.empty((len(self.members), *goal.shape))
        self.fitted_: list[list[Fitted]] = [[] for _ in self.members]
        for rows, held in splitter.split(X, y):
            for member, models, oof in zip(self.members, self.fitted_, out_of_fold, strict=True):
                models.append(member.fit(X.iloc[rows], y[rows], setting, (X.iloc[held], y[held])))
                oof[held] = models[-1].predict(X.iloc[held])
        weights = nnls(out_of_fold.reshape(len(self.members), -1).T, goal.ravel())[0]
        self.weights_ = weights / weights.sum() if weights.any() else np.full(len(weights), 1 / len(weights))
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """The weighted mean of the members."""
        means = [np.mean([fitted.predict(X) for fitted in models], axis=0) for models in self.fitted_]
        return np.asarray(np.tensordot(self.weights_, means, 1))

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """The same for probabilities."""
        return self.predict(X)


def cross_fitted(setting: Setting, *, members: tuple[Method, ...]) -> Any:
    """An ensemble of these members."""
    return CrossFitted(members, setting)
