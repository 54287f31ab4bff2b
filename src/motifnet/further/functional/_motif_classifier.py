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

    The front layer is chosen by the squared leave-one-out error of columns of 0 and 1, one for each
    class; the teacher is the library's own.

    Parameters
    ----------
    preset : {"fast", "balanced", "best"}, default "fast"
        How much is tried.
    n_components : "cv", int or float, default "cv"
        It and the next four are as in `FunctionalMotifRegressor`.
    derivative : "cv", 0, 1 or 2, default "cv"
    whitening : "cv" or number between 0 and 1, default "cv"
    smoothing : "gcv" or number, default "gcv"
    grid : array with shape (T,), optional
    time_limit_s : float or None
        It and all that follow are as in `motifnet.MotifClassifier`.
    n_jobs : int or None
    random_state : int, RandomState or None
    verbose : int, default 0
    teachers : sequence of str, optional
    profile : "auto" (default), None or a Profile
    engine : str, default "local"
    checkpoint : path of a folder or None
    teacher : "auto", a name or an estimator, default "auto"
    size : {"compact", "full", "small"}, default "compact"
    max_parameters : int, optional

    Attributes
    ----------
    classes_ : array with shape (K,)
    model_ : MotifClassifier
        Fitted to the scores; the others are those of `FunctionalMotifRegressor`.

    Examples
    --------
    >>> from motifnet.functional import FunctionalMotifClassifier, make_curve_classes
    >>> X, y, grid = make_curve_classes(60, random_state=0)
    >>> network = FunctionalMotifClassifier(grid=grid).fit(X, y)
    >>> network.predict_proba(X[:3]).shape
    (3, 2)
    """

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, in the order of the columns of `predict_proba`."""
        check_is_fitted(self)
        return np.asarray(self.model_.classes_)

    def predict(self, X: Any, covariates: Any = None) -> NDArray[Any]:
        """Predict the most probable class of each curve.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        covariates : table or array with n rows, optional

        Returns
        -------
        array with shape (n,)
        """
        table = self.scores(X, covariates)
        return np.asarray(self.model_.predict(table))

    def predict_proba(self, X: Any, covariates: Any = None) -> Matrix:
        """Predict the probability of each class.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        covariates : table or array with n rows, optional

        Returns
        -------
        array with shape (n, K)
        """
        table = self.scores(X, covariates)
        return np.asarray(self.model_.predict_proba(table))

    def predict_set(self, X: Any, covariates: Any = None, coverage: float = 0.9) -> Matrix:
        """Conformal sets of classes, as `MotifClassifier.predict_set`.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        covariates : table or array with n rows, optional
        coverage : float, default 0.9

        Returns
        -------
        array of booleans with shape (n, K)
        """
        table = self.scores(X, covariates)
        return np.asarray(self.model_.predict_set(table, coverage))

    def _inner(self, seed: int) -> Any:
        from motifnet import MotifClassifier

        return self._with_shared(MotifClassifier(), seed)

    def _targets(self, y: Any, n: int) -> Matrix:
        target = as_target(y, n, "classification")
        codes = target.values[:, 0].astype(int)
        return np.eye(len(target.classes or ()))[codes]
