"""The classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from motifnet.estimators._base import MotifEstimator
from motifnet.tables import Matrix


class MotifClassifier(ClassifierMixin, MotifEstimator):
    """Classification, two classes or more, by a deep network that is computed, not searched for.

    As `MotifRegressor`, with least-squares scores of the classes in front and a convex last layer that turns out-of-fold scores into calibrated
    probabilities; errors in the ledger are log losses. Parameters and attributes are those of `MotifRegressor`, and `classes_`.
    """

    _task = "classification"

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, in the order of the columns of `predict_proba`."""
        check_is_fitted(self, "model_")
        return np.asarray(self.model_.classes)

    def predict_proba(self, X: Any) -> Matrix:
        """Probabilities with shape (n, K)."""
        return self._outputs(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row, with shape (n,)."""
        probabilities = self._outputs(X)
        return self.classes_[probabilities.argmax(1)]
