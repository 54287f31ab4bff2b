"""The law of scaled residuals, from the conformal scores of a fit.

Scores s_1 … s_m of weights w_i are placed on a grid that is even in  v = asinh((s − c) / b), with
median c and robust scale b: fine in the middle, geometric in the tails. The density is a mixture

    p = Σ_c π_c p_c,        π = argmax Σ_i w_i log Σ_c π_c p_c^(−k(i))(s_i) + (u / C) Σ_c log π_c

of C components, fitted without the fold k(i) of the score: stacking of densities (Smyth and
Wolpert 1999). The problem is convex, and EM solves it. The last term is one more observation, of
the weight u of a new row. Components are

    Student's law, ν = 3, 6 and ∞, symmetric or with a scale of its own on each side of its mode
            ("two-piece"; for fixed mode the scales are in closed form, and EM gives Student's)
    the shifted log-normal law through three quantiles, skewed to either side
    Gaussian kernels in v with four bandwidths: the smoothed empirical law

So the law follows the conformal ranks, F(s_(i)) ≈ i / (m + 1), where rows are many, and a family
where they are few. Beyond the outer knots each tail has the mass u / 2(W + u), which no score
speaks about, and the power ν that the mixture has there, between 2.5 and 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtri

from motifnet.engine import Matrix
from motifnet.uncertainty._law import Law

_GRID = 512
_FOLDS = 10
_FREEDOM = (3.0, 6.0, np.inf)
_BANDWIDTHS = (0.3, 0.55, 1.0, 1.8)  # of Silverman's rule
_MODES = np.linspace(0.1, 0.9, 9)
_INDEX = (2.5, 10.0)
_STEPS, _EM_STEPS = 15, 200
_TINY = 1e-300


def fit_law(
    scores: Matrix, weight: Matrix, unit: float, floor: float = 1e-9, tail: float = 0.5
) -> Law:
    """The law of scores and weights with shape (m,); `unit` is the weight of a new row, `floor` the
    smallest scale that the scores may have, and `tail` the largest mass of a tail.
    """
    scores = np.asarray(scores, dtype=np.float64)
    counts = np.asarray(weight, dtype=np.float64) / unit
    centre, scale = _standard(scores, counts, floor)
    grid = _Grid.of((scores - centre) / scale, counts, _folds_of(len(scores), unit, weight))
    fitted = np.stack(list(_components(grid)), axis=-1)
    density = fitted[-1] @ _mixed(grid, fitted[:-1])
    mass = min(1 / (2 * (float(counts.sum()) + 1)), tail)
    return _law(centre + scale * grid.t, density / scale, mass)


def _standard(scores: Matrix, counts: Matrix, floor: float) -> tuple[float, float]:
    """Median and robust scale. Half of the scores may be equal: then the standard deviation
    counts.
    """
    order = np.argsort(scores, kind="stable")
    ranks = np.cumsum(counts[order]) / counts.sum()
    low, centre, high = scores[order][
        np.searchsorted(ranks, (0.25, 0.5, 0.75)).clip(max=len(scores) - 1)
    ]
    spread = float(np.sqrt(counts @ (scores - centre) ** 2 / counts.sum()))
    return float(centre), max(float(high - low) / 1.349, 1e-2 * spread, floor)


def _folds_of(m: int, unit: float, weight: Matrix) -> NDArray[np.int64]:
    """The fold of each score. Groups, whose codes are not kept, are mostly neighbours in the
    table, so that blocks of rows keep them together.
    """
    rows, folds = np.arange(m, dtype=np.int64), min(_FOLDS, m)
    grouped = unit > min(1.0, float(np.mean(weight))) * (1 + 1e-9)
    return rows * folds // m if grouped else rows % folds


@dataclass(frozen=True)
class _Grid:
    """v and t = sinh v with shape (G,); total: weight at each point without each fold, and of all,
    with shape (K + 1, G); held: of each fold with shape (K, G).
    """

    v: Matrix
    t: Matrix
    total: Matrix
    held: Matrix

    @classmethod
    def of(cls, t: Matrix, counts: Matrix, folds: NDArray[np.int64]) -> _Grid:
        v = np.arcsinh(t)
        reach = 3.0 + 0.25 * float(np.ptp(v))
        grid = np.linspace(v.min() - reach, v.max() + reach, _GRID)
        place = (v - grid[0]) / (grid[1] - grid[0])
        below = place.astype(np.int64)
        share = place - below
        held = np.zeros((int(folds.max()) + 1, _GRID))
        np.add.at(held, (folds, below), counts * (1 - share))
        np.add.at(held, (folds, below + 1), counts * share)
        everything = held.sum(0)
        without = everything - held if len(held) > 1 else held
        return cls(grid, np.sinh(grid), np.vstack([without, everything]), held)

    def quantiles(self, levels: Matrix) -> Matrix:
        """Quantiles of t with shape (K + 1, L)."""
        share = np.cumsum(self.total, axis=1)
        share = (share - self.total / 2) / share[:, -1:]
        v = np.stack([np.interp(levels, row, self.v) for row in share])
        return np.asarray(np.sinh(v))


def _components(grid: _Grid) -> Iterator[Matrix]:
    """The density of each component at t with shape (K + 1, G): without each fold, and of all."""
    for freedom in _FREEDOM:
        for two_piece in (False, True):
            yield _student(grid, freedom, two_piece)
    yield _log_normal(grid)
    yield from _kernels(grid)


def _student(grid: _Grid, freedom: float, two_piece: bool) -> Matrix:
    """The law of greatest likelihood: by EM with the mode as the weighted mean, or for each of
    nine modes.
    """
    levels = _MODES if two_piece else np.array([0.5])
    mode = grid.quantiles(levels)[:, :, None]
    w = grid.total[:, None, :]
    total = w.sum(2)
    scale = np.ones((2, *mode.shape))
    for _ in range(_STEPS):
        r = grid.t - mode
        size = np.where(r < 0, scale[0], scale[1])
        u = w if np.isinf(freedom) else w * (freedom + 1) / (freedom + (r / size) ** 2)
        if not two_piece:
            mode = ((u * grid.t).sum(2) / np.maximum(u.sum(2), _TINY))[:, :, None]
            r = grid.t - mode
        square = u * r**2
        lower = (square * (r < 0)).sum(2)
        upper = square.sum(2) - lower
        scale = _scales(lower, upper, total, two_piece)[..., None]
        if np.isinf(freedom):
            break
    density = _two_piece_density(grid.t - mode, scale, freedom)
    best = (w * np.log(np.maximum(density, _TINY))).sum(2).argmax(1)
    return np.asarray(density[np.arange(len(best)), best])


def _scales(lower: Matrix, upper: Matrix, total: Matrix, two_piece: bool) -> Matrix:
    """The scales below and above a mode for sums of squares, with a floor for a side without
    scores.
    """
    if not two_piece:
        both = np.sqrt((lower + upper) / total)
        return np.maximum(np.stack([both, both]), 1e-3)
    roots = np.cbrt(np.stack([lower, upper]))
    return np.maximum(roots * np.sqrt(roots.sum(0) / total), 1e-3)


def _two_piece_density(r: Matrix, scale: Matrix, freedom: float) -> Matrix:
    z = r / np.where(r < 0, scale[0], scale[1])
    if np.isinf(freedom):
        kernel = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    else:
        constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2)
        constant -= np.log(freedom * np.pi) / 2
        kernel = np.exp(constant) * (1 + z**2 / freedom) ** (-(freedom + 1) / 2)
    return np.asarray(kernel * 2 / (scale[0] + scale[1]))


def _log_normal(grid: _Grid) -> Matrix:
    """log(± (t − shift)) is normal, through the quantiles 10, 50 and 90 %."""
    low, middle, high = grid.quantiles(np.array([0.1, 0.5, 0.9])).T[..., None]
    below, above = np.maximum(middle - low, 1e-3), np.maximum(high - middle, 1e-3)
    sign = np.where(above >= below, 1.0, -1.0)
    ratio = np.maximum(above / below, below / above).clip(1.05, 20.0)
    far = np.maximum(above, below) / (ratio - 1)  # from the shift to the median
    width = np.log(ratio) / ndtri(0.9)
    x = 1 + sign * (grid.t - middle) / far
    safe = np.maximum(x, _TINY)
    z = np.log(safe) / width
    density = np.exp(-(z**2) / 2) / (np.sqrt(2 * np.pi) * width * safe * far)
    return np.asarray(np.where(x > 0, density, 0.0))


def _kernels(grid: _Grid) -> Iterator[Matrix]:
    """Kernel estimates in v, with the Jacobian dv/dt."""
    w = grid.total / grid.total.sum(1, keepdims=True)
    mean = w @ grid.v
    sd = np.sqrt(np.maximum(w @ grid.v**2 - mean**2, 0.0))
    low, high = np.arcsinh(grid.quantiles(np.array([0.25, 0.75]))).T
    step = grid.v[1] - grid.v[0]
    spread = np.maximum(np.where(high > low, np.minimum(sd, (high - low) / 1.349), sd), 0.05)
    rule = 0.9 * spread[-1] * max(float(grid.total[-1].sum()), 1.0) ** -0.2
    square = (grid.v[:, None] - grid.v) ** 2 / 2
    for factor in _BANDWIDTHS:
        width = max(factor * rule, 1.5 * step)
        kernel = np.exp(-square / width**2) / (width * np.sqrt(2 * np.pi))
        yield w @ kernel / np.cosh(grid.v)


def _mixed(grid: _Grid, held_out: Matrix) -> Matrix:
    """π with shape (C,) for held-out densities with shape (K, G, C), by EM."""
    there = grid.held > 0
    counts, p = grid.held[there], np.maximum(held_out[there], 0.0)
    weights = np.full(p.shape[1], 1 / p.shape[1])
    if len(grid.held) < 2:
        return weights
    for _ in range(_EM_STEPS):
        share = p * weights
        share /= np.maximum(share.sum(1, keepdims=True), _TINY)
        weights = counts @ share + 1 / len(weights)
        weights /= weights.sum()
    return weights


def _law(knots: Matrix, density: Matrix, mass: float) -> Law:
    """The law of a density on a wide grid, cut where the mass of its tails begins."""
    lower, upper = _tail(knots, density, mass), _tail(-knots[::-1], density[::-1], mass)
    kept = slice(lower[0], len(knots) - upper[0])
    return Law.of(knots[kept], density[kept], (mass, mass), (lower[1], upper[1]))


def _tail(knots: Matrix, density: Matrix, mass: float) -> tuple[int, float]:
    """The first knot above the lower tail, and the tail's ν.

    With S = F at that knot and d the distance to where F is S / 4, a Pareto tail has
    d p / S = ν (4^(1/ν) − 1).
    """
    steps = np.diff(knots) * (density[1:] + density[:-1]) / 2
    F = np.concatenate([[0.0], np.cumsum(steps)])
    F /= F[-1]
    first = min(int(np.searchsorted(F, mass)), len(knots) // 2 - 1)
    distance = knots[first] - np.interp(F[first] / 4, F, knots)
    index = np.linspace(*_INDEX, 76)
    form = index * np.expm1(np.log(4) / index)
    ratio = distance * density[first] / max(float(F[first]), _TINY)
    return first, float(np.interp(ratio, form[::-1], index[::-1]))
