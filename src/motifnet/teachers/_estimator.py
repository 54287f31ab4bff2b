"""An estimator of another library as a teacher: cloned and fitted for every fold, and once on all
rows.

It is fitted to the encoded rows and the target in its own units, or class labels. Its predictions
are converted to the coding of `Sample.y`:

    values           (f − mean) / sd
    probabilities    log p_1 − log p_0 of two classes, log p_k of more, p not below 1e-12
    decision values  unchanged; one for each class where there are more than two
    labels           where there is nothing else, as in a hard vote: −1 or 1 of two classes, an
                     indicator of each class of more
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from motifnet.engine import Control, Matrix, MotifnetError, UsageError, warn_caller
from motifnet.tables import Sample
from motifnet.teachers._base import FittedTeacher, Teacher, cross_fit

SMALLEST = 1e-12  # probability


@dataclass(frozen=True)
class Coding:
    """From the outputs of an estimator to the coding of the target: mean and sd of values with
    shape (q,), and the number of classes, 0 for values.
    """

    mean: Matrix
    sd: Matrix
    classes: int = 0

    def scores(self, fitted: Any, X: Matrix) -> Matrix:
        """Scores with shape (n, q) of a fitted estimator at rows X. Raises UsageError where they
        are not finite, or have another number of columns than the target.
        """
        with translate_errors(fitted, X, "predict"):
            scores = (
                self._of_classes(fitted, X)
                if self.classes
                else (_columns(fitted.predict(X), len(X)) - self.mean) / self.sd
            )
        width = len(self.mean) if not self.classes else 1 if self.classes == 2 else self.classes
        if scores.shape[1] != width:
            raise UsageError(
                f"teacher={_name(fitted)} gives {scores.shape[1]} values a row, but {width} were "
                "expected. Pass an estimator with one value for "
                "each target; of classes without probabilities one decision value a class, and "
                "folds that hold each class."
            )
        if not np.isfinite(scores).all():
            raise UsageError(
                f"teacher={_name(fitted)} gives values that are no finite numbers. "
                "Pass other settings, such as more regularisation."
            )
        return np.asarray(scores)

    def _of_classes(self, fitted: Any, X: Matrix) -> Matrix:
        if hasattr(fitted, "predict_proba"):
            logs = np.log(
                np.maximum(
                    self._placed(fitted, np.asarray(fitted.predict_proba(X), dtype=np.float64)),
                    SMALLEST,
                )
            )
            return np.asarray(logs[:, 1:] - logs[:, :1]) if self.classes == 2 else logs
        if hasattr(fitted, "decision_function"):
            return _columns(fitted.decision_function(X), len(X))
        chosen = np.eye(self.classes)[np.asarray(fitted.predict(X), dtype=np.int64)]
        return np.asarray(chosen[:, 1:] - chosen[:, :1]) if self.classes == 2 else chosen

    def _placed(self, fitted: Any, p: Matrix) -> Matrix:
        """Probabilities of all classes with shape (n, K): 0 for classes without training rows."""
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
    """`estimator` has scikit-learn's interface, fitted or not, and never changes."""

    estimator: Any
    coding: Coding

    def fit(
        self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
    ) -> FittedEstimator:
        """Raises UsageError where the estimator cannot be cloned, or refuses the encoded rows."""
        weights = self._weights(sample)
        # Filters of warnings belong to the process: the filters that one job restores while another
        # works must ignore them as well.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            oof, models = cross_fit(
                sample,
                lambda rows, k: self._fit(rows, seed, weights),
                partial(_scores, self.coding),
                n_jobs=n_jobs,
                control=control,
            )
        return FittedEstimator(oof, self._fit(sample, seed, weights), tuple(models), self.coding)

    def _fit(self, rows: Sample, seed: int, weights: str | None) -> Any:
        model = seeded_clone(self.estimator, seed)
        values = rows.y * self.coding.sd + self.coding.mean
        y = rows.labels if self.coding.classes else values[:, 0] if values.shape[1] == 1 else values
        with translate_errors(model, rows.X, "be fitted"):
            return model.fit(rows.X, y, **({weights: rows.weight} if weights else {}))

    def _weights(self, sample: Sample) -> str | None:
        """The keyword of weights, if rows have them and the estimator takes them; warns if it does
        not.
        """
        if (sample.weight == sample.weight[0]).all():
            return None
        keyword = weights_of(self.estimator)
        if keyword is None:
            warn_caller(
                f"{_name(self.estimator)} takes no sample_weight: the teacher is fitted "
                "without weights, all later steps with them."
            )
        return keyword


def seeded_clone(estimator: Any, seed: int) -> Any:
    """A clone with the seed in every `random_state` that is None, and with one decision value for
    each class instead of each pair of classes.
    """
    try:
        model = clone(estimator)
    except TypeError as error:
        raise UsageError(
            f"teacher={_name(estimator)} cannot be cloned: {error} Pass an estimator "
            "of scikit-learn's interface."
        ) from error
    last = {name: (name.split("__")[-1], value) for name, value in model.get_params().items()}
    free = {
        name: seed
        for name, (setting, value) in last.items()
        if setting == "random_state" and value is None
    }
    pairs = {
        name: "ovr"
        for name, (setting, value) in last.items()
        if setting == "decision_function_shape" and value == "ovo"
    }
    return model.set_params(**free, **pairs)


def weights_of(estimator: Any) -> str | None:
    """The keyword by which `fit` passes weights to the estimator, or to the last step of a
    pipeline; None if that takes none.
    """
    if hasattr(estimator, "steps"):
        name, last = estimator.steps[-1]
        inner = weights_of(last)
        return f"{name}__{inner}" if inner else None
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    # a transformed target passes all keywords on
    regressor = getattr(estimator, "regressor", None)
    return (
        weights_of(regressor)
        if has_fit_parameter(estimator, "fit_params") and regressor is not None
        else None
    )


@contextmanager
def translate_errors(estimator: Any, X: Matrix, what: str) -> Iterator[None]:
    """Raises errors of another library as UsageError. Its warnings are not shown, since a fit of
    many folds repeats them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (MotifnetError, MemoryError):
        raise
    except Exception as error:
        raise UsageError(
            f"teacher={_name(estimator)} cannot {what} on the encoded rows, {len(X)} rows of "
            f"{X.shape[1]} numbers: {type(error).__name__}: {error} "
            "Columns are already standardised and categories coded: pass the "
            "estimator without its own encoders. For several targets "
            "pass one that takes them, such as MultiOutputRegressor; for one target one that "
            "takes y with shape (n,)."
        ) from error


def _scores(coding: Coding, model: Any, X: Matrix) -> Matrix:
    return coding.scores(model, X)


def _name(estimator: Any) -> str:
    return type(estimator).__name__


def _columns(values: Any, n: int) -> Matrix:
    return np.asarray(values, dtype=np.float64).reshape(n, -1)
