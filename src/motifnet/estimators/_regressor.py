"""The regressor."""

from __future__ import annotations

from typing import Any

from sklearn.base import RegressorMixin
from sklearn.utils import Tags

from motifnet.estimators._base import MotifEstimator
from motifnet.tables import Matrix


class MotifRegressor(RegressorMixin, MotifEstimator):
    """Regression by a deep network that is computed, not searched for.

    A kernel ridge regression is fitted in closed form, transferred into a network by calculation, retrained (last layer, inner layers), and
    combined with boosted trees in one parallel network. A stage stays only if rows that it has not seen are predicted better.

    Parameters
    ----------
    preset : {"fast", "balanced", "best"}, default "balanced"
        How much is tried: seconds, tens of seconds, minutes for some thousands of rows.
    time_limit_s : float or None
        Seconds after which the best model so far is kept.
    n_jobs : int or None
        Jobs side by side; None is one a core. The result does not depend on it.
    random_state : int, RandomState or None
        Seed of folds and batches; None is 0, so that results repeat.
    verbose : int
        1 shows the stages as they run.

    Attributes
    ----------
    ledger_ : stages with seconds, honest error in units of sd(y), parameters
    card_, certificate_ : architecture, and what is known of network against teacher
    network_ : the `Network` on the encoded matrix
    model_ : the frozen model; stages_ : networks along the way; teacher_ : the same function outside torch

    Examples
    --------
    >>> from motifnet import MotifRegressor
    >>> model = MotifRegressor(preset="fast").fit(X, y)  # doctest: +SKIP
    """

    _task = "regression"

    def predict(self, X: Any) -> Matrix:
        """Predictions with shape (n,), or (n, q) for a fit to y with shape (n, q)."""
        values = self._outputs(X)
        return values[:, 0] if self._flat else values

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
