"""The transfer of cross-tuned models: hinges → linear map → distances → profiles → affine, one chain a fold, in parallel with equal weights."""

from __future__ import annotations

import numpy as np
import torch

from motifnet.mimicry import kernel_network, transfer
from motifnet.motifs import Hinge, Motif, Parallel
from motifnet.retrain._cross_tune import CrossTuned, TunedModel


@transfer.register
def _tuned(model: TunedModel) -> Motif:
    inner = model.inner
    R = None if inner.map is None else np.eye(len(inner.map)) + inner.map
    hinge = Hinge(torch.as_tensor(inner.knots), torch.as_tensor(inner.slopes))
    return kernel_network(inner.kernel, model.centres, model.dual, model.intercept, hinge, R, label="trained kernel")


@transfer.register
def _cross_tuned(fitted: CrossTuned) -> Motif:
    count = len(fitted.models)
    return Parallel(torch.full((count,), 1 / count, dtype=torch.float64), [transfer(model) for model in fitted.models])
