"""Smoothing and derivatives of curves as linear maps of their values on the grid.

A natural cubic spline g with the values S x at the points of the grid minimises

    Σ_k (x_k − g(t_k))² + λ ∫ g''(t)² dt,    S = (I + λ K)⁻¹,  K = Q R⁻¹ Qᵀ

(Green and Silverman, Nonparametric Regression and Generalized Linear Models, 1994, §2.3). With
K = U diag(d) Uᵀ one λ for all curves minimises generalised cross-validation, pooled over them:

    GCV(λ) = Σ_j c_j s_j² / (Σ_j s_j)²,    s_j = λ d_j / (1 + λ d_j),  c_j = Σ_i (Uᵀ x_i)_j²

The derivative of the spline at the points is linear in its values. The grid runs over [0, 1] here:
λ and derivatives are in that unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from motifnet.engine import Matrix

MAX_ORDER = 2  # a natural spline has a continuous second derivative
MIN_SHRINKAGE, STEPS = 1e-3, 60  # smallest λ d, number of λ


@dataclass(frozen=True)
class Smoother:
    """The maps of a grid with shape (T,)."""

    grid: Matrix

    @cached_property
    def unit_grid(self) -> Matrix:
        """The points, moved to [0, 1]."""
        return np.asarray((self.grid - self.grid[0]) / (self.grid[-1] - self.grid[0]))

    @cached_property
    def _spectrum(self) -> tuple[Matrix, Matrix]:
        """d and U; d is 0 for the two directions that are lines."""
        values, vectors = np.linalg.eigh(_roughness(self.unit_grid))
        values = np.maximum(values, np.finfo(np.float64).eps * values[-1])
        values[:2] = 0.0
        return values, vectors

    def penalty(self, values: Matrix) -> float:
        """λ of least GCV for curves with shape (n, T); 0 where the grid has but lines."""
        d, vectors = self._spectrum
        rough = d[2:]
        if not len(rough):
            return 0.0
        power = ((values @ vectors[:, 2:]) ** 2).sum(0)
        # from hardly any smoothing to half of the smoothest direction that is no line
        penalties = np.geomspace(MIN_SHRINKAGE / rough[-1], 1 / rough[0], STEPS)
        shrunk = penalties[:, None] * rough
        shrunk = shrunk / (1 + shrunk)
        return float(penalties[np.argmin((shrunk**2 @ power) / shrunk.sum(1) ** 2)])

    def matrix(self, penalty: float, order: int) -> Matrix:
        """The map with shape (T, T) from values to the derivative of the spline at the points."""
        d, vectors = self._spectrum
        smooth = (vectors / (1 + penalty * d)) @ vectors.T if penalty else np.eye(len(d))
        return smooth if order == 0 else _derivative(self.unit_grid, order) @ smooth


def _derivative(grid: Matrix, order: int) -> Matrix:
    """The derivative of the natural cubic spline through values, as a map of these."""
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(grid, np.eye(len(grid)), bc_type="natural")
    return np.asarray(spline.derivative(order)(grid))


def _roughness(grid: Matrix) -> Matrix:
    """K, so that xᵀ K x = ∫ g''² for the natural cubic spline g through x."""
    T, h = len(grid), np.diff(grid)
    if T < 3:
        return np.zeros((T, T))
    inner = np.arange(T - 2)
    Q = np.zeros((T, T - 2))
    Q[inner, inner], Q[inner + 2, inner] = 1 / h[:-1], 1 / h[1:]
    Q[inner + 1, inner] = -1 / h[:-1] - 1 / h[1:]
    R = np.diag((h[:-1] + h[1:]) / 3) + np.diag(h[1:-1] / 6, 1) + np.diag(h[1:-1] / 6, -1)
    return np.asarray(Q @ np.linalg.solve(R, Q.T))
