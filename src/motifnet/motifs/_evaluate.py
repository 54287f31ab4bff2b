"""A network's values without gradients: kernel parts are computed some rows at a time, in place, up to the rounding of another order of sums.

    b + Σ_i β_i Σ_c w_c φ_c(a_c ‖x − x_i‖)  =  b + Σ_c (φ_c(a_c D) w_c) β,      D the distances of few rows, which stay in the cache

Euclidean distances are a matrix product (`Products`), small trees are looked up by bits (`BitTrees`).
The modules one after the other hold a matrix of rows × centres for every operation, which takes three to five times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from motifnet.kernels import radial_at
from motifnet.motifs._affine import Affine
from motifnet.motifs._base import Motif
from motifnet.motifs._bit_trees import bits_of
from motifnet.motifs._distance import Distance
from motifnet.motifs._products import Products
from motifnet.motifs._radial import Radial
from motifnet.motifs._structure import Chain, Parallel, Precise
from motifnet.motifs._tree import TreeEnsemble

_CACHED, _LEAST = 1 << 16, 16  # distances held at a time, and rows at least

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
    if isinstance(network, TreeEnsemble) and network.threshold.dtype == x.dtype == torch.float64 and (bits := bits_of(network)):
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
    """The kernel units that an affine layer follows, if a chain begins with them, and what comes after its first layer."""
    one = torch.ones((), dtype=torch.float64)
    match parts:
        case [Distance() as distance, Radial() as radial, Affine(), *_]:
            return [(one, (), distance, radial)], parts[2:]
        case [first, Affine(), *_]:
            return list(_units(first, one)), parts[1:]
    return [], parts[1:]


def _units(part: Motif, weight: Tensor) -> Iterator[Branch]:
    """The branches of a layer of kernel units, (layers,) distances, radial profiles; none where it is another layer."""
    if isinstance(part, Parallel) and part.weights.ndim == 1:
        found = [list(_units(branch, w)) for w, branch in zip(part.weights, part.branches, strict=True)]
        if all(found):
            yield from (unit for units in found for unit in units)
    elif isinstance(part, Chain) and len(part.parts) > 1:
        *front, distance, radial = part.parts
        if isinstance(distance, Distance) and isinstance(radial, Radial):
            yield weight, front, distance, radial


def _kernel(units: list[Branch], output: Motif, x: Tensor) -> Tensor:
    """Kernel units and the affine layer that follows."""
    assert isinstance(output, Affine)
    beta, seen = output.weight.T.contiguous(), list[tuple[Tensor, Callable[[Tensor], Tensor], list[tuple[str, Tensor, Tensor]]]]()
    for weight, front, distance, radial in units:
        z = x
        for part in front:
            z = evaluate(part, z)
        profiles = [(name, a, beta * (weight * w)) for w, a, name in zip(radial.weights, radial.rates, radial.profiles, strict=True)]
        exact_enough = distance.p == 2 and x.dtype == torch.float64
        seen.append((z, Products(distance.centres) if exact_enough else distance, profiles))
    rows = max(_LEAST, _CACHED // max(1, len(beta)))
    y = output.bias.expand(len(x), -1).clone()
    for start in range(0, len(x), rows):
        block = y[start : start + rows]
        for z, distances, profiles in seen:
            t = distances(z[start : start + rows])
            for name, a, b in profiles:
                block.addmm_(radial_at(name, a, t), b)
    return y
