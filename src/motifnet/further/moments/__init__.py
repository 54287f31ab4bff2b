"""Structural functions f with E[m(y, f(X)) | Z] = 0.

Comes in: arrays or data frames X, Z and a target y. Goes out: estimators with predictions, bands,
tests and words on the strength of the instruments. Never knows about: training, files, the command
line. Networks come in as fitted estimators of the library.
"""

from motifnet.further.moments._identification import Identification
from motifnet.further.moments._inference import OverIdentification
from motifnet.further.moments._kernel_iv import KernelIV
from motifnet.further.moments._ratio import DensityRatio
from motifnet.further.moments._regressor import ConditionalMomentRegressor
from motifnet.further.moments._two_stage import SieveTSLS

__all__ = [
    "ConditionalMomentRegressor",
    "DensityRatio",
    "Identification",
    "KernelIV",
    "OverIdentification",
    "SieveTSLS",
]
