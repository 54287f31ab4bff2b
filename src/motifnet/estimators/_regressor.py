"""The regressor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags

from motifnet.bands import as_levels
from motifnet.engine import UsageError, resolve_jobs
from motifnet.estimators._base import MotifEstimator
from motifnet.estimators._fitted import check_is_fitted
from motifnet.losses import Objective
from motifnet.profiling import Profile
from motifnet.stacking import explained
from motifnet.tables import Matrix, as_offset, as_target, as_weight, check_domain


class MotifRegressor(RegressorMixin, MotifEstimator):
    """Regression by a deep network that is computed, not searched for.

    A kernel ridge regression is fitted in closed form, transferred into a network by calculation, retrained (last layer, inner layers), and
    combined with boosted trees in one parallel network. A stage stays only if rows that it has not seen are predicted better. For a positive, skewed
    target some of the parts are fitted to its logarithm.

    Parameters
    ----------
    preset : {"fast", "balanced", "best"}, default "balanced"
        How much is tried: seconds, tens of seconds, minutes for some thousands of rows.
    objective : {"squared", "absolute", "pinball", "poisson", "gamma"}, default "squared"
        What is minimised on rows not seen, so what is predicted: the mean; the median; quantiles, which never cross; the mean of counts (y ≥ 0) or of
        positive amounts (y > 0), by a log link. Inner layers are trained by least squares for each.
    quantiles : float or sequence of floats, default (0.1, 0.5, 0.9)
        The levels of "pinball". One level gives predictions with shape (n,), several with shape (n, levels), in increasing order.
    time_limit_s : float or None
        Seconds after which the best model so far is kept.
    n_jobs : int or None
        Jobs side by side; None is one a core. The result does not depend on it.
    random_state : int, RandomState or None
        Seed of folds and batches; None is 0, so that results repeat.
    verbose : int
        1 shows the stages as they run.
    teachers : sequence of str, optional
        Further teachers beside those of the preset, such as ["catboost"], which needs `pip install "motifnet[catboost]"`: its symmetric trees become
        part of the network like the others, and prediction needs no CatBoost. Others: "splines", "support vectors", "linear".
    profile : None (default), "auto" or what `motifnet.profile` returns
        Structure to build into the network: a sorting layer where columns may be exchanged, a projection where the rows are thin, a step where the
        target jumps. "auto" looks for it on at most 2,000 rows; a layer stays only if rows not seen are predicted better.

    Attributes
    ----------
    ledger_ : stages with seconds, honest error, parameters; the error is in units of sd(y), for other objectives than "squared" it is 1 − D²
    card_, certificate_ : architecture, and what is known of network against teacher
    network_ : the `Network` on the encoded matrix
    profile_ : the `Profile` that structure was taken from; None where none was asked for, or the time was over
    model_ : the frozen model; stages_ : networks along the way; teacher_ : the same function outside torch

    Examples
    --------
    >>> from motifnet import MotifRegressor
    >>> model = MotifRegressor(preset="fast").fit(X, y)  # doctest: +SKIP
    """

    _task = "regression"

    def __init__(
        self,
        preset: str = "balanced",
        objective: str = "squared",
        quantiles: float | Sequence[float] = (0.1, 0.5, 0.9),
        time_limit_s: float | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        teachers: Sequence[str] | None = None,
        profile: str | Profile | None = None,
    ) -> None:
        super().__init__(preset, time_limit_s, n_jobs, random_state, verbose, teachers, profile)
        self.objective = objective
        self.quantiles = quantiles

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None, time: Any = None, offset: Any = None) -> Self:
        """Fit a network to a table; as `MotifEstimator.fit`, and

        offset : array with shape (n,), optional
            For "poisson" and "gamma": the log of each row's exposure (years insured, hours observed) that y was counted over; 0, exposure 1, by
            default. The network then gives the mean per unit of exposure.
        """
        objective = Objective.of(self.objective, self.quantiles)
        _check_offset(offset, objective)
        return self._fit(X, y, sample_weight, groups, time, objective, offset)

    def predict(self, X: Any, offset: Any = None) -> Matrix:
        """Predictions with shape (n,), or (n, q) for a fit to y with shape (n, q), (n, levels) for several quantiles; means are times e^offset."""
        check_is_fitted(self, "model_")
        _check_offset(offset, self._objective)
        values = self._outputs(X, offset)
        return values[:, 0] if self._flat else values

    def predict_interval(self, X: Any, coverage: float | Sequence[float] = 0.9, side: str = "both") -> Matrix:
        """Where the next observation at each row falls: conformal intervals, wider where errors are larger.

        Parameters
        ----------
        X : table with the columns of the fit
        coverage : float or sequence of L floats, default 0.9
            Share of observations that the interval is to hold. Intervals of several levels are nested.
        side : {"both", "lower", "upper"}, default "both"
            "lower": a lower bound only, the upper one is infinite; "upper": the other way round.

        Returns
        -------
        array with shape (n, 2)
            Lower and upper ends; (n, L, 2) for several levels, (n, q, 2) and (n, q, L, 2) for several targets.

        Raises
        ------
        UsageError
            Where the coverage is none, or the model gives no intervals: quantiles, exposures, a compressed model, a file of an early version.
        """
        check_is_fitted(self, "model_")
        levels, single = as_levels(coverage)
        ends = self.model_.predict_interval(self._table(X), levels, side, resolve_jobs(self.n_jobs))
        ends = ends[:, :, 0] if single else ends
        return ends[:, 0] if self._flat else ends

    def score(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> float:
        """R², or for another objective D²: one minus the mean loss as a share of that of the best constant, averaged over columns."""
        check_is_fitted(self, "model_")
        objective = self._objective
        _check_offset(offset, objective)
        predicted = self._outputs(X, offset)
        n = len(predicted)
        target = as_target(y, n, "regression").values
        if objective.name == "squared":
            return float(r2_score(target, predicted, sample_weight=as_weight(sample_weight, n)))
        check_domain(target, self.model_.targets, objective)
        return explained(objective.losses(target.shape[1]), target, predicted, as_weight(sample_weight, n), as_offset(offset, n))

    @property
    def _objective(self) -> Objective:
        """That of the fit, whatever the parameters are by now."""
        info = self.model_.info
        return Objective(info.get("objective", "squared"), tuple(info.get("quantiles", ())))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _check_offset(offset: Any, objective: Objective) -> None:
    if offset is not None and not objective.takes_offset:
        raise UsageError(f"offset is a log exposure, for objective='poisson' or 'gamma'; the objective is {objective.name!r}. Leave the offset out.")
