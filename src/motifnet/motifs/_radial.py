"""Radial profiles: functions of a distance t that fall from 1 to 0, see kernels/_profiles.py."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.kernels import SMOOTHNESS, polynomial, smoothness
from motifnet.motifs._base import Motif

RADIAL_PROFILES = tuple(SMOOTHNESS)


class Radial(Motif):
    """Σ_c w_c φ_c(a_c t), each value by itself: weights w and rates a > 0 of shape (c,), profiles of length c. Exact to rounding."""

    trainable: ClassVar[frozenset[str]] = frozenset({"weights", "rates"})

    weights: Tensor
    rates: Tensor
    profiles: list[str]

    def __init__(self, weights: Tensor, rates: Tensor, profiles: list[str]) -> None:
        super().__init__()
        unknown = sorted(set(profiles) - set(RADIAL_PROFILES))
        if unknown or not len(weights) == len(rates) == len(profiles) > 0:
            raise UsageError(
                f"Radial has profiles {list(profiles)} with {len(weights)} weights and {len(rates)} rates; "
                f"give one weight and one rate a profile, of {', '.join(RADIAL_PROFILES)}."
            )
        self.keep(weights=weights, rates=rates, profiles=list(profiles))

    def describe(self) -> str:
        return "Σ w φ(a t): " + ", ".join(self.profiles)

    def forward(self, x: Tensor) -> Tensor:
        total = self.weights[0] * _profile(self.profiles[0], self.rates[0], x)
        for w, a, name in zip(self.weights[1:], self.rates[1:], self.profiles[1:], strict=True):
            total = total + w * _profile(name, a, x)
        return total


def _profile(name: str, a: Tensor, t: Tensor) -> Tensor:
    # the roots are made of tensors and exact constants, since an exporter may round a Python number to float32
    p = smoothness(name)
    if p is None:
        return torch.exp(-((a * t) ** 2))
    if p == 0:
        return torch.exp(-a * t)
    s = torch.sqrt((2 * p + 1) * a * a) * t
    return polynomial(p, s) * torch.exp(-s)
