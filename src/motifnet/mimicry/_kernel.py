"""Kernel machines as networks, by calculation:

    f(x) = b + Σ_i α_i Σ_c w_c φ_c(a_c ‖x − x_i‖)   =   affine ∘ radial profiles ∘ distances to the centres x_i

Profiles of the Euclidean norm share one layer of distances; those of ‖·‖₁ have another, in parallel. After inner-layer training a hinge layer and a
residual trunk come first and, in front of the Euclidean distances only, a linear map R.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.kernels import Kernel
from motifnet.mimicry._affine import tensor
from motifnet.mimicry._base import transfer
from motifnet.motifs import Affine, Chain, Distance, Motif, Parallel, Precise, Radial
from motifnet.teachers import FittedKernel

Matrix = NDArray[np.float64]
_NAMES = {"laplace1": "laplace", "laplace2": "laplace"}
_ROUNDING = 6e-8  # of float32
_TOLERANCE = 5e-5


@transfer.register
def _(fitted: FittedKernel) -> Motif:
    network = kernel_network(fitted.kernel, fitted.centres, fitted.dual, fitted.intercept, label="kernel ridge")
    return steady(network, fitted.dual)


def steady(network: Motif, dual: Matrix) -> Motif:
    """The network, with float64 inside where large dual coefficients that cancel would lose too much in float32."""
    return Precise(network) if np.abs(dual).sum(0).max(initial=0) * _ROUNDING > _TOLERANCE else network


def kernel_network(
    kernel: Kernel,
    centres: Matrix,
    dual: Matrix,
    intercept: Matrix,
    front: Sequence[Motif] = (),
    linear_map: Matrix | None = None,
    label: str = "kernel",
) -> Motif:
    """The network of b + Σ_i α_i k(·, x_i): centres with shape (m, d), dual with shape (m, q), intercept with shape (q,).

    With motifs z(x) in `front` and `linear_map` R of shape (d, r) the kernel is taken at z for ‖·‖₁ and at z R for ‖·‖₂; centres are points z.
    """
    branches = [_branch(kernel, p, tensor(centres), linear_map) for p in (1, 2) if any(kernel.norm(c) == p for c in kernel.profiles)]
    features = branches[0] if len(branches) == 1 else Parallel(torch.ones(len(branches), dtype=torch.float64), branches)
    output = Affine(tensor(dual).T, tensor(intercept).reshape(-1))
    return Chain([*front, features, output], label=label)


def _branch(kernel: Kernel, p: int, centres: Tensor, linear_map: Matrix | None) -> Motif:
    """Features of the profiles that use the norm p: (map,) distances, radial profiles."""
    mine = [c for c, profile in enumerate(kernel.profiles) if kernel.norm(profile) == p]
    profiles = [_NAMES.get(kernel.profiles[c], kernel.profiles[c]) for c in mine]
    radial = Radial(tensor(kernel.weights[mine]), tensor(kernel.rates[mine]), profiles)
    if p == 1 or linear_map is None:
        return Chain([Distance(centres, p), radial])
    R = tensor(linear_map)
    return Chain([Affine(R.T, torch.zeros(R.shape[1], dtype=R.dtype)), Distance(centres @ R, p), radial])
