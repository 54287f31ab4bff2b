"""A confidence band for a coefficient function that holds at most points of its domain.

The estimator b̂ = Σ_{j≤m} b̂_j φ_j of functional linear regression has, for a fixed m and without
its bias, the error

    ‖b̂ − b‖² ≈ (σ²/n) Σ_{j≤m} η_j²/κ_j,    η_j independent N(0, 1),

with the eigenvalues κ_j of the curves' covariance. Let c be the `level` quantile of
(Σ_{j≤m} η_j²/κ_j)^½, and |I| the length of the domain. By Markov's inequality the band

    b̂(t) ± σ c / (n · miss · |I|)^½

leaves out b on at most the share `miss` of the domain, with probability about `level`: the share
left out is at most ‖b̂ − b‖² / (half width² · |I|). The bias must be small against the width, so m
is chosen a little too large. Source: Imaizumi and Kato, A simple method to construct confidence
bands in functional linear regression, Statistica Sinica 29 (2019), arXiv:1612.07490.

The slack of Markov's inequality is what absorbs the bias. The quantile of the share itself, from
simulated Σ_j η_j φ_j(t)/κ_j^½, gives a band of half the width that holds far too rarely.

The band (L, U) is inverted for the set {|b| > r}. The inner set {L > r or U < −r} and the outer set
{U > r or L < −r} miss it by at most the share `miss` of the domain, with the same probability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.further.functional._curves import trapezoid

DRAWS = 20_000  # the quantile's own error is then below 1 %

Mask = NDArray[np.bool_]


def norm_quantile(eigenvalues: Matrix, level: float, seed: int) -> float:
    """The quantile c of (Σ_j η_j²/κ_j)^½, simulated. `eigenvalues` κ with shape (m,)."""
    eta = np.random.default_rng(seed).standard_normal((DRAWS, len(eigenvalues)))
    return float(np.sqrt(np.quantile(eta**2 @ (1 / eigenvalues), level)))


def half_width(quantile: float, noise: float, n: int, share: float) -> float:
    """Half the width of the band: σ c / (n · share)^½, with share = miss · |I|."""
    return float(noise * quantile / np.sqrt(n * share))


@dataclass(frozen=True)
class ActiveDomain:
    """Where |b| is above a threshold: for sure (inner set), and possibly (outer set).

    Attributes
    ----------
    grid : array with shape (T,)
        Points of the curves.
    threshold : float
        r of {|b| > r}; 0 is the domain where the curves have an effect.
    inner, outer : boolean arrays with shape (T,)
        The inner set lies in the outer one.

    Examples
    --------
    >>> from motifnet.functional import FunctionalLinearRegressor, make_curve_regression
    >>> X, y, grid, coef = make_curve_regression(100, random_state=0)
    >>> linear = FunctionalLinearRegressor(grid=grid).fit(X, y)
    >>> print(linear.active_domain(threshold=0.5))
    |b| is above 0.5 on ...
    """

    grid: Matrix
    threshold: float
    inner: Mask
    outer: Mask

    @classmethod
    def of_band(cls, grid: Matrix, lower: Matrix, upper: Matrix, threshold: float) -> ActiveDomain:
        """The sets that a band leaves.

        Parameters
        ----------
        grid : array with shape (T,)
        lower, upper : arrays with shape (T,)
            Ends of the band.
        threshold : float

        Returns
        -------
        ActiveDomain
        """
        inner = (lower > threshold) | (upper < -threshold)
        return cls(grid, threshold, inner, (upper > threshold) | (lower < -threshold))

    @property
    def inner_intervals(self) -> list[tuple[float, float]]:
        """The inner set as intervals of the grid's unit. A point stands for its cell."""
        return intervals(self.inner, self.grid)

    @property
    def outer_intervals(self) -> list[tuple[float, float]]:
        """The outer set as intervals of the grid's unit."""
        return intervals(self.outer, self.grid)

    @property
    def lengths(self) -> tuple[float, float]:
        """Lengths of the inner and of the outer set."""
        weights = trapezoid(self.grid)
        return float(weights @ self.inner), float(weights @ self.outer)

    def __str__(self) -> str:
        whole = self.grid[-1] - self.grid[0]
        inner, outer = (length / whole for length in self.lengths)
        return (
            f"|b| is above {self.threshold:g} on {_shown(self.inner_intervals)}, {inner:.0%} of "
            f"the domain, and may be so on {_shown(self.outer_intervals)}, {outer:.0%}."
        )


def intervals(mask: Mask, grid: Matrix) -> list[tuple[float, float]]:
    """The runs of a mask with shape (T,). Each point stands for the cell up to the midpoints."""
    edges = np.concatenate([grid[:1], (grid[1:] + grid[:-1]) / 2, grid[-1:]])
    steps = np.diff(np.concatenate([[False], mask, [False]]).astype(int))
    runs = zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)
    return [(float(edges[start]), float(edges[stop])) for start, stop in runs]


def _shown(found: list[tuple[float, float]]) -> str:
    return ", ".join(f"[{a:.4g}, {b:.4g}]" for a, b in found) or "no interval"
