"""The classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from motifnet.engine import Matrix, UsageError, resolve_jobs
from motifnet.estimators._finished import check_is_fitted
from motifnet.estimators._streamed import StreamedEstimator
from motifnet.stacking import ReliabilityCurve, calibration
from motifnet.tables import as_weight, codes_among
from motifnet.uncertainty import as_levels


class MotifClassifier(ClassifierMixin, StreamedEstimator):
    """Classification, two classes or more, by a deep network that is computed, not searched for.

    As `MotifRegressor`: least squares gives scores of the classes, and a convex last layer turns
    them into calibrated probabilities. Errors in the ledger are log losses. Parameters and
    attributes are those of `MotifRegressor`, and `classes_`.
    """

    _task = "classification"

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, in the order of the columns of `predict_proba`."""
        check_is_fitted(self)
        classes = list(self.model_.classes or ())
        found = np.asarray(classes)
        # numpy drops zero characters at the end of strings,
        # and rounds whole numbers on both sides of 2^63
        same = found.tolist() == classes and isinstance(found.tolist()[0], type(classes[0]))
        return found if same else np.array(classes, dtype=object)

    def predict_proba(self, X: Any) -> Matrix:
        """Probabilities with shape (n, K)."""
        return self._outputs(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row, with shape (n,)."""
        probabilities = self._outputs(X)
        return self.classes_[probabilities.argmax(1)]

    def predict_distribution(self, X: Any) -> NoReturn:
        """Raises UsageError: the distribution of a class is `predict_proba`."""
        raise UsageError(
            "A classifier gives no predictive distribution of numbers. Ask for predict_proba, the "
            "probability of each class."
        )

    def predict_set(
        self, X: Any, coverage: float | Sequence[float] = 0.9, method: str = "lac"
    ) -> NDArray[np.bool_]:
        """Conformal sets: the classes that are possible at each row. A set holds the true class
        with the probability `coverage`.

        Parameters
        ----------
        X : table with the columns of the fit
        coverage : float or sequence of L floats, default 0.9
        method : {"lac", "aps"}, default "lac"
            "lac": the smallest sets on average; "aps": larger where rows are hard, smaller where
            they are easy.

        Returns
        -------
        array of booleans with shape (n, K)
            In the order of `classes_`; (n, L, K) for several levels. No set is empty.
        """
        check_is_fitted(self)
        levels, single = as_levels(coverage)
        members = self.model_.predict_set(
            self._new_rows(X), levels, method, resolve_jobs(self.n_jobs)
        )
        return members[:, 0] if single else members

    def predict_band(
        self, X: Any, coverage: float = 0.9, kind: str = "simultaneous", split: bool = False
    ) -> Matrix:
        """Raises UsageError. A band is the error of a last layer fitted by least squares, and
        probabilities come from another one.
        """
        raise UsageError(
            "There are no bands for probabilities. Ask for predict_set, which "
            "classes are possible, or reliability, how right they are."
        )

    def reliability(
        self, X: Any, y: Any, sample_weight: Any = None, groups: int = 15
    ) -> ReliabilityCurve:
        """Predicted probabilities against observed shares, for a plot, and the expected calibration
        error `ece`, on held-out rows.

        With two classes the event is the second class. With more it is that the most probable class
        is the right one.
        """
        if not isinstance(groups, int) or groups < 1:
            raise UsageError(f"groups={groups!r} must be a positive whole number, such as 15.")
        probabilities = self._outputs(X)
        codes = self._codes(y, len(probabilities))
        return calibration(codes, probabilities, as_weight(sample_weight, len(codes)), groups)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows whose class is the most probable one."""
        probabilities = self._outputs(X)
        codes = self._codes(y, len(probabilities))
        return float(
            np.average(
                probabilities.argmax(1) == codes, weights=as_weight(sample_weight, len(codes))
            )
        )

    def _codes(self, y: Any, n: int) -> NDArray[np.int64]:
        """The number of each row's class, -1 for a class that the fit does not have."""
        return codes_among(self.model_.classes or (), y, n)
