"""Confidence bands: the region of a function, at rows one by one or at all rows together.

    f(x) = level + (u(x) − origin) slope ± c s(x),
    s(x)² = (u(x) − origin)² variance + level_variance + rest (reach − |u(x)|²)₊

The last term is 0 among the rows of the fit. Far from them u is 0, nothing is known, and the band
has the width of a random function. c is the quantile of max over the rows of |error(x)| / s(x),
where error is a Gaussian of this covariance, with an independent last part at each row. For
"pointwise" it is the quantile of |N(0, 1)|. s is an estimate from ν = `freedom` residuals. So the
band takes the quantile of the same rank of

    Z / √( (χ² + Y²) / ν ),    χ² with ν − 1 degrees of freedom,   corr(Z, Y)² = `shared`,
    Y, Z ~ N(0, 1)

Where the error is large, residuals near it are large too, since an undersmoothed fit depends on the
same noise. So s is larger there. With `shared` ρ = 0 the quantile is Student's t. With ρ = 1 it is
that of an internally studentised residual, t √ν / √(ν − 1 + t²) (Thompson 1935). Between the two

    t √ν / √(ν − ρ + ρ t²)

Student's t alone covers 94 to 95 % instead of 90 % where the function is constant and the noise has
one size (simulated, 250 rows, four fits).

The band of a network keeps its feature layers, fits its last layer again and computes the error of
that fit (see `_ridge`). Its features are

    kernel units at rows c_1 … c_m of the fit,  h(x) = k̄(x, c),  F = h L⁻ᵀ with L Lᵀ = h(c)
    k̄: mean kernel of the trained networks

1. Ridge regression of y on F. Restricted likelihood gives λ and the size τ² of the function.
2. σ²(x) from scaled residuals. Rows then have weights 1/σ² and step 1 is repeated. The noise is
   σ²(x), not λτ²: where the kernel is rougher than the function, restricted likelihood takes a part
   of the noise for function.
3. Undersmoothing: the last layer has the ridge `UNDERSMOOTHING` λ. A smaller ridge gives a smaller
   bias. The width contains the remaining bias as that of a random function of size τ². So coverage
   is right as a mean over the rows (Wahba 1983; Nychka 1988), and its own bias is small.
4. A row is outside where a smaller part of its kernel function is in the span of the others than
   for nearly all rows c_j in that of the other c:
   |F(x)|² < reach = k̄(x, x) − the quantile `INSIDE` of 1 / (h(c)⁻¹)_jj.

A Gaussian multiplier bootstrap of a linear fit is a Gaussian law: β* − β = S (e σ), e ~ N(0, 1),
has the covariance S diag(σ²) Sᵀ. It is diagonal in the basis of step 1. So a band keeps one number
a unit, and draws from the law at any rows.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.linalg import solve_triangular
from scipy.stats import norm, t

from motifnet.engine import Matrix, MotifnetWarning, UsageError
from motifnet.kernels import landmark_features
from motifnet.motifs import Affine, Chain, Motif, Parallel, parts_of
from motifnet.teachers import FittedKernel
from motifnet.training import CrossTuned, TunedModel
from motifnet.transfer import transfer, values_of
from motifnet.uncertainty._ridge import Ridge, neighbours_of, noise_level

KINDS = ("simultaneous", "pointwise")
MIN_FREEDOM = 30.0  # residuals of the noise estimate; fewer give a warning
RESAMPLES = 1000
MAX_UNITS = 300  # rows of the fit with a kernel unit
UNDERSMOOTHING = 0.1  # the ridge of the band, in units of λ
INSIDE = 0.95  # quantile of the rows c_j that count as inside
_BLOCK_ROWS = 1024


@dataclass(frozen=True)
class Band:
    """units: x ↦ u(x) with r columns; origin, slope, variance with shape (r,); freedom: number of
    residuals of the noise estimate; shared: see above, from 0 to 1.
    """

    units: Motif
    origin: Matrix
    slope: Matrix
    variance: Matrix
    level: float
    level_variance: float
    rest: float
    reach: float
    freedom: float
    shared: float = 0.0

    @property
    def width(self) -> int:
        """Number r of units."""
        return len(self.slope)

    def bounds(self, u: Matrix, level: float, kind: str) -> Matrix:
        """Lower and upper ends with shape (n, 2) at units with shape (n, r), for one coverage."""
        if kind not in KINDS:
            raise UsageError(f"kind={kind!r} must be one of {', '.join(map(repr, KINDS))}.")
        if self.freedom < MIN_FREEDOM:
            warnings.warn(
                f"About {self.freedom:.0f} residuals speak for the noise at each place, fewer "
                f"than {MIN_FREEDOM:.0f}: the band is widened, and may still cover less than "
                f"{level:.0%}. Fit more rows.",
                MotifnetWarning,
                stacklevel=4,
            )
        centred = u - self.origin
        outside = self.rest * np.maximum(self.reach - (u**2).sum(1), 0)
        s = np.sqrt(centred**2 @ self.variance + self.level_variance + outside)
        c = (
            float(norm.isf((1 - level) / 2))
            if kind == "pointwise"
            else self._largest(centred, outside, s, level)
        )
        half = s * self._studentised(c)
        middle = self.level + centred @ self.slope
        return np.column_stack([middle - half, middle + half])

    def _studentised(self, c: float) -> float:
        """The quantile of the rank of c for an estimated noise."""
        freedom = max(self.freedom, 1.0)
        student = float(t.isf(norm.sf(c), freedom))
        return student * float(np.sqrt(freedom / (freedom + self.shared * (student**2 - 1))))

    def _largest(self, centred: Matrix, outside: Matrix, s: Matrix, level: float) -> float:
        """The quantile of the largest studentised error over the rows."""
        rng = np.random.default_rng(0)
        errors = np.sqrt(self.variance)[:, None] * rng.standard_normal((self.width, RESAMPLES))
        shift = np.sqrt(self.level_variance) * rng.standard_normal(RESAMPLES)
        largest = np.zeros(RESAMPLES)
        for start in range(0, len(s), _BLOCK_ROWS):
            rows = slice(start, start + _BLOCK_ROWS)
            unknown = np.sqrt(outside[rows])[:, None] * rng.standard_normal(
                (len(s[rows]), RESAMPLES)
            )
            error = (
                np.abs(centred[rows] @ errors + shift + unknown)
                / np.maximum(s[rows], 1e-300)[:, None]
            )
            largest = np.maximum(largest, error.max(0))
        return float(np.quantile(largest, level, method="higher"))


def last_layer_band(
    trained: CrossTuned | FittedKernel, X: Matrix, y: Matrix, weight: Matrix, seed: int = 0
) -> Band:
    """The band of the function of targets y with shape (n,), n ≥ 2, at rows X with shape (n, d), by
    the feature layers of `trained`.
    """
    centres = X[np.sort(np.random.default_rng([seed, 3]).permutation(len(X))[:MAX_UNITS])]
    kernel = _kernel_units(trained, centres)
    h = values_of(kernel, X)
    gram = values_of(kernel, centres)
    L = landmark_features(torch.as_tensor((gram + gram.T) / 2)).numpy()
    F = solve_triangular(L, h.T, lower=True).T
    weight, neighbours = weight / weight.mean(), neighbours_of(X)
    ridge = Ridge.of(F, y, weight)
    level = noise_level(ridge.noise_squares(ridge.likeliest()[0]), neighbours, weight)
    noise = float(np.exp(np.mean(np.log(level))))
    precision = weight / level * noise
    ridge = Ridge.of(F, y, precision)
    lam, tau2 = ridge.likeliest()
    mu = UNDERSMOOTHING * lam
    variance = (noise * ridge.squares + tau2 * mu**2) / (ridge.squares + mu) ** 2
    rotate = Affine(
        torch.as_tensor(solve_triangular(L, ridge.V, lower=True, trans="T").T.copy()),
        torch.zeros(len(L), dtype=torch.float64),
    )
    free = neighbours.shape[1] * max(1 - ridge.freedom(lam) / len(X), 0.0)
    own = 1 / (solve_triangular(L, np.eye(len(L)), lower=True) ** 2).sum(0)
    reach = float(np.diag(gram).mean() - np.quantile(own, INSIDE))
    return Band(
        Chain([kernel, rotate]),
        origin=ridge.origin,
        slope=ridge.slope(mu),
        variance=variance,
        level=ridge.level,
        level_variance=noise / float(precision.sum()),
        rest=tau2,
        reach=reach,
        freedom=free,
        shared=ridge.shared(mu, lam),
    )


def in_units(band: Band, mean: float, sd: float) -> Band:
    """The band of mean + sd f."""
    return replace(
        band,
        slope=sd * band.slope,
        variance=sd**2 * band.variance,
        level=mean + sd * band.level,
        level_variance=sd**2 * band.level_variance,
        rest=sd**2 * band.rest,
    )


def _kernel_units(trained: CrossTuned | FittedKernel, centres: Matrix) -> Motif:
    """x ↦ k̄(x, centres) with shape (n, m): the networks of the folds at these centres, without
    their last layers, in parallel.
    """
    dual, intercept = np.zeros((len(centres), 1)), np.zeros(1)
    models: list[TunedModel | FittedKernel]
    if isinstance(trained, FittedKernel):
        models = [replace(trained, centres=centres, dual=dual, intercept=intercept)]
    else:
        models = [
            TunedModel(inner, inner.warp_numpy(centres), dual, intercept, inner.ridge)
            for inner in trained.inner
        ]
    layers: list[Motif] = [Chain(parts_of(transfer(model))[:-1]) for model in models]
    return Parallel(torch.full((len(layers),), 1 / len(layers), dtype=torch.float64), layers)
