"""Moments m(y, f) with E[m(y, f(X)) | Z] = 0, and their derivative in f.

    "iv"        m = y − f                       −∂m/∂f = 1
    "quantile"  m = τ − 1{y ≤ f}                −∂m/∂f: smoothed
                m_h = τ − Φ((f − y)/h)          −∂m_h/∂f = φ((f − y)/h)/h
    callable    m(y, f), vectorised             −∂m/∂f by central differences

Smoothing of bandwidth h makes the quantile moment differentiable (Kaplan and Sun, Econometric
Theory 33, 2017). h falls from the standard deviation of y − f to h_n = sd n^(−⅓), where the bias,
of order h², is below the standard error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from motifnet.engine import DataError, Matrix, UsageError, check_choice, check_share

STEPS = 6  # bandwidths, each a constant share of the one before
_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Moment:
    """A moment with a bandwidth: values and minus the derivative in f, each with shape (n,)."""

    function: Callable[[Matrix, Matrix], Any] | None
    level: float | None = None
    bandwidth: float = 0.0

    @classmethod
    def of(cls, moment: Any, level: float) -> Moment:
        """Of the parameters of the estimator. Raises UsageError."""
        if callable(moment):
            return cls(moment)
        if not isinstance(moment, str):
            raise UsageError(
                f"moment={moment!r} must be 'iv', 'quantile', or a function of (y, f) that "
                "returns one residual a row."
            )
        check_choice("moment", moment, ("iv", "quantile"))
        if moment == "iv":
            return cls(None)
        check_share("level", level)
        return cls(None, float(level))

    @property
    def linear(self) -> bool:
        return self.function is None and self.level is None

    def start(self, y: Matrix, f: Matrix) -> float:
        """The constant to add to f, a solution of the instrumental moment, where it starts."""
        return float(np.quantile(y - f, self.level)) if self.level is not None else 0.0

    def path(self, y: Matrix, f: Matrix) -> list[Moment]:
        """The moment with bandwidths that decrease."""
        if self.level is None:
            return [self]
        sd = float(np.std(y - f))
        widths = np.geomspace(sd, sd * len(y) ** (-1 / 3), STEPS)
        return [Moment(None, self.level, float(h)) for h in widths]

    def __call__(self, y: Matrix, f: Matrix) -> Matrix:
        if self.level is not None:
            if self.bandwidth == 0:
                return np.asarray(self.level - (y <= f))
            return np.asarray(self.level - ndtr((f - y) / self.bandwidth))
        return y - f if self.function is None else self._values(y, f)

    def slope(self, y: Matrix, f: Matrix) -> Matrix:
        """−∂m/∂f."""
        if self.level is not None:
            t = (f - y) / self.bandwidth
            return np.asarray(np.exp(-(t**2) / 2) / (np.sqrt(2 * np.pi) * self.bandwidth))
        if self.function is None:
            return np.ones(len(y))
        step = _DIFFERENCE * max(float(np.std(f)), 1e-3)
        return (self._values(y, f - step) - self._values(y, f + step)) / (2 * step)

    def _values(self, y: Matrix, f: Matrix) -> Matrix:
        assert self.function is not None
        with np.errstate(all="ignore"):
            values = np.asarray(self.function(y, f), dtype=np.float64)
        if values.shape != y.shape or not np.isfinite(values).all():
            raise DataError(
                f"moment returned shape {values.shape} with {int((~np.isfinite(values)).sum())} "
                f"values that are not finite, expected {len(y)} finite residuals. Return an array "
                "with shape (n,) that is finite for every f, for instance by clipping f."
            )
        return values
