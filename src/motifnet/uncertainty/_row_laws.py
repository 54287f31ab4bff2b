"""The law of each row: a standard law that is moved and stretched, or a count.

    Scaled    Y = f(x) + σ(x) ε      ε: one law for all rows (`Law`; `GammaLaw` for f = 0, σ = μ)
    Counts    Var Y = μ + φ μ²        Poisson for φ = 0, else negative binomial

The CRPS of Y = f + σ ε at y is σ times that of ε at (y − f) / σ. That of a gamma law is closed
(Möller and Scheuerer 2015), and those of the counts are too (Wei and Held 2014).

Rows are on the first axis: points and levels have shape (n, L), or (1, L) for the same at each row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import special, stats

from motifnet.engine import Matrix

_CELLS = 1 << 22  # of a matrix of rows and nodes
_NODES = 6  # Gauss points of a panel
_POISSON = 1e-8  # dispersion below which a count is Poisson
_MIN_MEAN, _MAX_SHAPE = 1e-300, 1e8


class StandardLaw(Protocol):
    """A law on the line, for points and levels of any shape."""

    @property
    def mean(self) -> float: ...

    @property
    def var(self) -> float: ...

    def pdf(self, t: Matrix) -> Matrix: ...

    def logpdf(self, t: Matrix) -> Matrix: ...

    def cdf(self, t: Matrix) -> Matrix: ...

    def quantile(self, q: Matrix) -> Matrix: ...

    def crps(self, t: Matrix) -> Matrix: ...


class RowLaw(Protocol):
    """The laws of n rows. `pdf` of a count is the probability of a value."""

    def mean(self) -> Matrix: ...

    def var(self) -> Matrix: ...

    def pdf(self, y: Matrix) -> Matrix: ...

    def logpdf(self, y: Matrix) -> Matrix: ...

    def cdf(self, y: Matrix) -> Matrix: ...

    def quantile(self, q: Matrix) -> Matrix: ...

    def crps(self, y: Matrix) -> Matrix: ...

    def take(self, rows: slice) -> RowLaw:
        """The laws of some rows."""
        ...

    def nodes(self) -> Iterator[tuple[Matrix, Matrix]]:
        """Points and weights of a quadrature with shape (b, J), for blocks of rows in order."""
        ...


@dataclass(frozen=True)
class Scaled:
    """location and scale with shape (n,)."""

    location: Matrix
    scale: Matrix
    law: StandardLaw

    def mean(self) -> Matrix:
        return self.location + self.scale * self.law.mean

    def var(self) -> Matrix:
        return np.asarray(self.scale**2 * self.law.var)

    def pdf(self, y: Matrix) -> Matrix:
        return self.law.pdf(self._standard(y)) / self.scale[:, None]

    def logpdf(self, y: Matrix) -> Matrix:
        return np.asarray(self.law.logpdf(self._standard(y)) - np.log(self.scale)[:, None])

    def cdf(self, y: Matrix) -> Matrix:
        return self.law.cdf(self._standard(y))

    def quantile(self, q: Matrix) -> Matrix:
        return self.location[:, None] + self.scale[:, None] * self.law.quantile(q)

    def crps(self, y: Matrix) -> Matrix:
        return self.law.crps(self._standard(y)) * self.scale[:, None]

    def nodes(self) -> Iterator[tuple[Matrix, Matrix]]:
        yield from row_nodes(self, len(self.scale))

    def take(self, rows: slice) -> Scaled:
        return Scaled(self.location[rows], self.scale[rows], self.law)

    def _standard(self, y: Matrix) -> Matrix:
        return np.asarray((y - self.location[:, None]) / self.scale[:, None])


@dataclass(frozen=True)
class GammaLaw:
    """The gamma law of a shape, with mean 1."""

    shape: float
    mean: float = 1.0

    @property
    def var(self) -> float:
        return 1 / self.shape

    def pdf(self, t: Matrix) -> Matrix:
        return np.asarray(self._law.pdf(t))

    def logpdf(self, t: Matrix) -> Matrix:
        return np.asarray(self._law.logpdf(t))

    def cdf(self, t: Matrix) -> Matrix:
        return np.asarray(self._law.cdf(t))

    def quantile(self, q: Matrix) -> Matrix:
        return np.asarray(self._law.ppf(q))

    def crps(self, t: Matrix) -> Matrix:
        above = stats.gamma.cdf(t, self.shape + 1, scale=1 / self.shape)
        spread = 1 / (self.shape * special.beta(0.5, self.shape))
        return np.asarray(t * (2 * self.cdf(t) - 1) - (2 * above - 1) - spread)

    @property
    def _law(self) -> stats.distributions.rv_frozen:
        return stats.gamma(self.shape, scale=1 / self.shape)


@dataclass(frozen=True)
class Counts:
    """μ with shape (n,) and φ."""

    mu: Matrix
    dispersion: float

    def mean(self) -> Matrix:
        return self.mu

    def var(self) -> Matrix:
        return np.asarray(self.mu + self.dispersion * self.mu**2)

    def pdf(self, y: Matrix) -> Matrix:
        return np.asarray(self._law.pmf(y))

    def logpdf(self, y: Matrix) -> Matrix:
        return np.asarray(self._law.logpmf(y))

    def cdf(self, y: Matrix) -> Matrix:
        return np.asarray(self._law.cdf(y))

    def quantile(self, q: Matrix) -> Matrix:
        return np.asarray(self._law.ppf(q))

    def crps(self, y: Matrix) -> Matrix:
        mu = self.mu[:, None]
        if self.dispersion < _POISSON:
            # e^(−2μ) (I₀ + I₁)(2μ) is half of Gini's mean difference over μ
            half_gini = mu * (special.ive(0, 2 * mu) + special.ive(1, 2 * mu))
            below = stats.poisson.cdf(y - 1, mu)
        else:
            size, odds = 1 / self.dispersion, self.dispersion * mu
            p = 1 / (1 + odds)
            half_gini = mu * (1 + odds) * special.hyp2f1(size + 1, 0.5, 2, -4 * odds * (1 + odds))
            below = stats.nbinom.cdf(y - 1, size + 1, p)
        # Σ k P(k) over k ≤ y is μ times a cdf at y − 1
        return np.asarray(y * (2 * self.cdf(y) - 1) + mu - 2 * mu * below - half_gini)

    def take(self, rows: slice) -> Counts:
        return Counts(self.mu[rows], self.dispersion)

    def nodes(self) -> Iterator[tuple[Matrix, Matrix]]:
        most = self._law.ppf(1 - 1e-13)[:, 0]
        step = max(1, _CELLS // (int(most.max(initial=0.0)) + 1))
        for start in range(0, len(self.mu), step):
            part = self.take(slice(start, start + step))
            points = np.arange(most[start : start + step].max() + 1.0)[None]
            yield np.broadcast_to(points, (len(part.mu), points.shape[1])), part.pdf(points)

    @property
    def _law(self) -> stats.distributions.rv_frozen:
        mu = self.mu[:, None]
        if self.dispersion < _POISSON:
            return stats.poisson(mu)
        size = 1 / self.dispersion
        return stats.nbinom(size, size / (size + mu))


def law_of_means(objective: str, values: Matrix, mu: Matrix, square: Matrix) -> RowLaw:
    """The laws of counts ("poisson") or amounts ("gamma") with the means `values`, whose dispersion
    is that of means and squared residuals with shape (k,):

        poisson   φ = Σ max(0, r² − μ) / Σ μ²    (the sum first, then 0 as its bound)
        gamma     1 / shape = Σ r² / Σ μ²

    match Var Y = μ + φ μ² and Var Y = μ² / shape.
    """
    power, safe = max(float(mu @ mu), _MIN_MEAN), np.maximum(values, _MIN_MEAN)
    if objective == "poisson":
        return Counts(safe, max(float((square - mu).sum()), 0.0) / power)
    shape = min(power / max(float(square.sum()), _MIN_MEAN), _MAX_SHAPE)
    return Scaled(np.zeros(len(values)), safe, GammaLaw(shape))


def row_nodes(law: RowLaw, n: int) -> Iterator[tuple[Matrix, Matrix]]:
    """`RowLaw.nodes` of n rows, by quantiles."""
    levels, weights = _levels()
    step = max(1, _CELLS // len(levels))
    for start in range(0, n, step):
        yield law.take(slice(start, start + step)).quantile(levels[None]), weights[None]


def _levels() -> tuple[Matrix, Matrix]:
    """Levels and weights of a quadrature over (0, 1): Gauss points in panels of 1/64, and in panels
    that halve towards both ends, where quantiles have singularities.
    """
    points, shares = np.polynomial.legendre.leggauss(_NODES)
    ends = np.concatenate([[0.0], 0.5 ** np.arange(40, 6, -1), np.arange(1, 33) / 64])
    width = np.diff(ends)[:, None]
    levels = (ends[:-1, None] + width * (points + 1) / 2).ravel()
    weights = (width * shares / 2).ravel()
    return np.concatenate([levels, 1 - levels[::-1]]), np.concatenate([weights, weights[::-1]])
