"""Networks on curves: principal components of a derivative, then the library's own network.

    curve x  →  z = xA + b  →  MotifRegressor or MotifClassifier on z (and scalar covariates)

The front layer is affine and exact (`_components`); `_front_choice` chooses it together with a
kernel ridge regression. For regression that convex model, written as a Gaussian process with fixed
settings, is also the teacher: the network starts as its equal, and is retrained where out-of-fold
predictions gain. Its settings have seen all training rows, so that the error of the ledger's first
row is slightly too small, and a retrained network has to beat that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import DataError, Matrix, UsageError, check_count, seed_of
from motifnet.further.functional._components import FrontLayer
from motifnet.further.functional._curves import Curves
from motifnet.further.functional._estimator import CurveEstimator
from motifnet.further.functional._front_choice import FrontChoice, FrontSettings, choose_front
from motifnet.further.functional._scores import covariate_frame, score_frame
from motifnet.further.functional._smoothing import MAX_ORDER

MIN_CURVES = 4


class FunctionalMotif(CurveEstimator):
    """Base of the two estimators."""

    front_: FrontLayer
    model_: Any

    def __init__(
        self,
        preset: str = "fast",
        *,
        n_components: str | float = "cv",
        derivative: str | int = "cv",
        whitening: str | float = "cv",
        smoothing: str | float = "gcv",
        grid: Any = None,
        time_limit_s: float | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        teachers: Sequence[str] | None = None,
        profile: Any = "auto",
        engine: str = "local",
        checkpoint: str | Path | None = None,
        teacher: Any = "auto",
        size: str = "compact",
        max_parameters: int | None = None,
    ) -> None:
        self.preset = preset
        self.n_components = n_components
        self.derivative = derivative
        self.whitening = whitening
        self.smoothing = smoothing
        self.grid = grid
        self.time_limit_s = time_limit_s
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.teachers = teachers
        self.profile = profile
        self.engine = engine
        self.checkpoint = checkpoint
        self.teacher = teacher
        self.size = size
        self.max_parameters = max_parameters

    def fit(self, X: Any, y: Any, covariates: Any = None) -> Self:
        """Fit to n curves.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        y : array with shape (n,)
        covariates : table or array with n rows, optional
            Columns of any kind that the library's estimators take. They have no part in the choice
            of the front layer.

        Returns
        -------
        self

        Raises
        ------
        DataError
            For unusable curves, targets or covariates.
        UsageError
            For settings out of range.
        """
        settings = self._settings()
        curves = self._curves_of_fit(X)
        self._check_size(curves)
        seed = seed_of(self.random_state)
        targets = self._targets(y, len(curves))
        choice = choose_front(curves, targets, settings, seed)
        frame = covariate_frame(covariates, len(curves))
        model = self._inner(seed).set_params(teacher=self._teacher(choice, targets, frame))
        model.fit(score_frame(choice.layer(curves.values), frame), y)
        self.take(choice.layer, model, [] if frame is None else list(frame.columns))
        self.choice_ = choice
        return self

    def take(self, front: FrontLayer, model: Any, covariates: list[str]) -> None:
        """Hold a front layer and a fitted model on its scores, from a fit or from a file.

        Parameters
        ----------
        front : FrontLayer
        model : MotifRegressor or MotifClassifier
        covariates : list of str
            Names of their columns.
        """
        self.front_, self.model_, self.covariates_in_ = front, model, covariates
        self.n_components_ = front.n_components
        self.derivative_, self.whitening_ = front.derivative, front.whitening

    def scores(self, X: Any, covariates: Any = None) -> Any:
        """The data frame that `model_` takes: a column for each score, then the covariates.

        With it every method of `model_` is at hand, such as `model_.explain`.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        covariates : table or array with n rows, optional

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        DataError
            For curves on other points than those of the fit, or other covariates.
        """
        curves = self._curves_of_predict(X)
        frame = covariate_frame(covariates, len(curves))
        known = [] if frame is None else list(frame.columns)
        if known != self.covariates_in_:
            raise DataError(
                f"The covariates {known} were passed, but the fit had {self.covariates_in_}. Pass "
                "covariates= with the columns of the fit."
            )
        return score_frame(self.front_(curves.values), frame)

    def to_onnx(
        self, path: str | Path, X: Any = None, covariates: Any = None, *, dtype: str = "float64"
    ) -> Any:
        """Write the whole model as ONNX, from the input "curves" with shape (N, T), and an input
        with shape (N, 1) for each covariate.

        onnxruntime compares the graph with `predict` before the file is written. Curves with
        missing values have to be filled before they go into the graph (`read_curves`).

        Parameters
        ----------
        path : str or Path
        X : curves as `read_curves` takes them, optional
            Curves to compare on; by default random curves of the components.
        covariates : table or array with n rows, optional
            A model with covariates needs X and these.
        dtype : {"float64", "float32"}, default "float64"

        Returns
        -------
        onnx.ModelProto
            What was written.

        Raises
        ------
        UsageError
            For a model with covariates without X.
        """
        from motifnet.further.functional._export import export, random_curves

        check_is_fitted(self)
        if X is None:
            if self.covariates_in_:
                raise UsageError(
                    "The model has covariates, but no rows were passed to compare the file with. "
                    "Pass X and covariates, such as some rows of the fit."
                )
            X = random_curves(self.front_)
        values = self._curves_of_predict(X).values
        return export(self.model_, self.front_, values, self.scores(X, covariates), path, dtype)

    def save(self, path: str | Path) -> None:
        """Write the model as one file that `motifnet.functional.load` reads: a model on the scores,
        with the front layer as a note.

        Parameters
        ----------
        path : str or Path
        """
        from motifnet.further.functional._saved import save

        check_is_fitted(self)
        save(self, path)

    def _settings(self) -> FrontSettings:
        """What may be chosen, checked."""
        found = FrontSettings()
        if not is_setting(self.derivative, "cv"):
            check_count("derivative", self.derivative, 0, example=1)
            if int(self.derivative) > MAX_ORDER:
                raise UsageError(f"derivative={self.derivative!r} must be 0, 1, 2 or 'cv'.")
            found = replace(found, derivatives=(int(self.derivative),))
        if not is_setting(self.n_components, "cv"):
            found = replace(found, counts=(_count_or_share(self.n_components),))
        if not is_setting(self.whitening, "cv"):
            _check_range("whitening", self.whitening, 1.0, "'cv'")
            found = replace(found, whitenings=(float(self.whitening),))
        if not is_setting(self.smoothing, "gcv"):
            _check_range("smoothing", self.smoothing, np.inf, "'gcv'")
            found = replace(found, smoothing=float(self.smoothing))
        return found

    def _check_size(self, curves: Curves) -> None:
        n, T = curves.values.shape
        if n < MIN_CURVES:
            raise DataError(
                f"Found array with {n} sample(s) while a minimum of {MIN_CURVES} is required. "
                "Pass more curves."
            )
        most = min(n - 1, T)
        if isinstance(self.n_components, Integral) and int(self.n_components) > most:
            raise UsageError(
                f"n_components={self.n_components} is above {most}, which is all that {n} curves "
                f"of {T} points allow. Take fewer, or 'cv'."
            )

    def _inner(self, seed: int) -> Any:
        """The library's estimator with the parameters that both have."""
        raise NotImplementedError

    def _targets(self, y: Any, n: int) -> Matrix:
        """Columns that the front layer has to predict."""
        raise NotImplementedError

    def _teacher(self, choice: FrontChoice, targets: Matrix, covariates: Any) -> Any:
        return "kernel ridge" if is_setting(self.teacher, "auto") else self.teacher

    def _with_shared(self, model: Any, seed: int) -> Any:
        own = self.get_params(deep=False)
        known = {name: own[name] for name in model.get_params(deep=False) if name in own}
        return model.set_params(**{**known, "random_state": seed})


def is_setting(value: Any, name: str) -> bool:
    """Whether a setting is this string; arrays and estimators compare oddly."""
    return isinstance(value, str) and value == name


def _count_or_share(value: Any) -> int | float:
    if isinstance(value, Real) and not isinstance(value, Integral) and 0 < float(value) < 1:
        return float(value)
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1:
        return int(value)
    raise UsageError(
        f"n_components={value!r} must be 'cv', a whole number of at least 1, or a share of the "
        "variance between 0 and 1, such as 0.99."
    )


def _check_range(name: str, value: Any, most: float, automatic: str) -> None:
    known = isinstance(value, Real) and not isinstance(value, bool) and np.isfinite(float(value))
    if not known or not 0 <= float(value) <= most:
        span = "at least 0" if np.isinf(most) else f"between 0 and {most:g}"
        raise UsageError(f"{name}={value!r} must be a finite number {span}, or {automatic}.")
