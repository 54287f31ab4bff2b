"""Gaussian multiplier bootstrap of an M-estimator (Imaizumi and Otsu, arXiv 2012.15678): the law of an argmax, without fitting it again.

    θ^ = argmax P_n f_θ,      θ* = argmax { D(θ) + (1/n) Σ_i e_i ( f_θ(Z_i) − P_n f_θ ) },      e_i independent N(0, 1)

over a grid of θ, where all resamples are one matrix product. D = P_n f_θ ("empirical") is right where θ^ is root-n consistent. For estimators of cube
root rate, such as modes, it is not, as the fluctuations of P_n f at the scale of θ^ − θ do not vanish; there D is the quadratic drift

    D(θ) = (θ − θ^)ᵀ H (θ − θ^) / 2,      H: local quadratic regression of P_n f_θ around θ^ with Gaussian weights of bandwidth `smoothing`.

The interval is symmetric, θ^ ± quantile of |θ* − θ^|. Reflected intervals cover less: for a mode by the empirical drift .69 in place of .95.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.bands._levels import as_levels
from motifnet.engine import DataError, as_floats, check_choice, check_count, check_positive, memory_told, seed_of

Matrix = NDArray[np.float64]
LARGEST = 1e150  # squares of what is larger overflow


@dataclass(frozen=True)
class Bootstrap:
    """θ^ with shape (p,) and its resamples with shape (B, p)."""

    estimate: Matrix
    draws: Matrix

    def interval(self, coverage: float = 0.95) -> Matrix:
        """Symmetric intervals with shape (p, 2), each coordinate for itself."""
        level = as_levels(coverage)[0][0]
        half = np.quantile(np.abs(self.draws - self.estimate), level, axis=0, method="higher")
        return np.column_stack([self.estimate - half, self.estimate + half])


def multiplier_bootstrap(
    values: Any, grid: Any, *, drift: str = "empirical", smoothing: float | None = None, n_resamples: int = 300, seed: int = 0
) -> Bootstrap:
    """Resamples of the argmax of a criterion.

    values: f_θ(Z_i) with shape (n, T); grid: the T values of θ with shape (T,) or (T, p); drift: "empirical" or, for estimators of cube-root rate,
    "quadratic", which takes `smoothing`, in units of θ and wider than the error of θ^. Raises DataError, UsageError.
    """
    F, theta = as_floats("values", values), as_floats("grid", grid)
    if theta.ndim not in (1, 2) or not theta.size or not (np.abs(theta) < LARGEST).all():
        raise DataError(
            f"grid has shape {theta.shape}, expected numbers below {LARGEST:g} with shape (T,) or (T, p). Pass the values of θ to look at."
        )
    theta = theta.reshape(len(theta), -1)
    if F.ndim != 2 or len(F) < 2 or F.shape[1] != len(theta) or not (np.abs(F) < LARGEST).all():
        raise DataError(
            f"values has shape {F.shape}, expected at least 2 rows of numbers below {LARGEST:g}, one column for each of {len(theta)} grid points. "
            "Pass f_θ(Z_i) for all of them."
        )
    check_choice("drift", drift, ("empirical", "quadratic"))
    check_count("n_resamples", n_resamples, 1, 300)
    mean, seed = F.mean(0), seed_of(seed, "seed")
    best = _middle_of_best(mean, theta)
    D = mean if drift == "empirical" else _quadratic(mean, theta - theta[best], smoothing)
    with memory_told(f"{n_resamples:,} resamples of {len(F):,} rows", "Ask for fewer n_resamples."):
        e = np.random.default_rng(seed).standard_normal((n_resamples, len(F)))
        noisy = D + e @ (F - mean) / len(F)
    return Bootstrap(theta[best], theta[noisy.argmax(1)])


def _middle_of_best(mean: Matrix, theta: Matrix) -> int:
    """A step function is largest on a stretch: the grid point of it that is nearest to its mean."""
    ties = np.flatnonzero(mean >= mean.max() - 1e-12 * np.ptp(mean))
    return int(ties[((theta[ties] - theta[ties].mean(0)) ** 2).sum(1).argmin()])


def _quadratic(mean: Matrix, delta: Matrix, smoothing: float | None) -> Matrix:
    """The drift at distances delta with shape (T, p) from θ^; concave, or the criterion has no maximum there."""
    check_positive("smoothing", smoothing, "a width larger than the error of the estimate, which drift='quadratic' needs")
    assert smoothing is not None
    p = delta.shape[1]
    above = np.triu_indices(p)
    squares = (delta[:, :, None] * delta[:, None, :])[:, *above] / np.where(above[0] == above[1], 2.0, 1.0)
    with np.errstate(over="ignore"):
        root = np.exp(-((delta / (2 * smoothing)) ** 2).sum(1))[:, None]
    design = np.column_stack([np.ones(len(delta)), delta, squares])
    found = np.linalg.lstsq(root * design, root[:, 0] * mean, rcond=None)[0]
    H = np.zeros((p, p))
    H[above] = found[1 + p :]
    H = H + np.triu(H, 1).T
    if np.linalg.eigvalsh(H).max() >= 0:
        raise DataError(f"The criterion is not curved downwards around its maximum at smoothing={smoothing:g}. Smooth more, or widen the grid.")
    return np.asarray(np.einsum("tp,pq,tq->t", delta, H, delta) / 2)
