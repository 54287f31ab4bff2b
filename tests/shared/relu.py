"""Networks of affine maps and rectifiers alone."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet import motifs as m

Matrix = NDArray[np.float64]
TOGETHER = (
    m.Chain,
    m.Parallel,
    m.Concat,
    m.Residual,
    m.Select,
    m.Identity,
    m.Precise,
    m.GroupAverage,
    m.Images,
    torch.nn.ModuleList,
)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def only_relu(network: torch.nn.Module) -> bool:
    return all(
        isinstance(part, (m.Affine, m.SparseAffine, m.ReLU, *TOGETHER))
        for part in network.modules()
    )


def value(x: float) -> Tensor:
    return torch.tensor(x, dtype=torch.float64)


HINGE = m.Hinge(torch.sort(normal(1, 5, 7), dim=1).values, normal(2, 5, 6))
