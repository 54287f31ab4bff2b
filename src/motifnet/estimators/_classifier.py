"""The classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from motifnet.engine import Matrix, UsageError, resolve_jobs
from motifnet.estimators._finished import check_is_fitted
from motifnet.estimators._streamed import StreamedEstimator
from motifnet.losses import Objective
from motifnet.stacking import ReliabilityCurve, calibration
from motifnet.tables import as_weight, codes_among
from motifnet.uncertainty import as_levels


class MotifClassifier(ClassifierMixin, StreamedEstimator):
    """Classification, two classes or more, by a deep network that is computed, not searched for.

    As `MotifRegressor`: least squares gives scores of the classes, and a convex last layer turns
    them into calibrated probabilities.

    Parameters
    ----------
    preset : {"balanced", "fast", "best"}, default "balanced"
        How much is tried: seconds, tens of seconds, minutes for some thousands of rows.
    time_limit_s : float or None
        Seconds after which the fit ends with its best model. What the stages of `balanced` leave of
        them goes to more trees, CatBoost's too where it is installed.
    n_jobs : int or None
        Number of parallel jobs; None is one a core. The result does not depend on it.
    random_state : int, RandomState or None
        Seed of folds and batches; None is 0, so that results repeat.
    verbose : int
        1 shows the stages as they run.
    teachers : sequence of str, optional
        Base models in addition to those of the preset, such as ["catboost"].
    profile : "auto" (default), None or what `motifnet.profile` returns
        Structure to build into the network, where held-out rows gain by it.
    engine : {"local", "ray"} or the address of a Ray cluster, default "local"
        Where jobs run. The result does not depend on it.
    checkpoint : path of a folder or None
        Finished jobs are kept there, so that an interrupted fit continues.
    teacher : estimator or str, default "kernel ridge"
        The model that is transferred and retrained.
    size : {"compact", "full", "small"}, default "compact"
        How large the network may be.
    max_parameters : int, optional
        A budget of parameters.
    monotone : dict of names to signs, optional
        Of two classes, {"age": 1} where the probability of the second one must not fall with a
        column, -1 where it must not rise; guaranteed at every input (docs/monotone.md).

    Attributes
    ----------
    classes_ : array with shape (K,)
        The classes, in the order of the columns of `predict_proba`.
    scores_ : dict of tuples of Score
        Accuracy, log loss and, of two classes, AUC on held-out rows, with standard errors.
    ledger_ : tuple of LedgerRow
        Stages with seconds, out-of-fold log loss, parameters.
    feature_importances_ : array with shape (p,)
        Shares of the columns in the network's variance, which sum to 1.
    card_, certificate_, network_, profile_, model_, stages_, teacher_
        As those of `MotifRegressor`, which says more of each parameter too.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet import MotifClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (100, 3))
    >>> labels = np.where(X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=100) > 0, "yes", "no")
    >>> classifier = MotifClassifier("fast").fit(X, labels)
    >>> print(*classifier.classes_)
    no yes
    >>> classifier.predict_proba(X[:5]).shape
    (5, 2)
    >>> classifier.predict_set(X[:5], coverage=0.9).shape  # which classes are possible
    (5, 2)
    """

    _task = "classification"

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None, time: Any = None
    ) -> Self:
        """Fit a network to a table.

        Parameters
        ----------
        X : data frame (pandas, polars, pyarrow) or array with shape (n, p)
            Numbers, booleans, categories, dates; missing values are allowed.
        y : array or column with shape (n,)
            Classes: strings, whole numbers or truth values.
        sample_weight : array with shape (n,), optional
            A row of weight 2 counts twice in every solve, and once in folds, trees and intervals.
            Rows of weight 0 are dropped.
        groups : array with shape (n,), optional
            Rows of one group are never split between fitting and scoring. Without groups every row
            is an observation of its own, even if it equals another.
        time : array with shape (n,), optional
            Numbers or dates. Every score predicts later rows from earlier ones.

        Returns
        -------
        self

        Raises
        ------
        DataError, UsageError
            With the column or row concerned and the next step.
        """
        return self._fit(X, y, sample_weight, groups, time, Objective())

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
        """Predict the probability of each class.

        Parameters
        ----------
        X : table with the columns of the fit

        Returns
        -------
        array with shape (n, K)
            In the order of `classes_`; each row sums to 1.
        """
        return self._outputs(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable class.

        Parameters
        ----------
        X : table with the columns of the fit

        Returns
        -------
        array with shape (n,)
        """
        probabilities = self._outputs(X)
        return self.classes_[probabilities.argmax(1)]

    def predict_distribution(self, X: Any) -> NoReturn:
        """Not there: the distribution of a class is `predict_proba`.

        Parameters
        ----------
        X : table with the columns of the fit

        Raises
        ------
        UsageError
            Always.
        """
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
            Probability that a set holds the true class.
        method : {"lac", "aps"}, default "lac"
            "lac": the smallest sets on average; "aps": larger where rows are hard, smaller where
            they are easy.

        Returns
        -------
        array of booleans with shape (n, K)
            In the order of `classes_`; (n, L, K) for several levels. No set is empty.

        Raises
        ------
        UsageError
            For an invalid coverage, and for a model without sets: compressed, or of an early file.
        """
        check_is_fitted(self)
        levels, single = as_levels(coverage)
        members = self.model_.predict_set(
            self._new_rows(X), levels, method, resolve_jobs(self.n_jobs)
        )
        return members[:, 0] if single else members

    def predict_band(
        self, X: Any, coverage: float = 0.9, kind: str = "simultaneous", split: bool = False
    ) -> NoReturn:
        """Not there: a band is the error of a last layer fitted by least squares, and probabilities
        come from another one.

        Parameters
        ----------
        X, coverage, kind, split
            As in `MotifRegressor.predict_band`.

        Raises
        ------
        UsageError
            Always.
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

        Parameters
        ----------
        X : table with the columns of the fit
        y : classes with shape (n,)
        sample_weight : array with shape (n,), optional
        groups : int, default 15
            Number of groups of rows, by predicted probability.

        Returns
        -------
        ReliabilityCurve

        Raises
        ------
        UsageError
            Where groups is no positive whole number.
        """
        if not isinstance(groups, int) or groups < 1:
            raise UsageError(f"groups={groups!r} must be a positive whole number, such as 15.")
        probabilities = self._outputs(X)
        codes = self._codes(y, len(probabilities))
        return calibration(codes, probabilities, as_weight(sample_weight, len(codes)), groups)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows whose class is the most probable one.

        Parameters
        ----------
        X : table with the columns of the fit
        y : classes with shape (n,)
        sample_weight : array with shape (n,), optional

        Returns
        -------
        float
        """
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
