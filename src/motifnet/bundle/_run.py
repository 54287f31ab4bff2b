"""The one path from encoded rows to predictions.

Rows go through the network in blocks of 1,024 in order, each block by one thread, so that a prediction depends neither on the number of jobs nor on
whether the network was fitted in this process or loaded.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.engine import parallel_map
from motifnet.motifs import Affine, Motif, evaluate

Matrix = NDArray[np.float64]
BLOCK = 1024
ROUNDED = 256


def run(network: Motif, X: Matrix, width: int, n_jobs: int = 1) -> Matrix:
    """Output of a network, with shape (n, width), at encoded rows X with shape (n, d)."""

    def block(start: int) -> Matrix:
        rows = torch.tensor(X[start : start + BLOCK], dtype=torch.float64)  # a copy, aligned alike in every process
        return evaluate(network, rows).numpy()

    blocks = parallel_map(block, range(0, len(X), BLOCK), n_jobs)
    return np.concatenate(blocks) if blocks else np.empty((0, width))


@torch.inference_mode()
def own_rounding(network: Motif, X: Matrix) -> float:
    """The largest difference between orders of its sums, layer by layer, some rows at a time, and from the last term on, at some encoded rows."""
    rows = torch.tensor(X[:ROUNDED], dtype=torch.float64)
    values = network(rows)
    hooks = [part.register_forward_hook(_backwards) for part in network.modules() if isinstance(part, Affine)]
    backwards = network(rows)
    for hook in hooks:
        hook.remove()
    difference = torch.stack([(other - values).abs() for other in (backwards, evaluate(network, rows))])
    return float(difference[torch.isfinite(difference)].max()) if bool(torch.isfinite(difference).any()) else 0.0


def _backwards(layer: Affine, inputs: tuple[Tensor], output: Tensor) -> Tensor:
    return torch.nn.functional.linear(inputs[0].flip(1), layer.weight.flip(1), layer.bias)


def one_layout(network: Motif) -> None:
    """Store every tensor row by row in memory of its own, aligned alike in every process: else products differ in their last bits."""
    for tensor in (*network.parameters(), *network.buffers()):
        tensor.data = tensor.data.clone(memory_format=torch.contiguous_format)
