"""Kernel machines as they are found in a network: distances, radial profiles, and the affine map that follows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from motifnet.engine import UsageError
from motifnet.kernels import distances
from motifnet.mimicry._relu_signal import Vector, array
from motifnet.motifs import Affine, Chain, Distance, Motif, Parallel, Radial

_GOLDEN = (1 + math.sqrt(5)) / 2  # where s (1 + s) e^{−s} is largest, and s (1 + s) = s³

# largest slope of the profile at rate 1
STEEPEST = {
    "laplace": 1.0,
    "gaussian": math.sqrt(2 / math.e),
    "matern32": math.sqrt(3) / math.e,
    "matern52": math.sqrt(5) / 3 * _GOLDEN**3 * math.exp(-_GOLDEN),
}


@dataclass(frozen=True)
class Branch:
    """Σ_c w_c φ_c(a_c ‖front(x) − centre‖_p): weights and rates with shape (c,), centres with shape (m, D)."""

    front: Affine | None
    centres: Vector
    p: int
    profiles: tuple[str, ...]
    weights: Vector
    rates: Vector

    def gram(self) -> Vector:
        """Values at the centres, with shape (m, m)."""
        C = torch.as_tensor(self.centres)
        radial = Radial(torch.as_tensor(self.weights), torch.as_tensor(self.rates), list(self.profiles))
        with torch.inference_mode():
            return radial(distances(C, C, self.p)).numpy()

    @property
    def at_zero(self) -> float:
        return float(self.weights.sum())

    @property
    def lipschitz(self) -> float:
        """Largest slope in the distance."""
        return float(sum(w * a * STEEPEST[c] for c, w, a in zip(self.profiles, self.weights, self.rates, strict=True)))


@dataclass(frozen=True)
class Machine:
    """x ↦ bias + dualᵀ Σ_branches: dual with shape (m, q), bias with shape (q,)."""

    branches: tuple[Branch, ...]
    dual: Vector
    bias: Vector

    @property
    def at_zero(self) -> float:
        """k(x, x)."""
        return sum(branch.at_zero for branch in self.branches)


def kernel_machine(features: Motif, output: Motif | None) -> Machine | None:
    """The machine of a features motif and the affine map behind it (none: the features themselves); None where it is not one."""
    parts = list(zip(array(features.weights), features.branches, strict=True)) if isinstance(features, Parallel) else [(1.0, features)]
    branches = [_branch(part, float(weight)) for weight, part in parts if np.ndim(weight) == 0]
    if len(branches) != len(parts) or None in branches:
        return None
    found = tuple(branch for branch in branches if branch is not None)
    if any((branch.weights < 0).any() for branch in found):
        raise UsageError("A kernel with a negative weight has no certified relu form; its curve is not convex. Use the native form.")
    m = len(found[0].centres)
    if isinstance(output, Affine):
        return Machine(found, array(output.weight).T.copy(), array(output.bias))
    return Machine(found, np.eye(m), np.zeros(m))


def _branch(part: Motif, weight: float) -> Branch | None:
    inner = list(part.parts) if isinstance(part, Chain) else []
    front = inner.pop(0) if len(inner) == 3 and isinstance(inner[0], Affine) else None
    match inner:
        case [Distance() as distance, Radial() as radial]:
            weights, rates = array(radial.weights) * weight, array(radial.rates)
            return Branch(front if isinstance(front, Affine) else None, array(distance.centres), distance.p, tuple(radial.profiles), weights, rates)
    return None
