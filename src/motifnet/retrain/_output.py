"""The last affine layer of a network and what it sees:  network(x) = b + h(x) β."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from motifnet.engine import UsageError
from motifnet.motifs import Affine, Motif, parts_of
from motifnet.tables import Matrix


def features(network: Motif, X: Matrix) -> Tensor:
    """h(X) with shape (n, m), in float64."""
    _last(network)
    parts = parts_of(network)[:-1]
    dtype = next((t.dtype for t in network.state_dict().values() if t.is_floating_point()), torch.float64)
    blocks = []
    with torch.no_grad():
        for block in torch.split(torch.as_tensor(X, dtype=dtype), 1024):
            for part in parts:
                block = part(block)
            blocks.append(block.double())
    return torch.cat(blocks)


def coefficients(network: Motif) -> tuple[Tensor, Tensor]:
    """β with shape (m, q) and b with shape (q,), in float64."""
    last = _last(network)
    return last.weight.detach().double().T, last.bias.detach().double()


def with_output(network: Motif, beta: Tensor, b: Tensor) -> Motif:
    """A copy of the network with β of shape (m, q) and b of shape (q,) in its last layer."""
    changed = copy.deepcopy(network)
    last = _last(changed)
    with torch.no_grad():
        last.weight.copy_(beta.T)
        last.bias.copy_(b)
    return changed


def ends_affine(network: nn.Module) -> bool:
    """Whether the last thing that the network computes, chains opened, is an affine map."""
    return isinstance(parts_of(network)[-1], Affine)


def _last(network: nn.Module) -> Affine:
    last = parts_of(network)[-1]
    if not isinstance(last, Affine):
        raise UsageError(f"The last layer of {type(network).__name__} cannot be refitted; give a Chain whose last part is Affine.")
    return last
