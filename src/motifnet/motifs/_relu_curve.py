"""Piecewise-linear chords of convex decreasing curves, with knots where the curvature is and a rigorous error.

    knots that equalise ∫ √g'' over the K segments give an error of about (∫ √g'')² / (8 K²)
    e^{−γt} on [0, S]:  t_k = −(2/γ) ln(1 − (k/K)(1 − e^{−γS/2})),  error ≤ 1/K² whatever γ and S

A chord of a convex g lies above it; their gap on a segment is concave and largest at t* with g'(t*) = slope. With t* bracketed by [a, b] it is at
most gap(a) + (slope − g'(a)) (b − a): a bound, not an estimate. Subtracting half of the largest gap halves the error.

Radial profiles of positive definite kernels are completely monotone functions of the squared distance s, hence convex and decreasing in s, with
infinite slope at 0 for e^{−a√s}; e^{−at} is so in t. A chord has a finite slope everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.kernels import profile_values
from motifnet.motifs._base import Motif
from motifnet.motifs._relu_exact import relu_piecewise

Vector = NDArray[np.float64]
_GRID = 4_096


@dataclass(frozen=True)
class Curve:
    """g(s) = Σ_c w_c φ_c(a_c t) on [0, end], where t = √s if `squared` and t = s otherwise (then only e^{−at} is convex)."""

    profiles: tuple[str, ...]
    weights: tuple[float, ...]
    rates: tuple[float, ...]
    squared: bool
    end: float

    def value(self, s: Vector) -> Vector:
        """g(s)."""
        t = np.sqrt(s) if self.squared else s
        return np.asarray(sum(w * profile_values(c, a * t) for c, w, a in self._terms()))

    def slope(self, s: Vector) -> Vector:
        """g'(s); −∞ at s = 0 where the profile has a cusp."""
        if not self.squared:
            return np.asarray(sum(-w * a * np.exp(-a * s) for _, w, a in self._terms()))
        with np.errstate(divide="ignore"):
            return np.asarray(sum(-w * a * a * _SLOPE[c](a * np.sqrt(s)) for c, w, a in self._terms()))

    def _terms(self) -> list[tuple[str, float, float]]:
        return list(zip(self.profiles, self.weights, self.rates, strict=True))


# −dφ(r)/d(r²)
_SLOPE = {
    "laplace": lambda r: np.exp(-r) / (2 * r),
    "gaussian": lambda r: np.exp(-r * r),
    "matern32": lambda r: 1.5 * np.exp(-math.sqrt(3) * r),
    "matern52": lambda r: 5 / 6 * (1 + math.sqrt(5) * r) * np.exp(-math.sqrt(5) * r),
}


def exponential_knots(rate: float, end: float, segments: int) -> Vector:
    """The K + 1 knots of e^{−γt} on [0, S] in closed form."""
    share = np.arange(segments + 1) / segments
    left = (1 - share) + share * math.exp(-rate * end / 2)  # written so that nothing cancels; 0 only by underflow, at the last knot
    with np.errstate(divide="ignore"):
        knots = -2 / rate * np.log(left)
    knots[0], knots[-1] = 0.0, end
    return knots


def relu_exponential(rate: float, end: float, segments: int) -> Motif:
    """e^{−γt} of one column on [0, S], up to 1/K² from above."""
    knots = exponential_knots(rate, end, segments)
    return relu_piecewise(torch.as_tensor(knots), torch.as_tensor(np.exp(-rate * knots)))


def curvature_knots(curve: Curve, segments: int) -> Vector:
    """The K + 1 knots on [0, end] that equalise ∫ √g''."""
    grid, mass = _curvature(curve)
    levels = np.linspace(0, 1, segments + 1)
    knots = curve.end * np.interp(levels, mass / mass[-1], grid) ** 4
    knots[0], knots[-1] = 0.0, curve.end
    return knots


def total_curvature(curve: Curve) -> float:
    """∫ √g'' on [0, end]."""
    return float(_curvature(curve)[1][-1])


def _curvature(curve: Curve) -> tuple[Vector, Vector]:
    """Cumulated ∫ √g'' on the grid s = end · v⁴, fine where a cusp has its curvature; a cell's share is √(Δs Δg')."""
    v = np.linspace(0, 1, _GRID + 1)
    s = curve.end * v**4
    steepening = np.diff(curve.slope(s))
    cells = np.sqrt(np.diff(s) * np.maximum(steepening, 0))
    cells[0] = min(cells[0], cells[1])  # infinite at a cusp, where the shares of equal steps of v are equal
    return v, np.concatenate([[0.0], np.cumsum(cells + 1e-12 * cells.max() + 1e-300)])


def chord_error(curve: Curve, knots: Vector) -> float:
    """An upper bound on max over [t_0, t_K] of chord − g, attained to rounding."""
    left, right = knots[:-1].copy(), knots[1:].copy()
    values = curve.value(knots)
    slope = np.diff(values) / np.diff(knots)
    a, b = left.copy(), right.copy()
    for _ in range(60):
        middle = (a + b) / 2
        steep = curve.slope(middle) < slope
        a, b = np.where(steep, middle, a), np.where(steep, b, middle)
    gap = values[:-1] + slope * (a - left) - curve.value(a)
    rest = (slope - curve.slope(a)) * (b - a)
    return float(np.max(gap + np.maximum(rest, 0)) + 4 * np.finfo(float).eps * values[0])


def segments_for(curve: Curve, error: float) -> tuple[Vector, float]:
    """Knots with a chord error of at most `error` (which must be above the rounding of g), and that error.

    Where g has fallen below `error` one last chord does; the rest of the knots share the curvature in front of it.
    """
    body = replace(curve, end=_where_below(curve, error))
    tail = [curve.end] if body.end < curve.end else []
    segments = max(1, math.floor(total_curvature(body) / math.sqrt(8 * error))) if body.end > 0 else 0
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
