"""Scikit-learn's interface to the pipeline, and networks of other libraries' models.

In: tables, fitted estimators. Out: fitted models, networks. Never knows about: the mathematics, the
command line.
"""

from motifnet.estimators._black_box import imitate
from motifnet.estimators._classifier import MotifClassifier
from motifnet.estimators._load import load
from motifnet.estimators._mimic import mimic
from motifnet.estimators._network import Network
from motifnet.estimators._regressor import MotifRegressor

__all__ = ["MotifClassifier", "MotifRegressor", "Network", "imitate", "load", "mimic"]
