"""The band of a network's last layer: its inner layers are taken as they are, its last layer is fitted again and its error is known.

    kernel units at rows c_1 … c_m of the fit,  h(x) = k̄(x, c),  F = h L⁻ᵀ with L Lᵀ = h(c),   k̄: mean kernel of the trained networks

1. Ridge regression of y on F; λ and the size τ² of the function by restricted likelihood (see `_evidence`).
2. σ²(x) from scaled residuals (see `_evidence`, `_noise_level`); rows are then weighted by 1/σ² and step 1 is done again. The noise is that of σ²(x),
   not λτ²: where the kernel is rougher than it should be, restricted likelihood takes a part of the noise for function.
3. Undersmoothing: the last layer has the ridge `UNDERSMOOTHING` λ. Less ridge is less bias, and what bias is left is in the width as that of a
   random function of size τ², so that it is the mean over the rows that is right (Wahba 1983; Nychka 1988), and little is left to the mean.

4. A row is outside where less of its kernel function is in the span of the others than of nearly all rows c_j in that of the other c:
   |F(x)|² < reach = k̄(x, x) − the quantile `INSIDE` of 1 / (h(c)⁻¹)_jj.

A Gaussian multiplier bootstrap of a linear fit is a Gaussian law: β* − β = S (e σ), e ~ N(0, 1), has the covariance S diag(σ²) Sᵀ. It is diagonal in
the basis of step 1, so that what is kept is one number a unit, and `Band` draws from it at whatever rows are asked for.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from motifnet.bands._band import Band
from motifnet.bands._evidence import Ridge
from motifnet.bands._noise_level import neighbours_of, noise_level
from motifnet.kernels import landmark_features
from motifnet.mimicry import transfer, values_of
from motifnet.motifs import Affine, Chain, Motif, Parallel, parts_of
from motifnet.retrain import CrossTuned, TunedModel
from motifnet.teachers import FittedKernel

Matrix = NDArray[np.float64]
MOST_UNITS = 300
UNDERSMOOTHING = 0.1
INSIDE = 0.95


def last_layer_band(trained: CrossTuned | FittedKernel, X: Matrix, y: Matrix, weight: Matrix, seed: int = 0) -> Band:
    """The band of the function from which y with shape (n,) comes, n ≥ 2, by the inner layers of `trained`, at rows X with shape (n, d)."""
    marks = X[np.sort(np.random.default_rng([seed, 3]).permutation(len(X))[:MOST_UNITS])]
    kernel = _kernel_units(trained, marks)
    h = values_of(kernel, X)
    gram = values_of(kernel, marks)
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
    rotate = Affine(torch.as_tensor(solve_triangular(L, ridge.V, lower=True, trans="T").T.copy()), torch.zeros(len(L), dtype=torch.float64))
    free = neighbours.shape[1] * max(1 - ridge.freedom(lam) / len(X), 0.0)
    alone = 1 / (solve_triangular(L, np.eye(len(L)), lower=True) ** 2).sum(0)
    reach = float(np.diag(gram).mean() - np.quantile(alone, INSIDE))
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


def _kernel_units(trained: CrossTuned | FittedKernel, marks: Matrix) -> Motif:
    """x ↦ k̄(x, marks) with shape (n, m): the networks of the folds without their last layers, at other centres, in parallel."""
    dual, intercept = np.zeros((len(marks), 1)), np.zeros(1)
    models: list[TunedModel | FittedKernel]
    if isinstance(trained, FittedKernel):
        models = [replace(trained, centres=marks, dual=dual, intercept=intercept)]
    else:
        models = [TunedModel(inner, inner.warp_numpy(marks), dual, intercept, inner.ridge) for inner in trained.inner]
    layers: list[Motif] = [Chain(parts_of(transfer(model))[:-1]) for model in models]
    return Parallel(torch.full((len(layers),), 1 / len(layers), dtype=torch.float64), layers)
