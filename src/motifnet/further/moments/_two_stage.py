"""Two-stage least squares on sieves (Newey and Powell, Econometrica 71, 2003; Chen and Christensen,
Quantitative Economics 9, 2018): the instruments are the functions of a sieve of Z.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, check_choice
from motifnet.further.moments._estimator import MomentEstimator
from motifnet.further.moments._features import Sieve


class SieveTSLS(MomentEstimator):
    """The function f with E[y − f(X) | Z] = 0, by two-stage least squares on sieves.

    It has the features, the penalty, the bands and the test of `ConditionalMomentRegressor`. Its
    instruments are products of splines of Z.

    Parameters
    ----------
    model : {"sieve", "linear"}, default "sieve"
        "linear" is 2SLS with 1, X and 1, Z.
    size, order : int, optional
        Of the sieves of X and Z, as in `ConditionalMomentRegressor`.
    random_state : int, RandomState or None
        Seed of the test; None is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.moments import SieveTSLS
    >>> rng = np.random.default_rng(0)
    >>> Z, e = rng.uniform(-3, 3, (300, 2)), rng.normal(size=300)
    >>> X = Z[:, :1] / 2 + e[:, None] / 2  # depends on e
    >>> y = np.sin(X[:, 0]) + e
    >>> model = SieveTSLS().fit(X, y, Z)
    >>> model.predict_band(X[:3]).shape
    (3, 2)
    """

    def __init__(
        self,
        model: str = "sieve",
        *,
        size: int | None = None,
        order: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.size = size
        self.order = order
        self.random_state = random_state

    def fit(self, X: Any, y: Any, Z: Any = None) -> Self:
        """Fit to rows.

        Parameters
        ----------
        X : array or data frame with shape (n, p)
        y : array with shape (n,)
        Z : array or data frame with shape (n, q)
            Instruments.

        Returns
        -------
        self

        Raises
        ------
        DataError, UsageError
            As `ConditionalMomentRegressor.fit`.
        """
        check_choice("model", self.model, ("sieve", "linear"))
        return self._fit(X, y, Z)

    def _instruments(
        self, X: Matrix, y: Matrix, Z: Matrix, endogenous: NDArray[np.bool_]
    ) -> Matrix:
        if self._is_linear:
            return np.column_stack([np.ones(len(Z)), Z])
        return np.column_stack([Z, Sieve.of(Z, self.size, self.order)(Z)])
