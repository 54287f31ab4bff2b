"""The Gaussian multiplier bootstrap, of a linear function in given features and of an M-estimator.

A function that is linear in given features, simultaneous over the requested rows:

    f(x) = φ(x)ᵀ β,   β = S y,   S = (Φᵀ W Φ)⁻¹ Φᵀ W,   h_i = (Φ S)_ii,
    r_i = (y − Φ β)_i / (1 − h_i)

β* − β = S (e r), e_i ~ N(0, 1), and with s(x)² = Σ_i (φ(x)ᵀ S_i r_i)², where a row of weight w is w
rows,

    f(x) ± c s(x),     c: quantile of  max over x of |φ(x)ᵀ (β* − β)| / s(x)
                       (pointwise: of |N(0, 1)|)

Leave-one-out residuals r allow for noise of any size at each row. In a cell of a partition with ν
rows a studentised mean is Student with ν − 1 degrees of freedom. So c is taken with ν = n / m.
Below `MIN_ROWS_PER_FEATURE` a warning is given. The band is for φᵀβ. It does not contain the error
of the features, nor that of a choice of features by the same y.

An M-estimator (Imaizumi and Otsu, arXiv 2012.15678): the law of an argmax, without a new fit.

    θ^ = argmax P_n f_θ,      θ* = argmax { D(θ) + (1/n) Σ_i e_i ( f_θ(Z_i) − P_n f_θ ) }
    e_i independent N(0, 1)

over a grid of θ, where all resamples are one matrix product. D = P_n f_θ ("empirical") is right
where θ^ is root-n consistent. For estimators of cube root rate, such as modes, it is not, since the
fluctuations of P_n f at the scale of θ^ − θ do not vanish. There D is the quadratic drift

    D(θ) = (θ − θ^)ᵀ H (θ − θ^) / 2
    H: local quadratic regression of P_n f_θ around θ^, Gaussian weights of bandwidth `smoothing`

The interval is symmetric, θ^ ± quantile of |θ* − θ^|. Reflected intervals cover less: for a mode by
the empirical drift .69 instead of .95.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm, t

from motifnet.engine import (
    DataError,
    Matrix,
    MotifnetWarning,
    UsageError,
    as_floats,
    check_choice,
    check_count,
    check_positive,
    seed_of,
    translate_memory_errors,
)
from motifnet.transport import MAX_NUMBER
from motifnet.uncertainty._conformal import as_levels

MIN_ROWS_PER_FEATURE = 60.0  # with fewer a warning
_BLOCK_ROWS = 1024


def linear_band(
    features: Any,
    y: Any,
    at: Any,
    coverage: float = 0.95,
    *,
    kind: str = "simultaneous",
    weight: Any = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Matrix:
    """A confidence band of a function that is linear in given features, for noise of any shape.

    Parameters
    ----------
    features : array with shape (n, m)
        Φ at the rows of the fit, with a column of ones if there is an intercept.
    y : array with shape (n,)
    at : array with shape (k, m)
        φ of the requested rows.
    coverage : float, default 0.95
        Probability with which the band holds the function.
    kind : {"simultaneous", "pointwise"}, default "simultaneous"
        For all requested rows at once, or for each by itself.
    weight : array with shape (n,), optional
    n_resamples : int, default 1000
        Draws of the bootstrap.
    seed : int, default 0

    Returns
    -------
    array with shape (k, 2)
        Lower and upper ends.

    Raises
    ------
    DataError, UsageError
        For arrays that do not belong together, too few rows, and settings out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.uncertainty import linear_band
    >>> x = np.linspace(0, 1, 200)
    >>> noisy = 1 + 2 * x + np.random.default_rng(0).normal(0, 0.1, 200)
    >>> features = np.column_stack([np.ones(200), x])
    >>> band = linear_band(features, noisy, features[::50])
    >>> band.shape
    (4, 2)
    """
    check_choice("kind", kind, ("simultaneous", "pointwise"))
    check_count("n_resamples", n_resamples, 1, 1000)
    levels, single = as_levels(coverage)
    if not single:
        raise UsageError(
            f"coverage={coverage!r} must be one number for a band. Request one band after the "
            "other."
        )
    level, seed = float(levels[0]), seed_of(seed, "seed")
    phi, target, at, w = _checked(features, y, at, weight)
    n, m = phi.shape
    root = np.sqrt(w)
    S = np.linalg.pinv(phi * root[:, None]) * root
    left_out = (target - phi @ (S @ target)) / np.maximum(1 - np.einsum("ij,ji->i", phi, S), 1e-6)
    noise = S * (left_out / root)
    rows = float(w.sum()) / m
    if rows < MIN_ROWS_PER_FEATURE:
        warnings.warn(
            f"There are {rows:.0f} rows for each of {m} features, fewer than "
            f"{MIN_ROWS_PER_FEATURE:.0f}: the band is widened, and may still cover less than "
            f"{level:.0%}. Give it more rows, or fewer features.",
            MotifnetWarning,
            stacklevel=2,
        )
    s = np.linalg.norm(at @ noise, axis=1)
    with translate_memory_errors(
        f"{n_resamples:,} resamples of {n:,} rows", "Request fewer n_resamples."
    ):
        c = (
            float(norm.isf((1 - level) / 2))
            if kind == "pointwise"
            else _simultaneous(at, noise, s, level, n_resamples, seed)
        )
    half = s * float(t.isf(norm.sf(c), max(rows - 1, 1.0)))
    return np.column_stack([at @ (S @ target) - half, at @ (S @ target) + half])


def _checked(features: Any, y: Any, at: Any, weight: Any) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """The arguments of a band as matrices. Raises DataError where they do not fit together."""
    phi, target, at = as_floats("features", features), as_floats("y", y), as_floats("at", at)
    n, m = phi.shape if phi.ndim == 2 else (0, 0)
    w = np.ones(n) if weight is None else as_floats("weight", weight)
    if (
        n <= m
        or target.shape != (n,)
        or w.shape != (n,)
        or not (w > 0).all()
        or at.ndim != 2
        or at.shape[1] != m
    ):
        raise DataError(
            f"features, y, at and weight have shapes {phi.shape}, {target.shape}, {at.shape} and "
            f"{w.shape}; expected (n, m) with n > m, (n,), (k, m) and (n,) positive weights."
        )
    for name, values in (("features", phi), ("y", target), ("at", at), ("weight", w)):
        if not (np.abs(values) < MAX_NUMBER).all():
            raise DataError(
                f"{name} holds NaN, infinity or a number above {MAX_NUMBER:g}. Leave such rows "
                "out, or take another unit."
            )
    return phi, target, at, w


def _simultaneous(
    at: Matrix, noise: Matrix, s: Matrix, level: float, n_resamples: int, seed: int
) -> float:
    """The quantile of the largest studentised deviation over the rows."""
    deviations = noise @ np.random.default_rng(seed).standard_normal((noise.shape[1], n_resamples))
    largest = np.zeros(n_resamples)
    for start in range(0, len(at), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        largest = np.maximum(
            largest, np.abs(at[rows] @ deviations / np.maximum(s[rows], 1e-300)[:, None]).max(0)
        )
    return float(np.quantile(largest, level, method="higher"))


@dataclass(frozen=True)
class Bootstrap:
    """An estimate and its resamples, as `multiplier_bootstrap` returns them.

    Attributes
    ----------
    estimate : array with shape (p,)
        θ^.
    draws : array with shape (B, p)
        Its resamples.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.uncertainty import Bootstrap
    >>> found = Bootstrap(np.zeros(1), np.random.default_rng(0).normal(size=(1000, 1)))
    >>> found.interval(0.95).round(1)
    array([[-1.9,  1.9]])
    """

    estimate: Matrix
    draws: Matrix

    def interval(self, coverage: float = 0.95) -> Matrix:
        """Symmetric intervals, one for each coordinate.

        Parameters
        ----------
        coverage : float, default 0.95

        Returns
        -------
        array with shape (p, 2)

        Raises
        ------
        UsageError
            For a coverage outside of 0 and 1.
        """
        level = as_levels(coverage)[0][0]
        half = np.quantile(np.abs(self.draws - self.estimate), level, axis=0, method="higher")
        return np.column_stack([self.estimate - half, self.estimate + half])


def multiplier_bootstrap(
    values: Any,
    grid: Any,
    *,
    drift: str = "empirical",
    smoothing: float | None = None,
    n_resamples: int = 300,
    seed: int = 0,
) -> Bootstrap:
    """Resamples of the argmax of a criterion.

    Parameters
    ----------
    values : array with shape (n, T)
        f_θ(Z_i), the criterion of each row at each θ.
    grid : array with shape (T,) or (T, p)
        The values of θ.
    drift : {"empirical", "quadratic"}, default "empirical"
        "quadratic" is for estimators of cube-root rate, such as modes.
    smoothing : float, optional
        For "quadratic": in units of θ, and wider than the error of θ^.
    n_resamples : int, default 300
    seed : int, default 0

    Returns
    -------
    Bootstrap

    Raises
    ------
    DataError, UsageError
        For arrays that do not belong together, and settings out of range.

    Examples
    --------
    The median of a sample, as the argmax of −|z − θ|.

    >>> import numpy as np
    >>> from motifnet.uncertainty import multiplier_bootstrap
    >>> z = np.random.default_rng(0).normal(size=200)
    >>> grid = np.linspace(-1, 1, 201)
    >>> found = multiplier_bootstrap(-abs(z[:, None] - grid), grid)
    >>> found.interval(0.95).shape
    (1, 2)
    """
    F, theta = as_floats("values", values), as_floats("grid", grid)
    if theta.ndim not in (1, 2) or not theta.size or not (np.abs(theta) < MAX_NUMBER).all():
        raise DataError(
            f"grid has shape {theta.shape}, expected numbers below {MAX_NUMBER:g} with shape (T,) "
            "or (T, p). Pass the values of θ to compare."
        )
    theta = theta.reshape(len(theta), -1)
    if F.ndim != 2 or len(F) < 2 or F.shape[1] != len(theta) or not (np.abs(F) < MAX_NUMBER).all():
        raise DataError(
            f"values has shape {F.shape}, expected at least 2 rows of numbers below "
            f"{MAX_NUMBER:g}, one column for each of {len(theta)} grid points. Pass f_θ(Z_i) "
            "for all of them."
        )
    check_choice("drift", drift, ("empirical", "quadratic"))
    check_count("n_resamples", n_resamples, 1, 300)
    mean, seed = F.mean(0), seed_of(seed, "seed")
    best = _middle_of_best(mean, theta)
    D = mean if drift == "empirical" else _quadratic(mean, theta - theta[best], smoothing)
    with translate_memory_errors(
        f"{n_resamples:,} resamples of {len(F):,} rows", "Request fewer n_resamples."
    ):
        e = np.random.default_rng(seed).standard_normal((n_resamples, len(F)))
        noisy = D + e @ (F - mean) / len(F)
    return Bootstrap(theta[best], theta[noisy.argmax(1)])


def _middle_of_best(mean: Matrix, theta: Matrix) -> int:
    """The index of the largest value. A step function has several: it is the one nearest their
    mean.
    """
    ties = np.flatnonzero(mean >= mean.max() - 1e-12 * np.ptp(mean))
    return int(ties[((theta[ties] - theta[ties].mean(0)) ** 2).sum(1).argmin()])


def _quadratic(mean: Matrix, delta: Matrix, smoothing: float | None) -> Matrix:
    """The drift at distances delta with shape (T, p) from θ^. Raises DataError where it is not
    concave.
    """
    check_positive(
        "smoothing",
        smoothing,
        "a width larger than the error of the estimate, which drift='quadratic' needs",
    )
    assert smoothing is not None
    p = delta.shape[1]
    above = np.triu_indices(p)
    squares = (delta[:, :, None] * delta[:, None, :])[:, *above] / np.where(
        above[0] == above[1], 2.0, 1.0
    )
    with np.errstate(over="ignore"):
        root = np.exp(-((delta / (2 * smoothing)) ** 2).sum(1))[:, None]
    design = np.column_stack([np.ones(len(delta)), delta, squares])
    found = np.linalg.lstsq(root * design, root[:, 0] * mean, rcond=None)[0]
    H = np.zeros((p, p))
    H[above] = found[1 + p :]
    H = H + np.triu(H, 1).T
    if np.linalg.eigvalsh(H).max() >= 0:
        raise DataError(
            "The criterion is not curved downwards around its maximum at "
            f"smoothing={smoothing:g}. Smooth more, or widen the grid."
        )
    return np.asarray(np.einsum("tp,pq,tq->t", delta, H, delta) / 2)
