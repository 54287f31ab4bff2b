"""Curves as inputs: `from motifnet.functional import ...`."""

from motifnet.further.functional import (
    ActiveDomain,
    Curves,
    FunctionalClassifier,
    FunctionalLinearRegressor,
    FunctionalMotifClassifier,
    FunctionalMotifRegressor,
    SeparabilityProfile,
    load,
    make_curve_classes,
    make_curve_regression,
    read_curves,
    separability_profile,
)

__all__ = [
    "ActiveDomain",
    "Curves",
    "FunctionalClassifier",
    "FunctionalLinearRegressor",
    "FunctionalMotifClassifier",
    "FunctionalMotifRegressor",
    "SeparabilityProfile",
    "load",
    "make_curve_classes",
    "make_curve_regression",
    "read_curves",
    "separability_profile",
]
