"""A law on the line whose density is linear between knots, with power laws beyond them.

Knots t_0 < … < t_K have densities p_k ≥ 0. In an interval, with u = t − t_k and the slope a of p,

    F(t) = F_k + p_k u + a u² / 2,        u = 2 r / ( p_k + √(p_k² + 2 a r) )   where  r = q − F_k

is the cdf and its inverse. Beyond t_K the survival function is that of a Pareto law,

    1 − F(t) = m ( 1 + (t − t_K) / τ )^(−ν),      τ = ν m / p_K,   ν > 2

so that the density is continuous and the variance finite; the lower tail is its mirror image. All
moments are sums of polynomials. With M(y) = ∫_{t ≤ y} t p(t) dt and Gini's mean difference

    CRPS(F, y) = ∫ (F(t) − 1{y ≤ t})² dt = E|ε − y| − ½ E|ε − ε'|                  (1)
    E|ε − y|   = y (2 F(y) − 1) + M(∞) − 2 M(y),     ½ E|ε − ε'| = ∫ F (1 − F) dt   (2)

(Gneiting and Raftery 2007, equations 20 and 21). F (1 − F) has degree 4 between knots, where three
Gauss points integrate it exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix

Indices = NDArray[np.signedinteger[Any]]
_POINTS, _SHARES = np.polynomial.legendre.leggauss(3)
_POINTS, _SHARES = (_POINTS + 1) / 2, _SHARES / 2


@dataclass(frozen=True)
class Law:
    """knots and density with shape (K,); mass and index: m and ν of the lower and the upper tail.

    The density integrates to 1 (`Law.of` sees to it).
    """

    knots: Matrix
    density: Matrix
    mass: tuple[float, float]
    index: tuple[float, float]

    @classmethod
    def of(
        cls, knots: Matrix, density: Matrix, mass: tuple[float, float], index: tuple[float, float]
    ) -> Law:
        """The law with these tails and a density between the knots in proportion to `density`."""
        inside = float((np.diff(knots) * (density[1:] + density[:-1])).sum() / 2)
        return cls(knots, density * (1 - sum(mass)) / inside, mass, index)

    def to_dict(self) -> dict[str, list[float]]:
        """The parameters as lists, for JSON."""
        return {
            "knots": self.knots.tolist(),
            "density": self.density.tolist(),
            "mass": list(self.mass),
            "index": list(self.index),
        }

    def pdf(self, t: Matrix) -> Matrix:
        """The density at points of any shape."""
        k, u, outside = self._place(t)
        found = np.array(self.density[k] + self._slope[k] * u)
        for side, (beyond, distance) in enumerate(outside):
            relative = 1 + distance / self._length[side]
            edge = self.density[-side]
            found[beyond] = edge * relative ** (-self.index[side] - 1)
        return found

    def logpdf(self, t: Matrix) -> Matrix:
        """The logarithm of the density, finite at every finite point."""
        k, u, outside = self._place(t)
        found = np.array(np.log(self.density[k] + self._slope[k] * u))
        for side, (beyond, distance) in enumerate(outside):
            away = np.log1p(distance / self._length[side])
            found[beyond] = np.log(self.density[-side]) - (self.index[side] + 1) * away
        return found

    def cdf(self, t: Matrix) -> Matrix:
        """P(ε ≤ t) at points of any shape."""
        k, u, outside = self._place(t)
        found = np.array(self._cdf[k] + u * (self.density[k] + self._slope[k] * u / 2))
        for side, (beyond, distance) in enumerate(outside):
            tail = self.mass[side] * (1 + distance / self._length[side]) ** -self.index[side]
            found[beyond] = 1 - tail if side else tail
        return found

    def quantile(self, q: Matrix) -> Matrix:
        """The inverse of the cdf at levels of any shape in (0, 1)."""
        q = np.asarray(q, dtype=np.float64)
        inside = np.clip(q, self._cdf[0], self._cdf[-1])
        k = np.clip(np.searchsorted(self._cdf, inside, side="right") - 1, 0, len(self.knots) - 2)
        r, p = inside - self._cdf[k], self.density[k]
        root = np.sqrt(np.maximum(p**2 + 2 * self._slope[k] * r, 0.0))
        found = np.array(np.minimum(self.knots[k] + 2 * r / (p + root), self.knots[k + 1]))
        for side, beyond in enumerate((q < self._cdf[0], q > self._cdf[-1])):
            tail = (1 - q[beyond] if side else q[beyond]) / self.mass[side]
            away = self._length[side] * np.expm1(-np.log(tail) / self.index[side])
            found[beyond] = self.knots[-side] + (away if side else -away)
        return found

    def crps(self, t: Matrix) -> Matrix:
        """(1) at points of any shape."""
        t = np.asarray(t, dtype=np.float64)
        # (2): both terms of t (2 F − 1) − 2 M are large in a tail, and are taken about the mean
        return t * (2 * self.cdf(t) - 1) + self.mean - 2 * self.partial_mean(t) - self._half_gini

    def pieces(self, cuts: Matrix) -> Matrix:
        """P, ∫ t p, ∫ t² p and ∫ F (1 − F) with shape (4, k + 1) of the pieces between k increasing
        cuts, which lie among the knots.
        """
        knots = np.union1d(self.knots, cuts)
        # the density is linear there, so that more knots leave the law as it is
        fine = Law(knots, np.interp(knots, self.knots, self.density), self.mass, self.index)
        left, (mass, first, second) = knots[:-1], _moments(fine.density[:-1], fine._slope, fine._h)
        squares = left**2 * mass + 2 * left * first + second
        steps = np.stack([mass, left * mass + first, squares, fine._gini_steps])
        found = np.add.reduceat(steps, [0, *np.searchsorted(knots, cuts)], axis=1)
        for side in (0, 1):
            found[:, -side] += self._tail_piece(side)
        return np.asarray(found)

    @property
    def mean(self) -> float:
        """E ε."""
        return float(self._first[-1] + self._tail_moments[1][0])

    @cached_property
    def var(self) -> float:
        """The variance."""
        # about the mean, so that nothing cancels
        left = self.knots[:-1] - self.mean
        moments = _moments(self.density[:-1], self._slope, self._h)
        inside = left**2 * moments[0] + 2 * left * moments[1] + moments[2]
        return float(inside.sum() + sum(self._tail_square(side) for side in (0, 1)))

    @cached_property
    def _h(self) -> Matrix:
        """The width of each interval."""
        return np.diff(self.knots)

    @cached_property
    def _slope(self) -> Matrix:
        return np.asarray(np.diff(self.density) / self._h)

    @cached_property
    def _cdf(self) -> Matrix:
        """F at the knots."""
        steps = self._h * (self.density[1:] + self.density[:-1]) / 2
        return np.concatenate([[self.mass[0]], self.mass[0] + np.cumsum(steps)])

    @cached_property
    def _length(self) -> tuple[float, float]:
        """τ of both tails."""
        lower, upper = (
            self.index[side] * self.mass[side] / float(self.density[-side]) for side in (0, 1)
        )
        return lower, upper

    @cached_property
    def _tail_moments(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """∫ t p and ∫ |t − t_K| p over each tail."""
        away = [self.mass[s] * self._length[s] / (self.index[s] - 1) for s in (0, 1)]
        lower = self.mass[0] * float(self.knots[0]) - away[0]
        upper = self.mass[1] * float(self.knots[-1]) + away[1]
        return (lower, away[0]), (upper, away[1])

    def _tail_square(self, side: int) -> float:
        """∫ (t − E ε)² p over a tail."""
        nu, length, mass = self.index[side], self._length[side], self.mass[side]
        away = abs(float(self.knots[-side]) - self.mean)
        second = 2 * length**2 / ((nu - 1) * (nu - 2))
        sign = 1.0 if (self.knots[-side] > self.mean) == bool(side) else -1.0
        return mass * (away**2 + sign * 2 * away * length / (nu - 1) + second)

    @cached_property
    def _first(self) -> Matrix:
        """M at the knots."""
        moments = _moments(self.density[:-1], self._slope, self._h)
        steps = self.knots[:-1] * moments[0] + moments[1]
        start = self._tail_moments[0][0]
        return np.concatenate([[start], start + np.cumsum(steps)])

    def partial_mean(self, t: Matrix) -> Matrix:
        """M(t) at points of any shape."""
        k, u, outside = self._place(t)
        moments = _moments(self.density[k], self._slope[k], u)
        found = np.array(self._first[k] + self.knots[k] * moments[0] + moments[1])
        for side, (beyond, distance) in enumerate(outside):
            nu, length = self.index[side], self._length[side]
            tail = self.mass[side] * (1 + distance / length) ** -nu
            away = tail * (distance + (length + distance) / (nu - 1))
            whole = self.knots[-side] * tail + (away if side else -away)
            found[beyond] = self.mean - whole if side else whole
        return found

    @cached_property
    def _half_gini(self) -> float:
        """∫ F (1 − F) dt."""
        return float(self._gini_steps.sum()) + sum(self._tail_piece(side)[3] for side in (0, 1))

    @property
    def _gini_steps(self) -> Matrix:
        """∫ F (1 − F) dt over each interval."""
        u = self._h[:, None] * _POINTS
        F = self._cdf[:-1, None] + u * (self.density[:-1, None] + self._slope[:, None] * u / 2)
        return np.asarray(((F * (1 - F)) * _SHARES).sum(1) * self._h)

    def _tail_piece(self, side: int) -> tuple[float, float, float, float]:
        """P, ∫ t p, ∫ t² p and ∫ F (1 − F) of a tail."""
        nu, length, mass = self.index[side], self._length[side], self.mass[side]
        first, away = self._tail_moments[side]
        edge, sign = float(self.knots[-side]), 1.0 if side else -1.0
        second = mass * (edge**2 + 2 * length**2 / ((nu - 1) * (nu - 2))) + 2 * sign * edge * away
        gini = mass * length / (nu - 1) - mass**2 * length / (2 * nu - 1)
        return mass, first, second, gini

    def _place(self, t: Matrix) -> tuple[Indices, Matrix, tuple[tuple[Any, Any], ...]]:
        """The interval of each point, its distance to the knot below, and for each tail: which
        points are there, and how far out.
        """
        t = np.asarray(t, dtype=np.float64)
        first, last = self.knots[0], self.knots[-1]
        inside = np.clip(t, first, last)
        k = np.clip(np.searchsorted(self.knots, inside, side="right") - 1, 0, len(self.knots) - 2)
        below, above = t < first, t > last
        outside = ((below, first - t[below]), (above, t[above] - last))
        return k, inside - self.knots[k], outside


def _moments(p: Matrix, slope: Matrix, h: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """∫ u^j (p + slope u) du over [0, h] for j = 0, 1, 2."""
    return (
        h * (p + slope * h / 2),
        h**2 * (p / 2 + slope * h / 3),
        h**3 * (p / 3 + slope * h / 4),
    )
