"""Signals with known ranges and errors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet import motifs as m
from motifnet.transfer import (
    Plan,
    Signal,
    relu_rule,
)

Matrix = NDArray[np.float64]
LOW, HIGH = np.array([-1.5, 0.25, -2.0]), np.array([1.0, 2.0, -0.5])


def number(*values: float) -> Tensor:
    return torch.tensor(values if len(values) > 1 else values[0], dtype=torch.float64)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def signal(error: float = 0.0, scale: float = 1.0) -> Signal:
    return Signal(scale * LOW, scale * HIGH, np.full(3, scale * error))


def through(
    motif: m.Motif, error: float = 0.0, scale: float = 1.0, tolerance: float = 1e-6
) -> Signal:
    return relu_rule(motif, signal(error, scale), Plan(tolerance))[1]
