"""Classification of curves by a support vector machine on the L2 distance of curves.

    k(x, z) = exp(−‖D^q x − D^q z‖² / (2 h²)),    ‖x‖² = ∫ x(t)² dt

with the q-th derivative D^q by central differences, and the trapezoidal weights of the grid. Where
the classes differ by Σ_j μ_j²/θ_j = ∞ (see `_separability`), errors of kernel classifiers vanish as
n grows. Source: Wakayama and Imaizumi, Fast convergence on perfect classification for functional
data, arXiv:2104.02978; the condition is from Delaigle and Hall, J. R. Stat. Soc. B 74 (2012).
Their rate is exponential in n. At a few hundred curves the measured error falls like n^(−1/2).

Cross-validation chooses C, the bandwidth h as a multiple of the median distance, and q. Derivatives
count where levels of curves vary for other reasons, as in spectra.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from motifnet.engine import (
    DataError,
    Matrix,
    UsageError,
    check_count,
    check_positive,
    seed_of,
)
from motifnet.further.functional._curves import Curves
from motifnet.further.functional._estimator import CurveEstimator
from motifnet.tables import as_target

COSTS = (1.0, 10.0, 100.0, 1000.0)
BANDWIDTHS = (2.0, 1.0, 0.5)  # times the median distance
DERIVATIVES = (0, 1, 2)
FOLDS = 5
MEDIAN_CURVES = 1_000  # curves whose distances give the median


class FunctionalClassifier(ClassifierMixin, CurveEstimator):
    """A support vector machine on curves, two classes or more.

    Parameters
    ----------
    C : "cv" or float, default "cv"
        Cost of an error. "cv" takes the best of 1, 10, 100, 1000 by five-fold cross-validation.
    bandwidth : "cv" or float, default "cv"
        h, in units of the L2 norm. "cv" takes the best of ½, 1 and 2 times the median distance.
    derivative : "cv", 0, 1 or 2, default "cv"
        Order q of the derivative whose distance counts. "cv" takes the best, the lowest if equal.
    grid : array with shape (T,), optional
        Points of the curves, increasing. Default: see `read_curves`.
    random_state : int, RandomState or None, default None
        Seed of the folds. None is 0.

    Attributes
    ----------
    classes_ : array with shape (K,)
    C_ : float
        The cost that was chosen; bandwidth_ and derivative_ likewise.
    bandwidth_ : float
    derivative_ : int
    cv_error_ : float
        Error of cross-validation at what was chosen.
    grid_ : array with shape (T,)

    Examples
    --------
    >>> from motifnet.functional import FunctionalClassifier, make_curve_classes
    >>> X, y, grid = make_curve_classes(60, random_state=0)
    >>> machine = FunctionalClassifier(grid=grid).fit(X, y)
    >>> machine.predict(X[:3]).shape
    (3,)
    """

    def __init__(
        self,
        C: float | str = "cv",
        bandwidth: float | str = "cv",
        derivative: int | str = "cv",
        grid: Any = None,
        random_state: Any = None,
    ) -> None:
        self.C = C
        self.bandwidth = bandwidth
        self.derivative = derivative
        self.grid = grid
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to n curves.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        y : array with shape (n,)
            Classes.

        Returns
        -------
        self

        Raises
        ------
        DataError
            For unusable curves, one class, or a class of a single curve.
        UsageError
            For settings out of range.
        """
        costs, orders = self._settings()
        curves = self._curves_of_fit(X)
        target = as_target(y, len(curves), "classification")
        self.classes_ = np.asarray(target.classes)
        codes = target.values[:, 0].astype(int)
        found = [self._searched(curves, codes, order, costs) for order in orders]
        best = max(range(len(found)), key=lambda k: found[k].best_score_)
        self.machine_ = found[best].best_estimator_
        self.derivative_, self.C_ = orders[best], float(self.machine_.C)
        self.bandwidth_ = float(np.sqrt(0.5 / self.machine_.gamma))
        self.cv_error_ = 1 - float(found[best].best_score_)
        return self

    def _settings(self) -> tuple[tuple[float, ...], tuple[int, ...]]:
        """Costs and orders of derivatives to try."""
        for name, value in (("C", self.C), ("bandwidth", self.bandwidth)):
            if value != "cv":
                check_positive(name, value, "1.0, or 'cv' to choose it by cross-validation")
        if self.derivative != "cv":
            check_count("derivative", self.derivative, 0, example=1)
            if int(self.derivative) > max(DERIVATIVES):
                raise UsageError(
                    f"derivative={self.derivative!r} must be 0, 1, 2 or 'cv': differences of a "
                    "higher order are mostly noise."
                )
        costs = COSTS if self.C == "cv" else (float(self.C),)
        return costs, DERIVATIVES if self.derivative == "cv" else (int(self.derivative),)

    def _searched(
        self, curves: Curves, codes: NDArray[Any], order: int, costs: tuple[float, ...]
    ) -> Any:
        """The search over costs and bandwidths, with its best machine refitted on all curves."""
        from sklearn.model_selection import GridSearchCV
        from sklearn.svm import SVC

        seed = seed_of(self.random_state)
        rows = _weighted(curves, order)
        widths = self._widths(rows, seed)
        settings = {"C": costs, "gamma": [0.5 / h**2 for h in widths]}
        folds = _folds(codes, self.classes_, seed)
        return GridSearchCV(SVC(), settings, cv=folds).fit(rows, codes)

    def _widths(self, rows: Matrix, seed: int) -> list[float]:
        if self.bandwidth != "cv":
            return [float(self.bandwidth)]
        median = _median_distance(rows, seed)
        return [factor * median for factor in BANDWIDTHS]

    def _rows(self, X: Any) -> Matrix:
        return _weighted(self._curves_of_predict(X), self.derivative_)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each curve.

        Parameters
        ----------
        X : curves as `read_curves` takes them

        Returns
        -------
        array with shape (n,)

        Raises
        ------
        DataError
            For curves on other points than those of the fit.
        """
        rows = self._rows(X)
        return self.classes_[self.machine_.predict(rows)]

    def decision_function(self, X: Any) -> Matrix:
        """Decision values of the support vector machine.

        Parameters
        ----------
        X : curves as `read_curves` takes them

        Returns
        -------
        array with shape (n,)
            For two classes, positive for the second; for K classes with shape (n, K).
        """
        rows = self._rows(X)
        return np.asarray(self.machine_.decision_function(rows))


def _weighted(curves: Curves, order: int) -> Matrix:
    """Rows whose Euclidean distance is the L2 distance of the curves' derivatives."""
    values = curves.values
    for _ in range(order):
        values = np.gradient(values, curves.grid, axis=1)
    return np.asarray(values * np.sqrt(curves.weights))


def _median_distance(rows: Matrix, seed: int) -> float:
    """The median of the distances that are not zero; 1 if all curves are equal."""
    from scipy.spatial.distance import pdist

    if len(rows) > MEDIAN_CURVES:
        drawn = np.random.default_rng(seed).choice(len(rows), MEDIAN_CURVES, replace=False)
        rows = rows[drawn]
    distances = pdist(rows)
    distances = distances[distances > 0]
    return float(np.median(distances)) if len(distances) else 1.0


def _folds(codes: NDArray[Any], classes: NDArray[Any], seed: int) -> Any:
    from sklearn.model_selection import StratifiedKFold

    counts = np.bincount(codes)
    if counts.min() < 2:
        raise DataError(
            f"Class {classes[counts.argmin()]!r} has one curve, but cross-validation needs at "
            "least two of each class. Add curves, or leave the class out."
        )
    return StratifiedKFold(min(FOLDS, int(counts.min())), shuffle=True, random_state=seed)
