"""Non-negative weights on honest out-of-fold predictions: several teachers become one parallel network.

Comes in: out-of-fold predictions. Goes out: weights, and the honest score of using them. Never knows about: how the predictions were made.
"""

from motifnet.stacking._logistic import LogisticStack, expansion, fit_logistic_stack
from motifnet.stacking._loss import LossStack, explained, fit_loss_stack, mean_loss
from motifnet.stacking._nnls import NnlsStack, fit_nnls_stack
from motifnet.stacking._reliability import ReliabilityCurve, calibration, reliability_curve
from motifnet.stacking._scores import SMALLEST, log_loss, mean_squared, paired_difference, predicted
from motifnet.stacking._smearing import smearing

__all__ = [
    "SMALLEST",
    "LogisticStack",
    "LossStack",
    "NnlsStack",
    "ReliabilityCurve",
    "calibration",
    "expansion",
    "explained",
    "fit_logistic_stack",
    "fit_loss_stack",
    "fit_nnls_stack",
    "log_loss",
    "mean_loss",
    "mean_squared",
    "paired_difference",
    "predicted",
    "reliability_curve",
    "smearing",
]
