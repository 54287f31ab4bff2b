"""The transfer of cross-tuned models: hinges → residual trunk → linear map → distances → profiles → affine.

One chain a fold, in parallel with equal weights.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from motifnet.mimicry import KernelNetwork, kernel_network, transfer
from motifnet.motifs import Affine, Chain, Hinge, Motif, Parallel, ReLU, Residual
from motifnet.retrain._cross_tune import CrossTuned, TunedModel
from motifnet.retrain._inner_layers import Block, InnerLayers


@transfer.register
def _tuned(model: TunedModel) -> Motif:
    inner = model.inner
    R = None if inner.map is None else np.eye(len(inner.map)) + inner.map
    front = [Hinge(torch.as_tensor(inner.knots), torch.as_tensor(inner.slopes)), *map(_residual, inner.trunk)]
    return kernel_network(inner.kernel, model.centres, model.dual, model.intercept, front, R, label="trained kernel")


def insert_layers(network: KernelNetwork, inner: InnerLayers) -> Motif:
    """The network with inner layers before its kernel, whose centres move with them: the same function where the layers are as training starts."""
    R = None if inner.map is None else np.eye(len(inner.map)) + inner.map
    kernel = replace(inner.kernel, weights=inner.kernel.weights * network.kernel.at_zero)
    front = [network.front, Hinge(torch.as_tensor(inner.knots), torch.as_tensor(inner.slopes)), *map(_residual, inner.trunk)]
    whole = kernel_network(kernel, inner.warp_numpy(network.centres), np.eye(1), np.zeros(1), front, R)
    assert isinstance(whole, Chain)
    return Chain([*whole.parts[:-1], network.rest], label="transferred network with inner layers")


def _residual(block: Block) -> Motif:
    W1, b, W2 = (torch.as_tensor(part) for part in (block.inward, block.bias, block.outward))
    return Residual(Chain([Affine(W1.T.contiguous(), b), ReLU(), Affine(W2.T.contiguous(), torch.zeros(len(W2.T), dtype=W2.dtype))]))


@transfer.register
def _cross_tuned(fitted: CrossTuned) -> Motif:
    count = len(fitted.models)
    return Parallel(torch.full((count,), 1 / count, dtype=torch.float64), [transfer(model) for model in fitted.models])
