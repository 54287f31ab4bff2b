"""What theory says of the error of ridge regression when rows n and parameters p grow together: deterministic equivalents.

With λ_i the eigenvalues of the population Fisher (Gauss–Newton) matrix, b_i the target's coefficients in its basis, noise variance σ² and ridge τ,

    τ = κ (1 − (1/n) Σ λ_i/(λ_i + κ)),   df₂ = (1/n) Σ (λ_i/(λ_i + κ))²
    variance = σ² df₂/(1 − df₂),         bias = κ² Σ b_i² λ_i/(λ_i + κ)² / (1 − df₂)

for the excess error E (f̂ − f)². Without ridge and with all λ equal: σ² γ/(1−γ) for γ = p/n < 1, and σ²/(γ−1) + (1 − 1/γ) ‖b‖² for γ > 1: infinite at
p = n, falling again beyond. Hastie, Montanari, Rosset, Tibshirani (2022); Nakada and Imaizumi (2021) carry the bound to deep parallel networks and
residual networks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class RidgeRisk:
    """Excess error in its two parts, and the effective ridge κ."""

    bias: float
    variance: float
    kappa: float

    @property
    def total(self) -> float:
        return self.bias + self.variance


def ridge_risk(values: Vector, coefficients: Vector, n: int, ridge: float, noise: float) -> RidgeRisk:
    """The risk for eigenvalues λ and coefficients b, both with shape (p,); noise is σ²."""
    kappa = effective_ridge(values, n, ridge)
    if kappa == 0 and np.count_nonzero(values) >= n:
        return RidgeRisk(math.inf, math.inf, kappa)
    live = values > 0
    shares = values[live] / (values[live] + kappa)
    df2 = float((shares**2).sum()) / n
    bias = kappa**2 * float((coefficients[live] ** 2 * shares**2 / values[live]).sum())
    return RidgeRisk(bias / (1 - df2), noise * df2 / (1 - df2), kappa)


def isotropic_risk(ratio: float, noise: float, signal: float) -> float:
    """The closed form without ridge for λ = 1: ratio is γ = p/n, signal ‖b‖²."""
    if ratio == 1:
        return math.inf
    return noise * ratio / (1 - ratio) if ratio < 1 else noise / (ratio - 1) + (1 - 1 / ratio) * signal


def effective_ridge(values: Vector, n: int, ridge: float) -> float:
    """κ; 0 without ridge where there are no more parameters than rows."""

    def excess(log_kappa: float) -> float:  # grows with κ
        kappa = math.exp(log_kappa)
        return 1 - float((values / (values + kappa)).sum()) / n - ridge / kappa

    high = math.log(ridge + float(values.sum()) / n) + 1e-9  # there the excess is positive
    low = high - 80.0
    return 0.0 if excess(low) >= 0 else math.exp(brentq(excess, low, high, xtol=1e-13))
