"""Convex losses of a score: what a fit minimises where squared error is not what the user asks for.

Comes in: targets and scores, in numpy. Goes out: values, slopes and curvatures, row by row. Never knows about: tables, networks, how a score is made.
"""

from motifnet.losses._base import Loss
from motifnet.losses._likelihood import Gamma, Poisson
from motifnet.losses._objective import OBJECTIVES, Objective
from motifnet.losses._pinball import Pinball

__all__ = ["OBJECTIVES", "Gamma", "Loss", "Objective", "Pinball", "Poisson"]
