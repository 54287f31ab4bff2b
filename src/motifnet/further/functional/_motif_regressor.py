"""Regression on curves by a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags

from motifnet.engine import Matrix
from motifnet.further.functional._front_choice import FrontChoice
from motifnet.further.functional._motif import FunctionalMotif, is_setting
from motifnet.tables import as_target

MAX_TEACHER_CURVES = 1_200  # of the teacher that the front layer was chosen with


class FunctionalMotifRegressor(RegressorMixin, FunctionalMotif):
    """Regression of a number on a curve by a network.

    Parameters
    ----------
    preset : {"fast", "balanced", "best"}, default "fast"
        How much is tried.
    n_components : "cv", int or float, default "cv"
        Number of principal components, or the share of the variance that they hold. "cv" takes at
        most 20 of them, and those of 99.9 % of the variance if these predict better.
    derivative : "cv", 0, 1 or 2, default "cv"
        Order of the derivative whose components count.
    whitening : "cv" or number between 0 and 1, default "cv"
        0: distances of curves are L2 distances; 1: every component counts alike. "cv" compares 0
        with ½.
    smoothing : "gcv" or number, default "gcv"
        Penalty of the smoothing spline, on the grid moved to [0, 1].
    grid : array with shape (T,), optional
        Points of the curves, increasing. Default: see `read_curves`.
    objective : str, default "squared"
        It and all that follow are as in `motifnet.MotifRegressor`.
    quantiles : float or sequence of floats, default (0.1, 0.5, 0.9)
    time_limit_s : float or None
    n_jobs : int or None
    random_state : int, RandomState or None
    verbose : int, default 0
    teachers : sequence of str, optional
    profile : "auto" (default), None or a Profile
    engine : str, default "local"
    checkpoint : path of a folder or None
    teacher : "auto", a name or an estimator, default "auto"
        "auto" is the kernel ridge regression that chose the front layer, for squared error, one
        target, up to 1,200 curves and no covariates; else the library's own.
    size : {"compact", "full", "small"}, default "compact"
    max_parameters : int, optional

    Attributes
    ----------
    front_ : FrontLayer
        The front layer, with `weight` (T, k) and `offset` (k,).
    choice_ : FrontChoice
        The leave-one-out error that chose it, with length scale and ridge.
    n_components_ : int
        What was chosen; derivative_ and whitening_ likewise.
    derivative_ : int
    whitening_ : float
    model_ : MotifRegressor
        Fitted to the scores; see `scores`.
    grid_ : array with shape (T,)

    Notes
    -----
    All choices compare leave-one-out errors of kernel ridge regressions on the training rows.

    Examples
    --------
    >>> from motifnet.functional import FunctionalMotifRegressor, make_curve_regression
    >>> X, y, grid, coef = make_curve_regression(80, random_state=0)
    >>> network = FunctionalMotifRegressor(grid=grid).fit(X, y)
    >>> network.predict(X[:3]).shape, network.predict_interval(X[:3]).shape
    ((3,), (3, 2))
    """

    def __init__(
        self,
        preset: str = "fast",
        *,
        n_components: str | float = "cv",
        derivative: str | int = "cv",
        whitening: str | float = "cv",
        smoothing: str | float = "gcv",
        grid: Any = None,
        objective: str = "squared",
        quantiles: float | Sequence[float] = (0.1, 0.5, 0.9),
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
        super().__init__(
            preset,
            n_components=n_components,
            derivative=derivative,
            whitening=whitening,
            smoothing=smoothing,
            grid=grid,
            time_limit_s=time_limit_s,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
            teachers=teachers,
            profile=profile,
            engine=engine,
            checkpoint=checkpoint,
            teacher=teacher,
            size=size,
            max_parameters=max_parameters,
        )
        self.objective = objective
        self.quantiles = quantiles

    def predict(self, X: Any, covariates: Any = None) -> Matrix:
        """Predict the target of each curve.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        covariates : table or array with n rows, optional

        Returns
        -------
        array with shape (n,)
            (n, q) for several targets or quantiles.
        """
        table = self.scores(X, covariates)
        return np.asarray(self.model_.predict(table))

    def predict_interval(self, X: Any, covariates: Any = None, coverage: float = 0.9) -> Matrix:
        """Conformal intervals of the next observation, as `MotifRegressor.predict_interval`.

        Parameters
        ----------
        X : curves as `read_curves` takes them
        covariates : table or array with n rows, optional
        coverage : float, default 0.9

        Returns
        -------
        array with shape (n, 2)
        """
        table = self.scores(X, covariates)
        return np.asarray(self.model_.predict_interval(table, coverage))

    def _inner(self, seed: int) -> Any:
        from motifnet import MotifRegressor

        return self._with_shared(MotifRegressor(), seed)

    def _targets(self, y: Any, n: int) -> Matrix:
        values = as_target(y, n, "regression").values
        sd = values.std(0)
        return np.asarray((values - values.mean(0)) / np.where(sd > 0, sd, 1.0))

    def _teacher(self, choice: FrontChoice, targets: Matrix, covariates: Any) -> Any:
        own = (
            is_setting(self.teacher, "auto")
            and self.objective == "squared"
            and targets.shape[1] == 1
        )
        if not own or covariates is not None or len(targets) > MAX_TEACHER_CURVES:
            return super()._teacher(choice, targets, covariates)
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF

        # its mean is kernel ridge regression with λ = alpha, around the mean of y
        kernel = RBF(choice.length_scale)
        return GaussianProcessRegressor(
            kernel, alpha=choice.ridge, optimizer=None, normalize_y=True
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
