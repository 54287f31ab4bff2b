"""Piecewise-linear chords of convex decreasing curves, with knots where the curvature is and a
rigorous error.

    knots that equalise ∫ √g'' over the K segments give an error of about (∫ √g'')² / (8 K²)

A chord of a convex g lies above it. Their difference d on a segment is concave and largest at t*
with g'(t*) = slope. With t* bracketed by [a, b] it is at most d(a) + (slope − g'(a)) (b − a), a
bound and not an estimate. Subtracting half of the largest difference halves the error.

Radial profiles of positive definite kernels are completely monotone functions of the squared
distance s, hence convex and decreasing in s, with infinite slope at 0 for e^{−a√s}; e^{−at} is so
in t. A chord has a finite slope everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from motifnet.engine import Matrix
from motifnet.kernels import polynomial, profile_values, smoothness

_GRID = 4_096  # cells of the numerical ∫ √g''


@dataclass(frozen=True)
class Curve:
    """g(s) = Σ_c w_c φ_c(a_c t) on [0, end], where t = √s if `squared` and t = s otherwise (then
    only e^{−at} is convex).
    """

    profiles: tuple[str, ...]
    weights: tuple[float, ...]
    rates: tuple[float, ...]
    squared: bool
    end: float

    def value(self, s: Matrix) -> Matrix:
        """g(s)."""
        t = np.sqrt(s) if self.squared else s
        return np.asarray(sum(w * profile_values(c, a * t) for c, w, a in self._terms()))

    def slope(self, s: Matrix) -> Matrix:
        """g'(s); −∞ at s = 0 where the profile has a cusp."""
        if not self.squared:
            return np.asarray(sum(-w * a * np.exp(-a * s) for _, w, a in self._terms()))
        with np.errstate(divide="ignore"):
            return np.asarray(
                sum(-w * a * a * _fall(c, a * np.sqrt(s)) for c, w, a in self._terms())
            )

    def _terms(self) -> list[tuple[str, float, float]]:
        return list(zip(self.profiles, self.weights, self.rates, strict=True))


def _fall(name: str, r: Matrix) -> Matrix:
    """−dφ(r)/d(r²) = (2p + 1)/(4p − 2) π_{p−1}(s) e^{-s}, with s = √(2p + 1) r."""
    p = smoothness(name)
    if p is None:
        return np.exp(-r * r)
    if p == 0:
        return np.exp(-r) / (2 * r)
    s = math.sqrt(2 * p + 1) * r
    return np.asarray((2 * p + 1) / (4 * p - 2) * polynomial(p - 1, s) * np.exp(-s))


def curvature_knots(curve: Curve, segments: int) -> Matrix:
    """The K + 1 knots on [0, end] that equalise ∫ √g''."""
    grid, mass = _curvature(curve)
    levels = np.linspace(0, 1, segments + 1)
    knots = curve.end * np.interp(levels, mass / mass[-1], grid) ** 4
    knots[0], knots[-1] = 0.0, curve.end
    return knots


def total_curvature(curve: Curve) -> float:
    """∫ √g'' on [0, end]."""
    return float(_curvature(curve)[1][-1])


def _curvature(curve: Curve) -> tuple[Matrix, Matrix]:
    """Cumulated ∫ √g'' on the grid s = end · v⁴, fine near a cusp; a cell adds √(Δs Δg')."""
    v = np.linspace(0, 1, _GRID + 1)
    s = curve.end * v**4
    steepening = np.diff(curve.slope(s))
    cells = np.sqrt(np.diff(s) * np.maximum(steepening, 0))
    # infinite at a cusp, where the shares of equal steps of v are equal
    cells[0] = min(cells[0], cells[1])
    return v, np.concatenate([[0.0], np.cumsum(cells + 1e-12 * cells.max() + 1e-300)])


def chord_error(curve: Curve, knots: Matrix) -> float:
    """An upper bound on max over [t_0, t_K] of chord − g, attained to rounding."""
    left, right = knots[:-1].copy(), knots[1:].copy()
    values = curve.value(knots)
    slope = np.diff(values) / np.diff(knots)
    a, b = left.copy(), right.copy()
    for _ in range(60):
        middle = (a + b) / 2
        steep = curve.slope(middle) < slope
        a, b = np.where(steep, middle, a), np.where(steep, b, middle)
    difference = values[:-1] + slope * (a - left) - curve.value(a)
    rest = (slope - curve.slope(a)) * (b - a)
    return float(np.max(difference + np.maximum(rest, 0)) + 4 * np.finfo(float).eps * values[0])


def segments_for(curve: Curve, error: float) -> tuple[Matrix, float]:
    """Knots with a chord error of at most `error` (which must be above the rounding of g), and that
    error.

    One last chord covers the range where g is below `error`. The other knots share the curvature
    before it.
    """
    body = replace(curve, end=_where_below(curve, error))
    tail = [curve.end] if body.end < curve.end else []
    segments = (
        max(1, math.floor(total_curvature(body) / math.sqrt(8 * error))) if body.end > 0 else 0
    )
    while True:
        knots = np.concatenate([curvature_knots(body, segments) if segments else [0.0], tail])
        reached = chord_error(curve, knots)
        if reached <= error:
            return knots, reached
        segments = max(segments + 1, math.floor(segments * 1.03))


def _where_below(curve: Curve, error: float) -> float:
    """The s with g(s) = error, or an end of the range."""
    if curve.value(np.array(curve.end)) >= error:
        return curve.end
    a, b = 0.0, curve.end
    for _ in range(100):
        middle = (a + b) / 2
        a, b = (middle, b) if curve.value(np.array(middle)) > error else (a, middle)
    return b if a > 0 else 0.0
