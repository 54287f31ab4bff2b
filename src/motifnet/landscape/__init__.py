"""The training risk around the parameters of any torch network: curvature, noise, exit times of
descent, and the number of parameters that the rows determine.

Comes in: a torch module, rows, a loss. Goes out: small dataclasses with values and a sentence.
Never knows about: estimators, reports. It describes flatness and never recommends it: flatness does
not order networks by test error.
"""

from motifnet.landscape._audit import Audit, audit
from motifnet.landscape._escape import Escape, escape, exponent, log_exit_steps, rate_for
from motifnet.landscape._fisher import (
    FisherSpectrum,
    GradientNoise,
    Information,
    fisher_spectrum,
    gradient_noise,
    information,
)
from motifnet.landscape._gauss_newton import factor, gauss_newton_diagonal, minimise
from motifnet.landscape._gaussian_sgd import Visited, Walk, gaussian_sgd, row_noise, visited
from motifnet.landscape._hessian import Curvature, Trace, curvature, hessian_matrix, hessian_trace
from motifnet.landscape._linearised import Linearised, LinearisedSoftmax
from motifnet.landscape._ridge_risk import (
    RidgeRisk,
    effective_ridge,
    isotropic_risk,
    population_risk,
    ridge_risk,
)
from motifnet.landscape._risk import Risk, risk_of
from motifnet.landscape._sharpness import MinimumSharpness, balanced, minimum_sharpness
from motifnet.landscape._size_curve import (
    ParallelNetwork,
    ResidualNetwork,
    SizeCurve,
    SizePoint,
    divisibility,
    drawn,
    size_curve,
)

__all__ = [
    "Audit",
    "Curvature",
    "Escape",
    "FisherSpectrum",
    "GradientNoise",
    "Information",
    "Linearised",
    "LinearisedSoftmax",
    "MinimumSharpness",
    "ParallelNetwork",
    "ResidualNetwork",
    "RidgeRisk",
    "Risk",
    "SizeCurve",
    "SizePoint",
    "Trace",
    "Visited",
    "Walk",
    "audit",
    "balanced",
    "curvature",
    "divisibility",
    "drawn",
    "effective_ridge",
    "escape",
    "exponent",
    "factor",
    "fisher_spectrum",
    "gauss_newton_diagonal",
    "gaussian_sgd",
    "gradient_noise",
    "hessian_matrix",
    "hessian_trace",
    "information",
    "isotropic_risk",
    "log_exit_steps",
    "minimise",
    "minimum_sharpness",
    "population_risk",
    "rate_for",
    "ridge_risk",
    "risk_of",
    "row_noise",
    "size_curve",
    "visited",
]
