"""Half deviances with a log link, μ = e^η.

    poisson   y log(y/μ) − y + μ        gamma   log(μ/y) + y/μ − 1

Counts y of exposure e are Poisson with mean e μ; up to a constant their loss is e ℓ(y/e, η): rates as targets, exposures as weights. Amounts y of
exposure e are gamma with mean e μ, and their loss is ℓ(y/e, η) itself. So an offset log e needs nothing further.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import xlogy

from motifnet.losses._base import Loss, Matrix


class Poisson(Loss):
    """Counts or rates, y ≥ 0."""

    name: ClassVar[str] = "poisson"
    log_link: ClassVar[bool] = True

    def value(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(np.maximum(xlogy(y, y) - y * eta - y + np.exp(eta), 0.0))

    def slope(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(eta) - y)

    def bend(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(eta))

    def constant(self, y: Matrix, w: Matrix) -> float:
        return float(np.log(max(w @ y, 0.5) / w.sum()))

    def surrogate(self, y: Matrix, w: Matrix) -> Matrix:
        """log of y drawn to the mean as by one more count; w is the exposure."""
        mean = max(float(w @ y), 0.5) / float(w.sum())
        pull = 1 / (1 + w * mean)
        return np.asarray(np.log((1 - pull) * y + pull * mean))


class Gamma(Loss):
    """Positive amounts whose spread grows with their mean, y > 0."""

    name: ClassVar[str] = "gamma"
    log_link: ClassVar[bool] = True

    def value(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(np.maximum(eta - np.log(y) + y * np.exp(-eta) - 1, 0.0))

    def slope(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(1 - y * np.exp(-eta))

    def bend(self, y: Matrix, eta: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            return np.asarray(y * np.exp(-eta))

    def constant(self, y: Matrix, w: Matrix) -> float:
        return float(np.log(w @ y / w.sum()))

    def surrogate(self, y: Matrix, w: Matrix) -> Matrix:
        return np.asarray(np.log(y))
