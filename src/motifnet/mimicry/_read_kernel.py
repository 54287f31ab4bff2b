"""The kernel of a network: `kernel_network` read backwards.

    network = rest ∘ k(·, centres) ∘ front,        k(z, z') = Σ_c w_c φ_c(a_c ‖z − z'‖)

It is read from the network itself, so that it does not matter which library computed it. What comes before the kernel stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from motifnet.kernels import PROFILES, Kernel
from motifnet.motifs import Affine, Chain, Concat, Distance, Motif, Parallel, Product, Radial, SparseAffine, parts_of
from motifnet.tables import Matrix


@dataclass(frozen=True)
class KernelNetwork:
    """A network that is rest ∘ (k(·, c_i))_i ∘ front: the kernel with the weights that it has there, centres c with shape (m, d) behind the front."""

    front: Chain
    kernel: Kernel
    centres: Matrix
    rest: Chain

    @property
    def unit_kernel(self) -> Kernel:
        """The kernel with weights of sum 1."""
        return replace(self.kernel, weights=self.kernel.weights / self.kernel.at_zero)


@dataclass(frozen=True)
class Unit:
    """weight · φ(a ‖z − c‖): one profile of a kernel behind the layers `front`."""

    front: tuple[Motif, ...]
    centres: torch.Tensor
    profile: str
    rate: float
    weight: float

    def beside(self, other: Unit) -> bool:
        """Whether both are of the same kernel: behind the same front, at the same centres."""
        return _same(self.front, other.front) and torch.equal(self.centres, other.centres)


def read_kernel(network: Motif) -> KernelNetwork | None:
    """The kernel of a network; None where it begins with no kernel of distances, or with kernels at several centres or behind several maps."""
    parts = parts_of(network)
    for i, part in enumerate(parts):
        width = 2 if isinstance(part, (Distance, Concat)) else 1
        units = list(_units(parts[i : i + width]))
        if units:
            return _common(parts[:i], units, parts[i + width :])
    return None


def _common(before: Sequence[Motif], units: Sequence[Unit], after: Sequence[Motif]) -> KernelNetwork | None:
    first = units[0]
    if not all(unit.beside(first) and unit.weight > 0 and unit.profile in PROFILES for unit in units):
        return None
    kernel = Kernel(tuple(unit.profile for unit in units), np.array([unit.weight for unit in units]), np.array([unit.rate for unit in units]))
    return KernelNetwork(Chain([*before, *first.front]), kernel, first.centres.detach().numpy(), Chain(list(after)))


def _same(one: Sequence[Motif], other: Sequence[Motif]) -> bool:
    """Whether two fronts are the same layers with the same weights."""
    return len(one) == len(other) and all(
        type(a) is type(b) and all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
        for a, b in zip(one, other, strict=True)
    )


def _units(parts: Sequence[Motif], weight: float = 1.0) -> Iterator[Unit]:
    """The profiles of a layer that gives kernel values; none where it is another layer."""
    match list(parts):
        case [*front, Distance() as distance, Radial() as radial]:
            for name, w, a in zip(radial.profiles, radial.weights.tolist(), radial.rates.tolist(), strict=True):
                yield Unit(tuple(front), distance.centres, f"laplace{distance.p}" if name == "laplace" else name, a, weight * w)
        case [Concat() as pair, Product()]:
            yield from _scaled(pair, weight)
        case [Parallel() as terms] if terms.weights.ndim == 1:
            found = [list(_units(parts_of(branch), weight * w)) for w, branch in zip(terms.weights.tolist(), terms.branches, strict=True)]
            if all(units or _constant(branch) == 0 for units, branch in zip(found, terms.branches, strict=True)):
                yield from (unit for units in found for unit in units)


def _scaled(pair: Concat, weight: float) -> Iterator[Unit]:
    """The profiles of a kernel times a constant."""
    constants = [_constant(branch) for branch in pair.branches]
    others = [branch for branch, value in zip(pair.branches, constants, strict=True) if value is None]
    if len(others) == 1:
        yield from _units(parts_of(others[0]), weight * float(np.prod([value for value in constants if value is not None])))


def _constant(part: Motif) -> float | None:
    """The value of a layer that is one number everywhere."""
    match parts_of(part):
        case [Affine() as layer] if not layer.weight.any() and bool((layer.bias == layer.bias[0]).all()):
            return float(layer.bias[0].detach())
    return None


def keeps_columns(front: Motif) -> bool:
    """Whether a front gives each column by itself, in another unit."""
    return all(_by_columns(part) for part in parts_of(front))


def _by_columns(part: Motif) -> bool:
    if isinstance(part, SparseAffine):
        return part.index.shape[1] == 1 and bool((part.index[:, 0] == torch.arange(len(part.index))).all())
    return (
        isinstance(part, Affine) and part.weight.shape[0] == part.weight.shape[1] and bool((part.weight == torch.diag(part.weight.diagonal())).all())
    )


def in_front(front: Motif, X: Matrix) -> Matrix:
    """Rows behind a front, in float64."""
    with torch.no_grad():
        return front(torch.as_tensor(X)).numpy()
