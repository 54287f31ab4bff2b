"""The training risk around the parameters of any torch network: curvature, noise, how long descent stays, and what the rows determine.

Comes in: a torch module, rows, a loss. Goes out: small dataclasses with values and a sentence. Never knows about: estimators, reports.
Flatness is described, never recommended: it does not order networks by test error.
"""

from motifnet.landscape._audit import Audit, audit
from motifnet.landscape._curvature import Curvature, curvature, hessian_matrix
from motifnet.landscape._escape import Escape, escape
from motifnet.landscape._exit_time import exponent, log_exit_steps, rate_for
from motifnet.landscape._fisher_spectrum import FisherSpectrum, fisher_spectrum
from motifnet.landscape._gauss_newton import gauss_newton_diagonal
from motifnet.landscape._gaussian_sgd import Walk, gaussian_sgd, row_noise
from motifnet.landscape._information import Information, information
from motifnet.landscape._linearised import Linearised
from motifnet.landscape._linearised_softmax import LinearisedSoftmax
from motifnet.landscape._minimise import minimise
from motifnet.landscape._noise import GradientNoise, gradient_noise
from motifnet.landscape._parallel import ParallelNetwork, ResidualNetwork, divisibility
from motifnet.landscape._population import population_risk
from motifnet.landscape._ridge_risk import RidgeRisk, effective_ridge, isotropic_risk, ridge_risk
from motifnet.landscape._risk import Risk, risk_of
from motifnet.landscape._sharpness import MinimumSharpness, balanced, minimum_sharpness
from motifnet.landscape._size_curve import SizeCurve, SizePoint, drawn, size_curve
from motifnet.landscape._trace import Trace, hessian_trace
from motifnet.landscape._visited import Visited, visited

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
