"""The pipeline in one page, behind scikit-learn's interface.

Comes in: tables. Goes out: fitted models. Never holds: mathematics.
"""

from motifnet.estimators._classifier import MotifClassifier
from motifnet.estimators._load import load
from motifnet.estimators._mimic import mimic
from motifnet.estimators._network import Network
from motifnet.estimators._regressor import MotifRegressor

__all__ = ["MotifClassifier", "MotifRegressor", "Network", "load", "mimic"]
