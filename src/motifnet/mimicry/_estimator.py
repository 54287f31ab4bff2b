"""An estimator that is a teacher: its network, and behind it the coding of the target (see `teachers._estimator`)."""

from __future__ import annotations

import numpy as np
import torch

from motifnet.mimicry._affine import affine
from motifnet.mimicry._base import transfer
from motifnet.mimicry.fitted import method_of
from motifnet.motifs import Chain, Clip, Log, Motif
from motifnet.teachers import SMALLEST, Coding, FittedEstimator


@transfer.register
def _(fitted: FittedEstimator) -> Motif:
    return coded_network(fitted.estimator, fitted.coding)


def coded_network(estimator: object, coding: Coding) -> Motif:
    """The network of a fitted estimator with outputs in the coding of the target, scores with shape (n, q)."""
    network = transfer(estimator)
    if not coding.classes:
        return Chain([network, affine(np.diag(1 / coding.sd), -coding.mean / coding.sd)])
    K, method = coding.classes, method_of(estimator)
    if method == "decision_function":
        return network
    difference = [affine(np.array([[-1.0], [1.0]]))] if K == 2 else []
    if method == "predict":
        return Chain([network, *difference])
    least, most = (torch.full((K,), bound, dtype=torch.float64) for bound in (SMALLEST, torch.inf))
    return Chain([network, Clip(least, most), Log(), *difference])
