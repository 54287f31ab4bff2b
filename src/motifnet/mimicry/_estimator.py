"""An estimator that is a teacher: its network, and behind it the coding of the target (see `teachers._estimator`)."""

from __future__ import annotations

import numpy as np
import torch

from motifnet.mimicry._affine import affine
from motifnet.mimicry._base import transfer
from motifnet.mimicry.fitted import method_of, network_of
from motifnet.motifs import Chain, Clip, Log, Motif
from motifnet.teachers import SMALLEST, Coding, FittedEstimator


@transfer.register
def _(fitted: FittedEstimator) -> Motif:
    return coded_network(fitted.estimator, fitted.coding)


def coded_network(estimator: object, coding: Coding) -> Motif:
    """The network of a fitted estimator with outputs in the coding of the target, scores with shape (n, q)."""
    network = network_of(estimator)
    if not coding.classes:
        return Chain([network, affine(np.diag(1 / coding.sd), -coding.mean / coding.sd)])
    if method_of(estimator) != "predict_proba":
        return network
    K = coding.classes
    logs: list[Motif] = [network, Clip(torch.full((K,), SMALLEST, dtype=torch.float64), torch.full((K,), torch.inf, dtype=torch.float64)), Log()]
    return Chain([*logs, affine(np.array([[-1.0], [1.0]]))] if K == 2 else logs)
