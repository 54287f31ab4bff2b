"""The theory of the error of ridge regression when rows n and parameters p grow together.

With λ_i the eigenvalues of the population Fisher (Gauss–Newton) matrix, b_i the target's
coefficients in its basis, noise variance σ² and ridge τ, the deterministic equivalents are

    τ = κ (1 − (1/n) Σ λ_i/(λ_i + κ)),   df₂ = (1/n) Σ (λ_i/(λ_i + κ))²
    variance = σ² df₂/(1 − df₂),         bias = κ² Σ b_i² λ_i/(λ_i + κ)² / (1 − df₂)

for the excess error E (f̂ − f)². Without ridge and with all λ equal, with γ = p/n, it is

    σ² γ/(1−γ)  for γ < 1,       σ²/(γ−1) + (1 − 1/γ) ‖b‖²  for γ > 1

It is infinite at p = n and falls again beyond (Hastie, Montanari, Rosset, Tibshirani 2022). Nakada
and Imaizumi (2021) extend the bound to deep parallel networks and residual networks.

`population_risk` is this curve for a network linearised at its present parameters, where many rows
can be drawn: λ and b are those of the Jacobian on many rows. The part of the target outside of the
features acts on the fit as noise, and stays in its error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor

from motifnet.engine import Matrix, UsageError
from motifnet.landscape._risk import Risk


@dataclass(frozen=True)
class RidgeRisk:
    """Excess error in its two parts, and the effective ridge κ."""

    bias: float
    variance: float
    kappa: float

    @property
    def total(self) -> float:
        return self.bias + self.variance


def ridge_risk(
    values: Matrix, coefficients: Matrix, n: int, ridge: float, noise: float
) -> RidgeRisk:
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
    return (
        noise * ratio / (1 - ratio) if ratio < 1 else noise / (ratio - 1) + (1 - 1 / ratio) * signal
    )


def effective_ridge(values: Matrix, n: int, ridge: float) -> float:
    """κ; 0 without ridge where parameters do not exceed rows."""

    def excess(log_kappa: float) -> float:  # grows with κ
        kappa = math.exp(log_kappa)
        return 1 - float((values / (values + kappa)).sum()) / n - ridge / kappa

    high = math.log(ridge + float(values.sum()) / n) + 1e-9  # the excess is positive there
    low = high - 80.0
    return 0.0 if excess(low) >= 0 else math.exp(brentq(excess, low, high, xtol=1e-13))


def population_risk(risk: Risk, X: Tensor, target: Tensor, ridge: float, noise: float) -> RidgeRisk:
    """Expected excess error of the ridge fit to `risk.n` rows. X: rows that represent the
    population, with the noiseless target of one output.

    The part outside of the features is in the bias.
    """
    if len(X) < 2 * risk.p:
        raise UsageError(
            f"{len(X)} rows stand for the population of {risk.p} features; give at "
            f"least {2 * risk.p}."
        )
    J = risk.jacobian(X)[:, 0]
    missing = target.reshape(-1) - risk.outputs(risk.theta, X).reshape(-1)
    values, basis = torch.linalg.eigh(J.T @ J / len(X))
    live = values > 1e-14 * values[-1]
    values, basis = values[live], basis[:, live]
    b = (J @ basis).T @ missing / len(X) / values
    outside = max(float(missing.square().mean() - (b.square() * values).sum()), 0.0)
    inside = ridge_risk(np.asarray(values), np.asarray(b), risk.n, ridge, noise + outside)
    return RidgeRisk(inside.bias + outside, inside.variance, inside.kappa)
