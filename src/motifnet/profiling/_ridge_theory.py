"""Ridge regression with p features and n rows, in the limit of large n and p: the risk from the spectrum of the Fisher information.

With eigenvalues λ_i, coefficients b_i in their basis, noise variance σ² and ridge weight τ let κ solve

    τ = κ (1 − (1/n) Σ λ_i/(λ_i + κ)),    df2 = (1/n) Σ (λ_i/(λ_i + κ))²
    variance = σ² df2/(1 − df2),    bias = κ² Σ b_i² λ_i/(λ_i + κ)² / (1 − df2)

Isotropic and without ridge, γ = p/n: σ²γ/(1 − γ) below 1, σ²/(γ − 1) + (1 − 1/γ)‖b‖² above: a peak at p = n, and a second descent.
From data alone, with the Gram matrix K = J Jᵀ/n of the Jacobian J: 1/κ ≈ tr (K + τ)⁻¹/n and GCV = mean (τα)² / (τ tr (K + τ)⁻¹/n)², α = (K + τ)⁻¹y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from motifnet.tables import Matrix


@dataclass(frozen=True)
class Risk:
    """Effective ridge κ, df2, and the two parts of the expected excess risk."""

    kappa: float
    df2: float
    bias: float
    variance: float

    @property
    def total(self) -> float:
        return self.bias + self.variance


def predicted_risk(eigenvalues: Matrix, squares: Matrix, n: int, noise_variance: float, ridge: float) -> Risk:
    """The deterministic equivalent for `eigenvalues` and squared coefficients `squares`, both with shape (p,)."""
    kappa = effective_ridge(eigenvalues, n, ridge)
    shrunk = eigenvalues / (eigenvalues + kappa)
    df2 = float((shrunk**2).sum() / n)
    bias = float(kappa**2 * (squares * eigenvalues / (eigenvalues + kappa) ** 2).sum() / (1 - df2))
    return Risk(kappa, df2, bias, noise_variance * df2 / (1 - df2))


def effective_ridge(eigenvalues: Matrix, n: int, ridge: float) -> float:
    """κ; 0 where there is no ridge and p < n."""

    def excess(log_kappa: float) -> float:
        kappa = np.exp(log_kappa)
        return float(1 - (eigenvalues / (eigenvalues + kappa)).sum() / n - ridge / kappa)

    if ridge == 0 and np.count_nonzero(eigenvalues) < n:
        return 0.0
    low, high = np.log(max(ridge, 1e-12 * eigenvalues.max())), np.log(ridge + eigenvalues.sum() / n * 1.01)
    return float(np.exp(brentq(excess, low, high, xtol=1e-13, rtol=1e-13)))


def isotropic_risk(gamma: float, noise_variance: float, squared_norm: float) -> float:
    """The closed form without ridge at p/n = γ ≠ 1, features of variance 1."""
    if gamma < 1:
        return noise_variance * gamma / (1 - gamma)
    return noise_variance / (gamma - 1) + (1 - 1 / gamma) * squared_norm


@dataclass(frozen=True)
class Spectrum:
    """What the eigenvalues of the Fisher information say: effective ranks Σλ/λ₁ and (Σλ)²/Σλ², and eigenvalues above the Marchenko–Pastur edge."""

    rank: float
    rank2: float
    spikes: int


def spectrum(gram: Matrix, p: int) -> Spectrum:
    """The spectrum of K = J Jᵀ/n with shape (n, n) of p parameters; the bulk's edge is m (1 + √(n/p))², m from the median of a square-root law."""
    n = len(gram)
    values = np.clip(np.linalg.eigvalsh(gram)[::-1], 0, None)
    total = values.sum()
    bulk = values[values > 1e-10 * values[0]]
    level = float(np.median(bulk)) if len(bulk) else 0.0
    edge = level * (1 + np.sqrt(min(n, p) / max(n, p))) ** 2
    return Spectrum(float(total / values[0]), float(total**2 / (values**2).sum()), int((values > edge).sum()))
