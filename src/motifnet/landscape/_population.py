"""The theory curve of a network that is linear at its present parameters, for inputs of which many rows can be drawn.

The eigenvalues λ and coefficients b of `ridge_risk` are those of the Jacobian on many rows. The part of the target that lies outside of the
features acts on the fit as noise, and stays in its error.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.landscape._ridge_risk import RidgeRisk, ridge_risk
from motifnet.landscape._risk import Risk


def population_risk(risk: Risk, X: Tensor, target: Tensor, ridge: float, noise: float) -> RidgeRisk:
    """Expected excess error of the ridge fit to `risk.n` rows; X: rows that stand for the population, with the noiseless target of one output.

    The part outside of the features is in the bias.
    """
    if len(X) < 2 * risk.p:
        raise UsageError(f"{len(X)} rows stand for the population of {risk.p} features; give at least {2 * risk.p}.")
    J = risk.jacobian(X)[:, 0]
    missing = target.reshape(-1) - risk.outputs(risk.theta, X).reshape(-1)
    values, basis = torch.linalg.eigh(J.T @ J / len(X))
    live = values > 1e-14 * values[-1]
    values, basis = values[live], basis[:, live]
    b = (J @ basis).T @ missing / len(X) / values
    outside = max(float(missing.square().mean() - (b.square() * values).sum()), 0.0)
    inside = ridge_risk(np.asarray(values), np.asarray(b), risk.n, ridge, noise + outside)
    return RidgeRisk(inside.bias + outside, inside.variance, inside.kappa)
