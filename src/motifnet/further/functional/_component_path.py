"""Least-squares fits on the first m principal components of curves, for all m at once.

φ_j and κ_j are the eigenfunctions and eigenvalues of the covariance of the curves, their scores are
ξ_ij = ⟨x_i, φ_j⟩, and

    b̂_j = n⁻¹ Σ_i y_i ξ_ij / κ_j        (Hall and Horowitz, Ann. Statist. 35, 2007)

Scalar covariates z are partialled out of curves and target first (Frisch and Waugh). With all
components b̂ = Σ_j b̂_j φ_j is the least-squares fit. AIC chooses the number of components m:

    AIC(m) = n log(RSS_m/n) + 2m,    m ≤ (n − p − 1)/4
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from motifnet.engine import DataError, Matrix, as_floats
from motifnet.further.functional._curves import Curves

ROUNDING = 1e-6  # singular values below this share of the largest are lost in rounding


@dataclass(frozen=True)
class ComponentPath:
    """The fits of y with m = 1, 2, …, `rank` components.

    eigenvalues, weights : κ_j and b̂_j, with shape (rank,).
    components : φ_j with shape (rank, T).
    rss : residual sum of squares for each m, with shape (rank,).
    columns : 1 + p, the intercept and the covariates.
    """

    y: Matrix
    eigenvalues: Matrix
    components: Matrix
    weights: Matrix
    rss: Matrix
    rank: int
    columns: int

    @property
    def n(self) -> int:
        """Number of curves."""
        return len(self.y)

    @property
    def most(self) -> int:
        """Components that leave one degree of freedom for the noise."""
        return min(self.rank, self.n - self.columns - 1)

    @property
    def aic(self) -> Matrix:
        """AIC(m) for m up to a quarter of the degrees of freedom, where it still holds."""
        m = np.arange(1, max(1, min(self.most, (self.n - self.columns) // 4)) + 1)
        floor = np.finfo(float).tiny
        return np.asarray(self.n * np.log(np.maximum(self.rss[m - 1] / self.n, floor)) + 2 * m)


def fit_path(curves: Curves, y: Matrix, design: Matrix) -> ComponentPath:
    """All fits at once, from the singular values of the curves without intercept and covariates:
    n^(−½) X̃ W^½ = U diag(κ)^½ (φ W^½).
    """
    n, root = len(y), np.sqrt(curves.weights)
    basis = np.linalg.qr(design)[0]
    rest = (curves.values - basis @ (basis.T @ curves.values)) * root / np.sqrt(n)
    left, singular, right = np.linalg.svd(rest, full_matrices=False)
    size = np.sqrt(np.mean(curves.norm**2))
    rank = int((singular > ROUNDING * max(singular[0], ROUNDING * size)).sum())
    if not rank:
        raise DataError(
            f"The {n} curves are all equal, or equal once the covariates are partialled out, so "
            "they explain nothing. Check the curves."
        )
    y_rest = y - basis @ (basis.T @ y)
    scores = left[:, :rank].T @ y_rest
    rss = np.maximum(y_rest @ y_rest - np.cumsum(scores**2), 0)
    weights = scores / (singular[:rank] * np.sqrt(n))
    components = right[:rank] / root
    return ComponentPath(y, singular[:rank] ** 2, components, weights, rss, rank, design.shape[1])


def design_of(covariates: Any, n: int, check_rank: bool = True) -> Matrix:
    """A column of ones and the covariates, with shape (n, 1 + p)."""
    values = np.empty((n, 0)) if covariates is None else as_floats("covariates", covariates)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != n or not np.isfinite(values).all():
        raise DataError(
            f"covariates have shape {values.shape} for {n} curves, or hold NaN or infinity. Pass "
            "one row of finite numbers for each curve."
        )
    design = np.column_stack([np.ones(n), values])
    if check_rank:
        _check_design(design)
    return design


def _check_design(design: Matrix) -> None:
    n, columns = design.shape
    if n < columns + 2:
        raise DataError(
            f"Found array with {n} sample(s) while a minimum of {columns + 2} is required with "
            f"{columns - 1} covariates. Pass more curves."
        )
    size = np.linalg.norm(design, axis=0)
    if np.linalg.matrix_rank(design / np.where(size > 0, size, 1)) < columns:
        raise DataError(
            "covariates are constant or depend linearly on each other, so their coefficients are "
            "not determined. Leave out the columns that the others give."
        )
