"""The regressor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags

from motifnet.engine import Matrix, UsageError, resolve_jobs
from motifnet.estimators._finished import check_is_fitted
from motifnet.estimators._streamed import StreamedEstimator
from motifnet.losses import Objective
from motifnet.model import distribution_of
from motifnet.pipeline import BandRows, Prepared, RegressionGoal, Run
from motifnet.stacking import explained_deviance
from motifnet.structure import Profile
from motifnet.tables import as_offset, as_target, as_weight, check_domain
from motifnet.uncertainty import PredictiveDistribution, as_levels


class MotifRegressor(RegressorMixin, StreamedEstimator):
    """Regression by a deep network that is computed, not searched for.

    A kernel ridge regression is fitted in closed form, transferred into a network by calculation,
    retrained (last layer, feature layers), and combined with boosted trees in one parallel network.
    A stage stays only if held-out rows are predicted better. For a positive, skewed target some of
    the parts are fitted to its logarithm. Beyond the range of a column predictions level off, or
    are linear where held-out edges of the data support that.

    Parameters
    ----------
    preset : {"balanced", "fast", "best"}, default "balanced"
        How much is tried: seconds, tens of seconds, minutes for some thousands of rows. "best"
        takes CatBoost too where it is installed.
    objective : {"squared", "supnorm", "absolute", "pinball", "poisson", "gamma"}, default "squared"
        The loss on held-out rows, which determines what is predicted: the mean; the median;
        quantiles, which never cross; the mean of counts (y ≥ 0) or of positive amounts (y > 0), by
        a log link. Feature layers are trained by least squares for each.
    quantiles : float or sequence of floats, default (0.1, 0.5, 0.9)
        The levels of "pinball". One level gives predictions with shape (n,), several with shape (n,
        levels), in increasing order.
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
        Base models in addition to those of the preset, such as ["catboost"], which needs `pip
        install "motifnet[catboost]"`: its symmetric trees become part of the network like the
        others, and prediction needs no CatBoost. Others: "splines", "support vectors", "linear".
    profile : "auto" (default), None or what `motifnet.profile` returns
        Structure to build into the network: symmetric functions where columns may be exchanged, one
        network for targets that move along with them, a projection where the rows are thin, a step
        where the target jumps. "auto" profiles at most 800 rows, in about a second; a layer
        stays only if held-out rows are predicted better. None profiles nothing.
    engine : {"local", "ray"} or the address of a Ray cluster, "ray://host:port", default "local"
        Where jobs run: in this process, or on Ray (`pip install "motifnet[ray]"`): the one that is
        connected, that of RAY_ADDRESS, or one of this machine for the time of the fit. The result
        does not depend on it.
    checkpoint : path of a folder or None
        Finished jobs are kept there. A fit of the same rows with the same settings continues an
        interrupted one, to the same result. Not together with `time_limit_s`.
        The folder holds values computed from the rows; delete it when the model is there.
    teacher : estimator or str, default "kernel ridge"
        The model that is transferred and retrained. By default the library's own kernel ridge, with
        all that the preset adds. Or an estimator that `motifnet.mimic` takes (SVR, Gaussian
        process, ridge, forest, boosting, a pipeline), fitted or not, or the name of one: "svr",
        "gp", "nystroem", "ridge", "splines", "mlp", "forest", "lightgbm" (docs/teacher.md). Clones
        of it are fitted to the encoded rows (columns standardised, categories coded) for every
        fold. Its network is retrained from its own kernel, or with an added kernel branch of weight
        0, and combined with the original by non-negative weights. The preset adds no base models,
        only `teachers` are added.
    size : {"compact", "full", "small"}, default "compact"
        "compact": one network of all rows for each training (below 1,000 rows several for a deep
        block), one forest, and no part that is worth less than .5 % of the error. A network of more
        than 20,000 parameters has the number of centres that theory predicts, halved or doubled
        until the error is within the same .5 %. "full": all parts, as averages of the networks of
        all folds, several times larger. "small": the same within 1 % and at most 16,000 parameters,
        at any loss of accuracy (see the ledger), in a file of some 150 kB; centres lie between
        rows, none is a row of the table, and there are no intervals. A model without a trained
        kernel is compressed as by `compress(tolerance=.02)`.
    max_parameters : int, optional
        A budget. A larger network keeps the one kernel of least error, with the number of centres
        that the budget allows.
    monotone : dict of names to signs, optional
        {"age": 1} where predictions must rise (not fall) with a column, -1 where they must fall
        (not rise), at every input and whatever the other columns hold. Columns of numbers or
        true/false only; a missing value is no number, and has no condition. Of two classes the
        probability of the second one rises. The guarantee is by structure: every part is monotone,
        and the ledger names the parts and the stages that are left out for it (docs/monotone.md).
        Intervals are not promised to be monotone. By default there is no condition.

    Attributes
    ----------
    scores_ : dict of tuples of Score
        R² and RMSE of each target on held-out rows, with standard errors.
    ledger_ : tuple of LedgerRow
        Stages with seconds, out-of-fold error, parameters. The error is in units of sd(y), for
        other objectives than "squared" it is 1 − D².
    feature_importances_ : array with shape (p,)
        Shares of the columns in the network's variance, which sum to 1.
    card_ : Card
        The architecture.
    certificate_ : Certificate
        The difference between network and teacher.
    network_ : Network
        The network on the encoded matrix.
    profile_ : Profile or None
        Where the structure comes from; None where none was requested, or no time was left.
    model_ : FittedModel
        The frozen model, which `save` writes.
    stages_ : list
        The network after each stage.
    teacher_ : object
        The same function outside torch.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet import MotifRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (100, 3))
    >>> y = np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * rng.normal(size=100)
    >>> model = MotifRegressor("fast").fit(X, y)
    >>> model.predict(X[:5]).shape
    (5,)
    >>> model.predict_interval(X[:5], coverage=0.9).shape
    (5, 2)
    >>> print(*model.scores_["y"], sep=", ")  # on held-out rows
    R² 0.9..., RMSE 0.1...
    """

    _task = "regression"

    def __init__(
        self,
        preset: str = "balanced",
        *,
        objective: str = "squared",
        quantiles: float | Sequence[float] = (0.1, 0.5, 0.9),
        time_limit_s: float | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        teachers: Sequence[str] | None = None,
        profile: str | Profile | None = "auto",
        engine: str = "local",
        checkpoint: str | Path | None = None,
        teacher: Any = "kernel ridge",
        size: str = "compact",
        max_parameters: int | None = None,
        monotone: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(
            preset,
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
            monotone=monotone,
        )
        self.objective = objective
        self.quantiles = quantiles

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        groups: Any = None,
        time: Any = None,
        offset: Any = None,
    ) -> Self:
        """Fit a network to a table.

        Parameters
        ----------
        X : data frame (pandas, polars, pyarrow) or array with shape (n, p)
            Numbers, booleans, categories, dates; missing values are allowed.
        y : array or column with shape (n,), or (n, q) for several targets
        sample_weight : array with shape (n,), optional
            A row of weight 2 counts twice in every solve, and once in folds, trees and intervals.
            Rows of weight 0 are dropped.
        groups : array with shape (n,), optional
            Rows of one group are never split between fitting and scoring.
        time : array with shape (n,), optional
            Numbers or dates. Every score predicts later rows from earlier ones.
        offset : array with shape (n,), optional
            For "poisson" and "gamma": the log of each row's exposure (years insured, hours
            observed) that y was counted over. The default is 0, exposure 1. The network then gives
            the mean per unit of exposure.

        Returns
        -------
        self

        Raises
        ------
        DataError, UsageError
            With the column or row concerned and the next step.
        """
        objective = Objective.of(self.objective, self.quantiles)
        _check_offset(offset, objective)
        return self._fit(X, y, sample_weight, groups, time, objective, offset)

    def predict(self, X: Any, offset: Any = None) -> Matrix:
        """Predict the target of each row.

        Parameters
        ----------
        X : table with the columns of the fit
        offset : array with shape (n,), optional
            The log of each row's exposure, for "poisson" and "gamma": means are multiplied by
            e^offset.

        Returns
        -------
        array with shape (n,)
            (n, q) for a fit to y with shape (n, q), (n, levels) for several quantiles.

        Raises
        ------
        DataError, UsageError
            For other columns than those of the fit, and an offset that the objective lacks.
        """
        check_is_fitted(self)
        _check_offset(offset, self._objective)
        values = self._outputs(X, offset)
        return values[:, 0] if self._flat else values

    def predict_interval(
        self, X: Any, coverage: float | Sequence[float] = 0.9, side: str = "both"
    ) -> Matrix:
        """Conformal intervals of the next observation at each row, wider where errors are larger.

        Parameters
        ----------
        X : table with the columns of the fit
        coverage : float or sequence of L floats, default 0.9
            Share of observations inside the interval. Intervals of several levels are nested.
        side : {"both", "lower", "upper"}, default "both"
            "lower": a lower bound only, the upper one is infinite; "upper": the opposite.

        Returns
        -------
        array with shape (n, 2)
            Lower and upper ends; (n, L, 2) for several levels, (n, q, 2) and (n, q, L, 2) for
            several targets.

        Raises
        ------
        UsageError
            For an invalid coverage, and for a model without intervals: exposures, a compressed
            model, a file of an early version.
        """
        check_is_fitted(self)
        levels, single = as_levels(coverage)
        ends = self.model_.predict_interval(
            self._new_rows(X), levels, side, resolve_jobs(self.n_jobs)
        )
        ends = ends[:, :, 0] if single else ends
        return ends[:, 0] if self._one_target else ends

    def predict_distribution(self, X: Any) -> PredictiveDistribution:
        """The whole distribution of the next observation at each row: mean, quantiles, densities,
        probabilities, draws, scores (docs/intervals.md).

        It is made from the out-of-fold residuals that intervals are made from, so that a fit costs
        no more, and a loaded model gives the same.

        Parameters
        ----------
        X : table with the columns of the fit

        Returns
        -------
        PredictiveDistribution
            For "poisson" counts, Poisson or negative binomial; for "gamma" gamma laws; for several
            quantiles the law through them; for other objectives the law of the residuals at each
            row's own scale.

        Raises
        ------
        UsageError
            For a model without intervals: exposures, a compressed model, a file of an early
            version.
        """
        check_is_fitted(self)
        found = distribution_of(self.model_, self._new_rows(X), resolve_jobs(self.n_jobs))
        index = getattr(X, "index", None)
        return replace(found, flat=self._one_target, index=None if callable(index) else index)

    @property
    def _one_target(self) -> bool:
        """Whether y had shape (n,)."""
        return self._flat or self.model_.has_quantiles

    def predict_band(
        self, X: Any, coverage: float = 0.9, kind: str = "simultaneous", split: bool = False
    ) -> Matrix:
        """Confidence bands of the function, the mean of y at each row, not of the next observation.
        The last layer is fitted again, with its noise and its bias.

        Parameters
        ----------
        X : table with the columns of the fit
        coverage : float, default 0.9
            Probability with which the band holds the function.
        kind : {"simultaneous", "pointwise"}, default "simultaneous"
            For all rows of X at once, or for each row by itself.
        split : bool, default False
            If True, the feature layers are trained again on one half of the rows and the band
            comes from the other half, so that its coverage holds. By default the band comes from
            all rows, is narrower, and covers less, as the feature layers depend on the same y. See
            docs/intervals.md.

        Returns
        -------
        array with shape (n, 2)
            Lower and upper ends; (n, q, 2) for several targets. The middle is the last layer
            without most of its bias, which is near `predict(X)`, not the same.

        Raises
        ------
        UsageError
            For another objective than "squared", fits with groups or time (rows that are not
            independent), compressed models, and files that were saved before the band was computed.
        DataError
            For fewer than 20 rows, 40 for `split`.
        """
        check_is_fitted(self)
        levels, single = as_levels(coverage)
        if not single:
            raise UsageError(
                f"coverage={coverage!r} must be one number for a band. Ask for one band after the "
                "other."
            )
        which, jobs = "split" if split else "all rows", resolve_jobs(self.n_jobs)
        if which not in (self.model_.bands or {}):
            # kept with the model, so that it is saved, and the next call is quick
            if self._band_rows is None:
                raise UsageError(f"This model gives no band: {self._why_no_band()}")
            self.model_ = replace(
                self.model_,
                bands={**(self.model_.bands or {}), which: self._band_rows.bands(split, jobs)},
            )
        ends = self.model_.predict_band(self._new_rows(X), which, float(levels[0]), kind, jobs)
        return ends[:, 0] if self._flat else ends

    def _keep_for_bands(self, ready: Prepared, run: Run) -> BandRows | None:
        grouped = ready.sample.groups is not None and not ready.duplicates
        independent = not grouped and ready.sample.time is None
        return (
            BandRows.of(ready, run, ready.goal.mean, ready.goal.sd)
            if independent and isinstance(ready.goal, RegressionGoal)
            else None
        )

    def _why_no_band(self) -> str:
        if self.model_.info.compressed:
            return "it was compressed. Ask the full model."
        if self.model_.info.monotone:
            return "it is monotone, and a band is not. Fit without `monotone`."
        if self._objective.name != "squared":
            return (
                f"it was fitted with objective={self._objective.name!r}, bands are of the mean. "
                "Fit with objective='squared'."
            )
        return (
            "a band is made from the rows of the fit, which a file does not hold, and which have "
            "to be independent. Ask for it once before `save`, with the same `split`: the file "
            "then gives it too. Fits with groups or time give none."
        )

    def score(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> float:
        """R², or for another objective D²: one minus the mean loss as a share of that of the best
        constant, averaged over columns.

        Parameters
        ----------
        X : table with the columns of the fit
        y : array or column with shape (n,), or (n, q)
        sample_weight : array with shape (n,), optional
        offset : array with shape (n,), optional
            As in `predict`.

        Returns
        -------
        float

        Raises
        ------
        DataError, UsageError
            For a target that the objective does not allow, such as negative counts.
        """
        check_is_fitted(self)
        from sklearn.metrics import r2_score

        objective = self._objective
        _check_offset(offset, objective)
        predicted = self._outputs(X, offset)
        n = len(predicted)
        target = as_target(y, n, "regression").values
        if objective.name in ("squared", "supnorm"):
            return float(r2_score(target, predicted, sample_weight=as_weight(sample_weight, n)))
        check_domain(target, self.model_.targets, objective)
        return explained_deviance(
            objective.losses(target.shape[1]),
            target,
            predicted,
            as_weight(sample_weight, n),
            as_offset(offset, n),
        )

    @property
    def _objective(self) -> Objective:
        """The objective of the fit, which does not follow later changes of the parameters."""
        return Objective(self.model_.info.objective, self.model_.info.quantiles)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _check_offset(offset: Any, objective: Objective) -> None:
    if offset is not None and not objective.takes_offset:
        raise UsageError(
            f"offset is a log exposure, for objective='poisson' or 'gamma'; the "
            f"objective is {objective.name!r}. Leave the offset out."
        )
