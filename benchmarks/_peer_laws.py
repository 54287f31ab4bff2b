"""Laws of rows in closed form, for methods that give normals or quantiles.

A normal mixture has the score (Grimit, Gneiting, Berrocal and Johnson 2006)

    CRPS = Σ_i w_i A(y − μ_i, σ_i) − ½ Σ_ij w_i w_j A(μ_i − μ_j, √(σ_i² + σ_j²))
    A(m, s) = m (2 Φ(m / s) − 1) + 2 s φ(m / s)

Quantiles t_1 ≤ … ≤ t_K at levels a_1 < … < a_K give the law whose cdf is linear between them. Its
tails are exponential, of the scale with which they would pass through the median,

    F(t) = a_1 e^((t − t_1) / s),       s = (t_median − t_1) / log(1 / (2 a_1))      for t < t_1

so that no NLL is infinite. Quantiles may coincide, where the NLL would be −∞: no density between
them is above `MOST_DENSITY` over the standard deviation of the target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

Matrix = NDArray[np.float64]
MOST_DENSITY = 100.0
_BISECTIONS = 60
_REACH = 10.0  # standard deviations to the ends of a bisection


@dataclass(frozen=True)
class NormalMixture:
    """Means and standard deviations with shape (n, M), of equal weights."""

    means: Matrix
    sds: Matrix

    def std(self) -> Matrix:
        return np.asarray(np.sqrt((self.sds**2).mean(1) + self.means.var(1)))

    def cdf(self, y: Matrix) -> Matrix:
        return np.asarray(ndtr((y[:, None] - self.means) / self.sds).mean(1))

    def logpdf(self, y: Matrix) -> Matrix:
        z = (y[:, None] - self.means) / self.sds
        logs = -(z**2) / 2 - np.log(self.sds * np.sqrt(2 * np.pi))
        return np.asarray(logsumexp(logs, axis=1) - np.log(logs.shape[1]))

    def quantile(self, levels: Matrix) -> Matrix:
        """By bisection, with shape (n, L)."""
        low = np.tile((self.means - _REACH * self.sds).min(1)[:, None], len(levels))
        high = np.tile((self.means + _REACH * self.sds).max(1)[:, None], len(levels))
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            z = (middle[:, :, None] - self.means[:, None]) / self.sds[:, None]
            below = ndtr(z).mean(2) < levels
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2

    def crps(self, y: Matrix) -> Matrix:
        to_mean = _absolute(y[:, None] - self.means, self.sds).mean(1)
        apart = self.means[:, :, None] - self.means[:, None]
        both = np.hypot(self.sds[:, :, None], self.sds[:, None])
        return np.asarray(to_mean - _absolute(apart, both).mean((1, 2)) / 2)


def _absolute(mean: Matrix, sd: Matrix) -> Matrix:
    """A: the mean of |ε| for a normal ε."""
    z = mean / sd
    return np.asarray(mean * (2 * ndtr(z) - 1) + 2 * sd * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


@dataclass(frozen=True)
class Quantiles:
    """Levels with shape (K,) and their quantiles with shape (n, K), in increasing order."""

    levels: Matrix
    knots: Matrix

    @classmethod
    def of(cls, levels: Matrix, quantiles: Matrix, sd: float) -> Quantiles:
        """Quantiles that cross are sorted; the middle one stays where others move apart."""
        found = np.sort(quantiles, axis=1)
        least = np.diff(levels) * sd / MOST_DENSITY
        away = np.cumsum(np.maximum(np.diff(found, axis=1), least), axis=1)
        away = np.hstack([np.zeros((len(away), 1)), away])
        middle = len(levels) // 2
        return cls(levels, found[:, [middle]] + away - away[:, [middle]])

    @property
    def _density(self) -> Matrix:
        return np.asarray(np.diff(self.levels) / np.diff(self.knots, axis=1))

    @property
    def _tails(self) -> tuple[tuple[float, Matrix, Matrix], ...]:
        """Mass, rate 1 / s and edge of the lower and the upper tail."""
        median = self._inside(np.array([0.5]))[:, 0]
        return tuple(
            (mass, -np.log(2 * mass) / np.abs(median - self.knots[:, k]), self.knots[:, k])
            for mass, k in ((self.levels[0], 0), (1 - self.levels[-1], -1))
        )

    def std(self) -> Matrix:
        mass, middle = np.diff(self.levels), (self.knots[:, 1:] + self.knots[:, :-1]) / 2
        first = middle @ mass
        second = (middle**2 + np.diff(self.knots, axis=1) ** 2 / 12) @ mass
        for sign, (share, rate, edge) in zip((-1, 1), self._tails, strict=True):
            mean = edge + sign / rate
            first += share * mean
            second += share * (mean**2 + 1 / rate**2)
        return np.asarray(np.sqrt(second - first**2))

    def logpdf(self, y: Matrix) -> Matrix:
        k = (self.knots[:, 1:-1] <= y[:, None]).sum(1)
        found = np.log(np.take_along_axis(self._density, k[:, None], 1)[:, 0])
        for sign, (share, rate, edge) in zip((-1, 1), self._tails, strict=True):
            away = sign * (y - edge)
            found = np.where(away > 0, np.log(share * rate) - rate * away, found)
        return found

    def cdf(self, y: Matrix) -> Matrix:
        inside = np.clip((y[:, None] - self.knots[:, :-1]) / np.diff(self.knots, axis=1), 0, 1)
        found = self.levels[0] + inside @ np.diff(self.levels)
        (low, *lower), (high, *upper) = self._tails
        for sign, share, (rate, edge) in ((-1, low, lower), (1, high, upper)):
            found -= sign * share * np.expm1(-rate * np.maximum(sign * (y - edge), 0.0))
        return np.asarray(found)

    def quantile(self, levels: Matrix) -> Matrix:
        """With shape (n, L)."""
        found = self._inside(levels)
        for sign, (share, rate, _) in zip((-1, 1), self._tails, strict=True):
            rest = levels if sign < 0 else 1 - levels
            found -= sign * np.log(np.minimum(rest / share, 1.0)) / rate[:, None]
        return found

    def _inside(self, levels: Matrix) -> Matrix:
        """Quantiles between the outer ones."""
        return np.stack([np.interp(levels, self.levels, row) for row in self.knots])

    def crps(self, y: Matrix) -> Matrix:
        """∫ (F − 1{y ≤ t})² dt: F² below y, (1 − F)² above it, each an integral in closed form."""
        left, right = self.knots[:, :-1], self.knots[:, 1:]
        at = np.clip(y[:, None], left, right)
        low, high = self.levels[:-1], self.levels[1:]
        F = low + self._density * (at - left)
        found = ((at - left) * _square(low, F) + (right - at) * _square(1 - F, 1 - high)).sum(1)
        for sign, (share, rate, edge) in zip((-1, 1), self._tails, strict=True):
            # S = share e^(−rate d) is what lies beyond the distance d; the tail of S² without y, and
            # with it (1 − S)² up to y
            d = np.maximum(sign * (y - edge), 0.0)
            S = share * np.exp(-rate * d)
            found += d - 2 * (share - S) / rate + (share**2 - S**2) / (2 * rate) + S**2 / (2 * rate)
        return np.asarray(found)


def _square(a: Matrix, b: Matrix) -> Matrix:
    """The mean of the square of a line from a to b."""
    return np.asarray((a**2 + a * b + b**2) / 3)


PeerLaw = NormalMixture | Quantiles
