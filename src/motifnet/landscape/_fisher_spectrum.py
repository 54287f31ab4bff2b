"""The spectrum of the Gauss–Newton (Fisher) matrix of N = rows · outputs in p parameters: a bulk as of pure noise, and what stands out of it.

Independent features of variance v have their non-zero eigenvalues between v(1 − √q)² and v(1 + √q)², q = p/N (Marchenko, Pastur). v is set so that
the median of that law is the observed one; eigenvalues above the upper edge, with the 99 % quantile of Tracy and Widom for its chance, are spikes.
Effective ranks are Σλ/λ₁ and (Σλ)²/Σλ². Spectra of networks often fall over many orders without a bulk; then most of the upper half counts as spikes,
and the effective ranks say more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.landscape._gauss_newton import factor
from motifnet.landscape._risk import Risk

GRID = 20_001
RANK = 1e-12
TRACY_WIDOM = 2.02


@dataclass(frozen=True)
class FisherSpectrum:
    """values: non-zero eigenvalues, largest first; ratio: q; edge: where the bulk ends; spikes: how many are above it."""

    values: Tensor
    ratio: float
    edge: float
    spikes: int
    effective_ranks: tuple[float, float]

    @property
    def sentence(self) -> str:
        first, second = self.effective_ranks
        bulk = f"{self.spikes} of {len(self.values)} non-zero eigenvalues stand out of the bulk"
        return f"Fisher spectrum at {self.ratio:.2f} parameters a row and output: {bulk}; effective ranks {first:.1f} and {second:.1f}."


def fisher_spectrum(risk: Risk) -> FisherSpectrum:
    """The spectrum at the parameters of the module."""
    F = factor(risk)
    values = torch.linalg.eigvalsh(F @ F.T if len(F) <= risk.p else F.T @ F).flip(0)
    values = values[values > RANK * values[0]]
    q = risk.p / len(F)
    edge = float(values.median()) / _median(q) * _edge(len(F), risk.p)
    total = float(values.sum())
    return FisherSpectrum(values, q, edge, int((values > edge).sum()), (total / float(values[0]), total**2 / float(values.square().sum())))


def _edge(N: int, p: int) -> float:
    """The 99 % quantile of the largest eigenvalue for v = 1."""
    roots = math.sqrt(N) + math.sqrt(p)
    return (roots**2 + TRACY_WIDOM * roots * (1 / math.sqrt(N) + 1 / math.sqrt(p)) ** (1 / 3)) / N


def _median(q: float) -> float:
    """Median of the non-zero part of the Marchenko–Pastur law for v = 1."""
    low, high = (1 - math.sqrt(q)) ** 2, (1 + math.sqrt(q)) ** 2
    angle = np.linspace(0, math.pi, GRID)  # x = mean − half width · cos(angle) takes the root singularities away
    x = (low + high) / 2 - (high - low) / 2 * np.cos(angle)
    mass = np.cumsum(np.sin(angle) ** 2 / np.maximum(x, 1e-12))
    return float(np.interp(0.5, mass / mass[-1], x))
