"""A network's values without gradients, and the metric in which it compares rows.

`evaluate` computes kernel parts in blocks of rows, in place. The order of its sums differs, hence
the rounding:

    b + Σ_i β_i Σ_c w_c φ_c(a_c ‖x − x_i‖)  =  b + Σ_c (φ_c(a_c D) w_c) β

with D the distances of few rows, which stay in the cache. Euclidean distances are a matrix product
(`Products`), and small trees are looked up by bits (`BitTrees`). The modules themselves hold a
matrix of rows × centres for every operation, which takes three to five times as long.

`metric_points` gives the points z(x) at which kernel units take distances, after the layers before
them (knots, maps, blocks). Two rows are alike to the network where these points are near each
other. Each layer of distances has the same weight. The rows themselves are one more layer, so that
columns count that the network ignores. Points are divided by their root mean square distance from
their mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from motifnet.kernels import radial_at
from motifnet.motifs._affine import Affine, Motif
from motifnet.motifs._containers import Chain, Parallel, Precise
from motifnet.motifs._distances import Distance, Products, Radial
from motifnet.motifs._trees import TreeEnsemble, bits_of

_CACHED, _MIN_ROWS = 1 << 16, 16  # distances held at a time, and rows

Branch = tuple[Tensor, Sequence[Motif], Distance, Radial]


@torch.inference_mode()
def evaluate(network: nn.Module, x: Tensor) -> Tensor:
    """network(x) with shape (n, q), to 1e-12 of the sum of its terms."""
    if isinstance(network, Precise):
        return evaluate(network.body, x.double()).to(x.dtype)
    if isinstance(network, Parallel):
        total = network.weights[0] * evaluate(network.branches[0], x)
        for weight, branch in zip(network.weights[1:], network.branches[1:], strict=True):
            total += weight * evaluate(branch, x)
        return total
    if (
        isinstance(network, TreeEnsemble)
        and network.threshold.dtype == x.dtype == torch.float64
        and (bits := bits_of(network))
    ):
        return bits(x, network)
    if not isinstance(network, Chain):
        return network(x)
    parts = list(network.parts)
    while parts:
        units, rest = _first_units(parts)
        x = _kernel(units, rest.pop(0), x) if units else evaluate(parts[0], x)
        parts = rest
    return x


def _first_units(parts: list[Motif]) -> tuple[list[Branch], list[Motif]]:
    """The kernel units at the start of a chain, if an affine layer comes after them, and the parts
    after its first layer.
    """
    one = torch.ones((), dtype=torch.float64)
    match parts:
        case [Distance() as distance, Radial() as radial, Affine(), *_]:
            return [(one, (), distance, radial)], parts[2:]
        case [first, Affine(), *_]:
            return list(_units(first, one)), parts[1:]
    return [], parts[1:]


def _units(part: Motif, weight: Tensor) -> Iterator[Branch]:
    """The branches of a layer of kernel units: (layers,) distances, radial profiles. None for any
    other layer.
    """
    if isinstance(part, Parallel) and part.weights.ndim == 1:
        found = [
            list(_units(branch, w)) for w, branch in zip(part.weights, part.branches, strict=True)
        ]
        if all(found):
            yield from (unit for units in found for unit in units)
    elif isinstance(part, Chain) and len(part.parts) > 1:
        *before, distance, radial = part.parts
        if isinstance(distance, Distance) and isinstance(radial, Radial):
            yield weight, before, distance, radial


def _kernel(units: list[Branch], output: Motif, x: Tensor) -> Tensor:
    """Kernel units and the affine layer after them."""
    assert isinstance(output, Affine)
    beta = output.weight.T.contiguous()
    seen = list[tuple[Tensor, Callable[[Tensor], Tensor], list[tuple[str, Tensor, Tensor]]]]()
    for weight, before, distance, radial in units:
        z = x
        for part in before:
            z = evaluate(part, z)
        profiles = [
            (name, a, beta * (weight * w))
            for w, a, name in zip(radial.weights, radial.rates, radial.profiles, strict=True)
        ]
        exact_enough = distance.p == 2 and x.dtype == torch.float64
        seen.append((z, Products(distance.centres) if exact_enough else distance, profiles))
    rows = max(_MIN_ROWS, _CACHED // max(1, len(beta)))
    y = output.bias.expand(len(x), -1).clone()
    for start in range(0, len(x), rows):
        block = y[start : start + rows]
        for z, distances, profiles in seen:
            t = distances(z[start : start + rows])
            for name, a, b in profiles:
                block.addmm_(radial_at(name, a, t), b)
    return y


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
