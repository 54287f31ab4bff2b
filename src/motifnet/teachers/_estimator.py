"""An estimator of another library as a teacher: cloned and fitted for every fold, and once on all rows.

It sees the encoded rows, and the target in its own units, or class labels. What it predicts comes back in the coding of `Sample.y`:

    values         (f − mean) / sd
    probabilities  log p_1 − log p_0 of two classes, log p_k of more, p not below 1e-12
    decision values as they are; of more than two classes one a class
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from motifnet.engine import Control, UsageError, warn_caller
from motifnet.tables import Matrix, Sample
from motifnet.teachers._base import FittedTeacher, Teacher
from motifnet.teachers._honest import cross_fit

SMALLEST = 1e-12


@dataclass(frozen=True)
class Coding:
    """From outputs of an estimator to the coding of the target: mean and sd with shape (q,) of values, the number of classes, or 0."""

    mean: Matrix
    sd: Matrix
    classes: int = 0

    def scores(self, fitted: Any, X: Matrix) -> Matrix:
        """Scores with shape (n, q) of a fitted estimator at rows X."""
        if not self.classes:
            return np.asarray((np.asarray(fitted.predict(X), dtype=np.float64).reshape(len(X), -1) - self.mean) / self.sd)
        if hasattr(fitted, "predict_proba"):
            logs = np.log(np.maximum(self._placed(fitted, np.asarray(fitted.predict_proba(X), dtype=np.float64)), SMALLEST))
            return logs[:, 1:] - logs[:, :1] if self.classes == 2 else logs
        values = np.asarray(fitted.decision_function(X), dtype=np.float64).reshape(len(X), -1)
        if values.shape[1] != (1 if self.classes == 2 else self.classes):
            raise UsageError(
                f"teacher={_name(fitted)} gives {values.shape[1]} decision values for {self.classes} classes. Expected probabilities, or one value "
                "a class: set probability=True or decision_function_shape='ovr', and let every fold hold each class."
            )
        return values

    def _placed(self, fitted: Any, p: Matrix) -> Matrix:
        """Columns of the classes that it has seen, in their places among all."""
        all_of = np.zeros((len(p), self.classes))
        all_of[:, np.asarray(fitted.classes_, dtype=np.int64)] = p
        return all_of


@dataclass(frozen=True)
class FittedEstimator(FittedTeacher):
    """The estimator fitted on all rows, those of the folds, and the coding of its outputs."""

    estimator: Any
    of_folds: tuple[Any, ...]
    coding: Coding

    def predict(self, X: Matrix) -> Matrix:
        return self.coding.scores(self.estimator, X)


@dataclass(frozen=True)
class EstimatorTeacher(Teacher):
    """`estimator`: of scikit-learn's interface, fitted or not; it is never changed."""

    estimator: Any
    coding: Coding

    def fit(self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None) -> FittedEstimator:
        """Raises UsageError where the estimator cannot be cloned, or refuses the encoded rows."""
        weighted = self._takes_weights(sample)
        oof, models = cross_fit(
            sample, lambda rows, k: self._fit(rows, seed, weighted), partial(_scores, self.coding), n_jobs=n_jobs, control=control
        )
        return FittedEstimator(oof, self._fit(sample, seed, weighted), tuple(models), self.coding)

    def _fit(self, rows: Sample, seed: int, weighted: bool) -> Any:
        try:
            model = clone(self.estimator)
        except TypeError as error:
            raise UsageError(f"teacher={_name(self.estimator)} cannot be cloned: {error} Pass an estimator of scikit-learn's interface.") from error
        free = {name: seed for name, value in model.get_params().items() if name.split("__")[-1] == "random_state" and value is None}
        model.set_params(**free)  # so that results repeat
        values = rows.y * self.coding.sd + self.coding.mean
        y = rows.labels if self.coding.classes else values[:, 0] if values.shape[1] == 1 else values
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return model.fit(rows.X, y, **({"sample_weight": rows.weight} if weighted else {}))
        except (TypeError, ValueError, KeyError) as error:
            raise UsageError(
                f"teacher={_name(self.estimator)} cannot be fitted to the encoded rows, {rows.n} rows of {rows.X.shape[1]} numbers: {error} "
                "Columns are standardised and categories coded before it sees them; pass the estimator without its own encoders."
            ) from error

    def _takes_weights(self, sample: Sample) -> bool:
        """Whether rows have weights and the estimator takes them; a warning where it does not."""
        if (sample.weight == sample.weight[0]).all():
            return False
        if has_fit_parameter(self.estimator, "sample_weight"):
            return True
        warn_caller(f"{_name(self.estimator)} takes no sample_weight: the teacher is fitted without weights, all that follows with them.")
        return False


def _scores(coding: Coding, model: Any, X: Matrix) -> Matrix:
    return coding.scores(model, X)


def _name(estimator: Any) -> str:
    return type(estimator).__name__
