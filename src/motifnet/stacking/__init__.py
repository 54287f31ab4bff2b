"""Non-negative weights on out-of-fold predictions: several teachers become one parallel network.

Comes in: out-of-fold predictions. Goes out: weights, and the out-of-fold score of the weighted
predictions. Never knows about: the models that predict.
"""

from motifnet.stacking._logistic import LogisticStack, expansion, fit_logistic_stack
from motifnet.stacking._regression import (
    LossStack,
    NnlsStack,
    explained_deviance,
    fit_loss_stack,
    fit_nnls_stack,
    mean_loss,
    smearing,
)
from motifnet.stacking._scores import (
    SMALLEST,
    ReliabilityCurve,
    Score,
    calibration,
    class_scores,
    log_loss,
    mean_squared,
    paired_difference,
    predicted,
    regression_scores,
    reliability_curve,
)

__all__ = [
    "SMALLEST",
    "LogisticStack",
    "LossStack",
    "NnlsStack",
    "ReliabilityCurve",
    "Score",
    "calibration",
    "class_scores",
    "expansion",
    "explained_deviance",
    "fit_logistic_stack",
    "fit_loss_stack",
    "fit_nnls_stack",
    "log_loss",
    "mean_loss",
    "mean_squared",
    "paired_difference",
    "predicted",
    "regression_scores",
    "reliability_curve",
    "smearing",
]
