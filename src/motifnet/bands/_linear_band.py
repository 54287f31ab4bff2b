"""Where a function lies that is linear in given features: a Gaussian multiplier bootstrap, simultaneous over the rows that are asked for.

    f(x) = φ(x)ᵀ β,   β = S y,   S = (Φᵀ W Φ)⁻¹ Φᵀ W,   h_i = (Φ S)_ii,   r_i = (y − Φ β)_i / (1 − h_i)

β* − β = S (e r), e_i ~ N(0, 1), and with s(x)² = Σ_i (φ(x)ᵀ S_i r_i)², a row of weight w being w rows,

    f(x) ± c s(x),     c: quantile of  max over x of |φ(x)ᵀ (β* − β)| / s(x)    (pointwise: of |N(0, 1)|)

Leave-one-out residuals r allow for noise of any size at each row. In a cell of a partition with ν rows a studentised mean is Student with ν − 1
degrees of freedom; so c is taken with ν = n / m, and below `FEW_ROWS` of them a warning says so. The band is for φᵀβ: what the features cannot
express, and that they may have been chosen by the same y, it does not know.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from motifnet.bands._levels import as_levels
from motifnet.engine import DataError, MotifnetWarning, UsageError, as_floats, check_choice, check_count, memory_told, seed_of

Matrix = NDArray[np.float64]
FEW_ROWS, LARGEST = 60.0, 1e150
_BLOCK = 1024


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
    """Lower and upper ends with shape (k, 2) at k rows.

    features: Φ with shape (n, m), a column of ones included if there is an intercept; y with shape (n,); at: φ of the rows that are asked for, with
    shape (k, m); kind: "simultaneous" or "pointwise". Raises DataError, UsageError.
    """
    phi, target, asked = as_floats("features", features), as_floats("y", y), as_floats("at", at)
    check_choice("kind", kind, ("simultaneous", "pointwise"))
    check_count("n_resamples", n_resamples, 1, 1000)
    levels, single = as_levels(coverage)
    if not single:
        raise UsageError(f"coverage={coverage!r} must be one number for a band. Ask for one band after the other.")
    level, seed = float(levels[0]), seed_of(seed, "seed")
    n, m = phi.shape if phi.ndim == 2 else (0, 0)
    w = np.ones(n) if weight is None else as_floats("weight", weight)
    if n <= m or target.shape != (n,) or w.shape != (n,) or not (w > 0).all() or asked.ndim != 2 or asked.shape[1] != m:
        raise DataError(
            f"features, y, at and weight have shapes {phi.shape}, {target.shape}, {asked.shape} and {w.shape}; expected (n, m) with n > m, (n,), "
            "(k, m) and (n,) positive weights."
        )
    for name, values in (("features", phi), ("y", target), ("at", asked), ("weight", w)):
        if not (np.abs(values) < LARGEST).all():
            raise DataError(f"{name} holds NaN, infinity or a number above {LARGEST:g}. Leave such rows out, or take another unit.")
    root = np.sqrt(w)
    S = np.linalg.pinv(phi * root[:, None]) * root
    left_out = (target - phi @ (S @ target)) / np.maximum(1 - np.einsum("ij,ji->i", phi, S), 1e-6)
    noise = S * (left_out / root)
    rows = float(w.sum()) / m
    if rows < FEW_ROWS:
        warnings.warn(
            f"There are {rows:.0f} rows for each of {m} features, fewer than {FEW_ROWS:.0f}: the band is widened, and may still cover less than "
            f"{level:.0%}. Give it more rows, or fewer features.",
            MotifnetWarning,
            stacklevel=2,
        )
    s = np.linalg.norm(asked @ noise, axis=1)
    with memory_told(f"{n_resamples:,} resamples of {n:,} rows", "Ask for fewer n_resamples."):
        c = float(norm.isf((1 - level) / 2)) if kind == "pointwise" else _simultaneous(asked, noise, s, level, n_resamples, seed)
    half = s * float(t.isf(norm.sf(c), max(rows - 1, 1.0)))
    return np.column_stack([asked @ (S @ target) - half, asked @ (S @ target) + half])


def _simultaneous(at: Matrix, noise: Matrix, s: Matrix, level: float, n_resamples: int, seed: int) -> float:
    """The quantile of the largest studentised deviation over the rows."""
    deviations = noise @ np.random.default_rng(seed).standard_normal((noise.shape[1], n_resamples))
    largest = np.zeros(n_resamples)
    for start in range(0, len(at), _BLOCK):
        rows = slice(start, start + _BLOCK)
        largest = np.maximum(largest, np.abs(at[rows] @ deviations / np.maximum(s[rows], 1e-300)[:, None]).max(0))
    return float(np.quantile(largest, level, method="higher"))
