"""The metric of a network: the points z(x) at which its kernel units take distances, behind all that training put in front (knots, maps, blocks).

Two rows are alike to the network where these points are near each other. Each layer of distances counts alike, and the rows themselves as one more,
so that nothing is overlooked that the network has learned to overlook: points are divided by their root mean square distance from their mean.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from motifnet.motifs._base import Motif
from motifnet.motifs._distance import Distance
from motifnet.motifs._evaluate import evaluate
from motifnet.motifs._structure import Chain, Parallel, Precise


@torch.inference_mode()
def metric_points(network: Motif, x: Tensor) -> Tensor:
    """The points with shape (n, r), in units of these rows x with shape (n, d)."""
    blocks = [x]
    for z in _before_distances(network, x):
        if not any(z.shape == known.shape and torch.equal(z, known) for known in blocks):
            blocks.append(z)
    return torch.cat([_scaled(z) for z in blocks], dim=1)


def _before_distances(motif: Motif, x: Tensor) -> Iterator[Tensor]:
    if isinstance(motif, Distance):
        yield x
    elif isinstance(motif, Precise):
        yield from _before_distances(motif.body, x.double())
    elif isinstance(motif, Parallel):
        for branch in motif.branches:
            yield from _before_distances(branch, x)
    elif isinstance(motif, Chain) and any(isinstance(part, Distance) for part in motif.modules()):
        for part in motif.parts:
            found = list(_before_distances(part, x))
            yield from found
            if found:
                return
            x = evaluate(part, x)


def _scaled(z: Tensor) -> Tensor:
    centred = z.double() - z.double().mean(0)
    size = centred.square().sum(1).mean().sqrt()
    return centred / size if size > 0 else centred
