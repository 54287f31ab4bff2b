"""The classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import DataError, UsageError
from motifnet.estimators._base import MotifEstimator
from motifnet.stacking import ReliabilityCurve, calibration
from motifnet.tables import Matrix, as_weight


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

    def reliability(self, X: Any, y: Any, sample_weight: Any = None, groups: int = 15) -> ReliabilityCurve:
        """Predicted probabilities against observed shares, for a plot, and the expected calibration error `ece`, on rows that the fit has not seen.

        With two classes the event is the second one; with more it is that the most probable class is the right one.
        """
        if not isinstance(groups, int) or groups < 1:
            raise UsageError(f"groups={groups!r} must be a positive whole number, such as 15.")
        probabilities = self._outputs(X)
        n = len(probabilities)
        labels = np.asarray(y)
        if labels.shape != (n,) or not n:
            raise DataError(f"y has shape {labels.shape}, expected one class for each of the {n} rows of X, at least one.")
        code = {label: i for i, label in enumerate(self.model_.classes or ())}
        codes = np.array([code.get(label, -1) for label in labels.tolist()])
        return calibration(codes, probabilities, as_weight(sample_weight, n), groups)
