"""Classification of curves by a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import Matrix
from motifnet.further.functional._motif import FunctionalMotif
from motifnet.tables import as_target


class FunctionalMotifClassifier(ClassifierMixin, FunctionalMotif):
    """Classification of curves, two classes or more, by a network.

    Parameters and attributes are those of `FunctionalMotifRegressor` without `objective` and
    `quantiles`, and `classes_`. The front layer is chosen by the squared leave-one-out error of
    columns of 0 and 1, one for each class; the teacher is the library's own. `model_` is a
    `MotifClassifier`.
    """

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, in the order of the columns of `predict_proba`."""
        check_is_fitted(self)
        return np.asarray(self.model_.classes_)

    def predict(self, X: Any, covariates: Any = None) -> NDArray[Any]:
        """The most probable class of each curve, with shape (n,)."""
        table = self.scores(X, covariates)
        return np.asarray(self.model_.predict(table))

    def predict_proba(self, X: Any, covariates: Any = None) -> Matrix:
        """Probabilities with shape (n, K)."""
        table = self.scores(X, covariates)
        return np.asarray(self.model_.predict_proba(table))

    def predict_set(self, X: Any, covariates: Any = None, coverage: float = 0.9) -> Matrix:
        """Conformal sets of classes with shape (n, K), as `MotifClassifier.predict_set`."""
        table = self.scores(X, covariates)
        return np.asarray(self.model_.predict_set(table, coverage))

    def _inner(self, seed: int) -> Any:
        from motifnet import MotifClassifier

        return self._with_shared(MotifClassifier(), seed)

    def _targets(self, y: Any, n: int) -> Matrix:
        target = as_target(y, n, "classification")
        codes = target.values[:, 0].astype(int)
        return np.eye(len(target.classes or ()))[codes]
