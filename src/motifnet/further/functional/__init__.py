"""Curves as inputs of estimators.

Comes in: curves as an array with shape (n, T) and a grid, as columns of a data frame, or as an
`FDataGrid` of scikit-fda. Goes out: fitted estimators, confidence bands, profiles. Never knows
about: tables of other kinds, files.
"""

from motifnet.further.functional._band import ActiveDomain
from motifnet.further.functional._classifier import FunctionalClassifier
from motifnet.further.functional._curves import Curves, read_curves
from motifnet.further.functional._designs import (
    bayes_error_of_classes,
    make_curve_classes,
    make_curve_regression,
)
from motifnet.further.functional._linear import FunctionalLinearRegressor
from motifnet.further.functional._motif_classifier import FunctionalMotifClassifier
from motifnet.further.functional._motif_regressor import FunctionalMotifRegressor
from motifnet.further.functional._saved import load
from motifnet.further.functional._separability import SeparabilityProfile, separability_profile

__all__ = [
    "ActiveDomain",
    "Curves",
    "FunctionalClassifier",
    "FunctionalLinearRegressor",
    "FunctionalMotifClassifier",
    "FunctionalMotifRegressor",
    "SeparabilityProfile",
    "bayes_error_of_classes",
    "load",
    "make_curve_classes",
    "make_curve_regression",
    "read_curves",
    "separability_profile",
]
