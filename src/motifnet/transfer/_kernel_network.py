"""Kernel machines as networks, written by calculation and read back.

    f(x) = b + Σ_i α_i Σ_c w_c φ_c(a_c ‖x − x_i‖)
         = affine ∘ radial profiles ∘ distances to the centres x_i

Profiles of the Euclidean norm share one layer of distances; those of ‖·‖₁ have another, in
parallel. Trained networks begin with a hinge layer and a residual trunk, and have a linear map R
before the Euclidean distances. In a support vector machine the centres are support vectors.

`read_kernel` inverts `kernel_network`:

    network = rest ∘ k(·, centres) ∘ front,        k(z, z') = Σ_c w_c φ_c(a_c ‖z − z'‖)

It reads the kernel from the network, whichever library fitted it. The layers before the kernel stay
as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Matrix
from motifnet.kernels import PROFILES, Kernel
from motifnet.motifs import (
    Affine,
    Chain,
    Concat,
    Distance,
    Motif,
    Parallel,
    Precise,
    Product,
    Radial,
    SparseAffine,
    parts_of,
)
from motifnet.teachers import FittedKernel, FittedSupportVectors
from motifnet.transfer._transfer import tensor, transfer

_NAMES = {"laplace1": "laplace", "laplace2": "laplace"}
_ROUNDING = 6e-8  # of float32
_MAX_ROUNDING = 5e-5  # of a sum of kernel values


@transfer.register
def _kernel_ridge(fitted: FittedKernel) -> Motif:
    network = kernel_network(
        fitted.kernel, fitted.centres, fitted.dual, fitted.intercept, label="kernel ridge"
    )
    return steady(network, fitted.dual)


def steady(network: Motif, dual: Matrix) -> Motif:
    """The network, computed in float64 where large dual coefficients cancel and float32 would lose
    too many digits.
    """
    return (
        Precise(network)
        if np.abs(dual).sum(0).max(initial=0) * _ROUNDING > _MAX_ROUNDING
        else network
    )


def kernel_network(
    kernel: Kernel,
    centres: Matrix,
    dual: Matrix,
    intercept: Matrix,
    input_layers: Sequence[Motif] = (),
    linear_map: Matrix | None = None,
    label: str = "kernel",
) -> Motif:
    """The network of b + Σ_i α_i k(·, x_i): centres with shape (m, d), dual with shape (m, q),
    intercept with shape (q,).

    With `input_layers` z(x) and a `linear_map` R of shape (d, r), the kernel is taken at z for ‖·‖₁
    and at z R for ‖·‖₂. Centres are points z.
    """
    branches = [
        _branch(kernel, p, tensor(centres), linear_map)
        for p in (1, 2)
        if any(kernel.norm(c) == p for c in kernel.profiles)
    ]
    features = (
        branches[0]
        if len(branches) == 1
        else Parallel(torch.ones(len(branches), dtype=torch.float64), branches)
    )
    output = Affine(tensor(dual).T, tensor(intercept).reshape(-1))
    return Chain([*input_layers, features, output], label=label)


def _branch(kernel: Kernel, p: int, centres: Tensor, linear_map: Matrix | None) -> Motif:
    """Features of the profiles that use the norm p: the map, distances, radial profiles."""
    mine = [c for c, profile in enumerate(kernel.profiles) if kernel.norm(profile) == p]
    profiles = [_NAMES.get(kernel.profiles[c], kernel.profiles[c]) for c in mine]
    radial = Radial(tensor(kernel.weights[mine]), tensor(kernel.rates[mine]), profiles)
    if p == 1 or linear_map is None:
        return Chain([Distance(centres, p), radial])
    R = tensor(linear_map)
    return Chain(
        [Affine(R.T, torch.zeros(R.shape[1], dtype=R.dtype)), Distance(centres @ R, p), radial]
    )


@transfer.register
def _support_vectors(fitted: FittedSupportVectors) -> Motif:
    m = fitted.machine
    return steady(
        kernel_network(m.kernel, m.centres, m.dual, m.intercept, label="support vectors"), m.dual
    )


@dataclass(frozen=True)
class KernelNetwork:
    """A network rest ∘ (k(·, c_i))_i ∘ front: the kernel with its weights in the network, and the
    centres c with shape (m, d), which are outputs of the front.
    """

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
    """weight · φ(a ‖z − c‖): one profile of a kernel after the input layers z(x)."""

    input_layers: tuple[Motif, ...]
    centres: Tensor
    profile: str
    rate: float
    weight: float

    def shares_centres(self, other: Unit) -> bool:
        """Whether both have the same input layers and centres."""
        same = _same(self.input_layers, other.input_layers)
        return same and torch.equal(self.centres, other.centres)


def read_kernel(network: Motif) -> KernelNetwork | None:
    """The kernel of a network; None where there is no kernel of distances, or where kernels differ
    in their centres or their input layers.
    """
    parts = parts_of(network)
    for i, part in enumerate(parts):
        width = 2 if isinstance(part, (Distance, Concat)) else 1
        units = list(_units(parts[i : i + width]))
        if units:
            return _common(parts[:i], units, parts[i + width :])
    return None


def _common(
    before: Sequence[Motif], units: Sequence[Unit], after: Sequence[Motif]
) -> KernelNetwork | None:
    first = units[0]
    if not all(
        unit.shares_centres(first) and unit.weight > 0 and unit.profile in PROFILES
        for unit in units
    ):
        return None
    kernel = Kernel(
        tuple(unit.profile for unit in units),
        np.array([unit.weight for unit in units]),
        np.array([unit.rate for unit in units]),
    )
    return KernelNetwork(
        Chain([*before, *first.input_layers]),
        kernel,
        first.centres.detach().numpy(),
        Chain(list(after)),
    )


def _same(one: Sequence[Motif], other: Sequence[Motif]) -> bool:
    """Whether two sequences have the same layers with the same weights."""
    return len(one) == len(other) and all(
        type(a) is type(b)
        and all(
            torch.equal(x, y)
            for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
        )
        for a, b in zip(one, other, strict=True)
    )


def _units(parts: Sequence[Motif], weight: float = 1.0) -> Iterator[Unit]:
    """The profiles of a layer of kernel values; none for other layers."""
    match list(parts):
        case [*input_layers, Distance() as distance, Radial() as radial]:
            for name, w, a in zip(
                radial.profiles, radial.weights.tolist(), radial.rates.tolist(), strict=True
            ):
                yield Unit(
                    tuple(input_layers),
                    distance.centres,
                    f"laplace{distance.p}" if name == "laplace" else name,
                    a,
                    weight * w,
                )
        case [Concat() as pair, Product()]:
            yield from _scaled(pair, weight)
        case [Parallel() as terms] if terms.weights.ndim == 1:
            found = [
                list(_units(parts_of(branch), weight * w))
                for w, branch in zip(terms.weights.tolist(), terms.branches, strict=True)
            ]
            if all(
                units or _constant(branch) == 0
                for units, branch in zip(found, terms.branches, strict=True)
            ):
                yield from (unit for units in found for unit in units)


def _scaled(pair: Concat, weight: float) -> Iterator[Unit]:
    """The profiles of a kernel times a constant."""
    constants = [_constant(branch) for branch in pair.branches]
    others = [
        branch for branch, value in zip(pair.branches, constants, strict=True) if value is None
    ]
    if len(others) == 1:
        yield from _units(
            parts_of(others[0]),
            weight * float(np.prod([value for value in constants if value is not None])),
        )


def _constant(part: Motif) -> float | None:
    """The value of a layer that is constant and equal in all outputs, else None."""
    match parts_of(part):
        case [Affine() as layer] if not layer.weight.any() and bool(
            (layer.bias == layer.bias[0]).all()
        ):
            return float(layer.bias[0].detach())
    return None


def keeps_columns(layers: Motif) -> bool:
    """Whether the layers scale and shift each column separately."""
    return all(_by_columns(part) for part in parts_of(layers))


def _by_columns(part: Motif) -> bool:
    if isinstance(part, SparseAffine):
        return part.index.shape[1] == 1 and bool(
            (part.index[:, 0] == torch.arange(len(part.index))).all()
        )
    return (
        isinstance(part, Affine)
        and part.weight.shape[0] == part.weight.shape[1]
        and bool((part.weight == torch.diag(part.weight.diagonal())).all())
    )
