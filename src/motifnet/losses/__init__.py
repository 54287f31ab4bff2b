"""Convex losses of a score, for objectives other than squared error.

Comes in: targets and scores, as numpy arrays. Goes out: values, gradients and Hessians, row by row.
Never knows about: tables, networks, how a score is computed.
"""

from motifnet.losses._loss import OBJECTIVES, Gamma, Loss, Objective, Pinball, Poisson

__all__ = ["OBJECTIVES", "Gamma", "Loss", "Objective", "Pinball", "Poisson"]
