"""The functions of one column, from smooth to rough: the basis of Demmler and Reinsch.

Cubic B-splines b with knots at quantiles have the Gram matrix G = (1/n) Σ b(v_i) b(v_i)ᵀ and the
roughness matrix Q = s³ ∫ b'' b''ᵀ, s the standard deviation. The solutions of

    Q c = ρ G c,   c_kᵀ G c_l = 1{k = l}

are orthonormal over the rows, and ρ_k is the roughness of the k-th. The first is constant and the
second linear, both with ρ = 0; the others oscillate more and more (Demmler and Reinsch 1975).
Beyond the range of the rows every function is linear. A column with few values has no more
functions than values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import eigh

from motifnet.engine import Matrix

_NOTHING, _FLAT = 1e-12, 1e-6


@dataclass(frozen=True)
class ColumnBasis:
    """k functions of a column: a spline with k outputs, and their roughness with shape (k,)."""

    spline: BSpline
    low: float
    high: float
    roughness: Matrix

    @classmethod
    def of(cls, column: Matrix, size: int) -> ColumnBasis:
        """The `size` smoothest functions of a column with shape (n,)."""
        low, high, scale = float(column.min()), float(column.max()), float(column.std())
        if not high > low:
            constant = BSpline(np.array([low, low + 1.0]), np.ones((1, 1)), 0)
            return cls(constant, low, low, np.zeros(1))
        quantiles = np.quantile(column, np.linspace(0, 1, size)[1:-1])
        inner = np.unique(quantiles[(quantiles > low) & (quantiles < high)])
        knots = np.concatenate([[low] * 4, inner, [high] * 4])
        raw = BSpline(knots, np.eye(len(knots) - 4), 3)
        values = raw(column)
        gram = values.T @ values / len(column)
        rough = scale**3 * _roughness(raw, np.concatenate([[low], inner, [high]]))
        mu, vectors = eigh(gram, gram + rough)  # μ = 1/(1 + ρ), from rough to smooth
        kept = np.flatnonzero((mu > _NOTHING) & (mu < 1 - _FLAT))[::-1][: size - 2]
        greville = np.mean([knots[i : i + len(raw.c)] for i in (1, 2, 3)], axis=0)
        linear = (greville - column.mean()) / scale
        curved = vectors[:, kept] / np.sqrt(mu[kept])
        coefficients = np.column_stack([np.ones(len(linear)), linear, curved])
        roughness = np.concatenate([np.zeros(2), 1 / mu[kept] - 1])
        return cls(BSpline(knots, coefficients, 3), low, high, roughness)

    def __call__(self, column: Matrix) -> Matrix:
        """Values with shape (n, k)."""
        inside = np.clip(column, self.low, self.high)
        values = np.asarray(self.spline(inside))
        if len(self.roughness) > 1:
            values = values + self.spline.derivative()(inside) * (column - inside)[:, None]
        return values


def _roughness(spline: BSpline, edges: Matrix) -> Matrix:
    """∫ b'' b''ᵀ, exact by two Gauss points an interval, as b'' is linear there."""
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    at = np.concatenate([middle - half / np.sqrt(3), middle + half / np.sqrt(3)])
    curvature = spline.derivative(2)(at)
    return np.asarray(curvature.T @ (np.tile(half, 2)[:, None] * curvature))
