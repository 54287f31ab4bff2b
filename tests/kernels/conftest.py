"""A small weighted regression."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.kernels.problems import D, N, numbers


@pytest.fixture
def problem() -> tuple[Tensor, Tensor, Tensor]:
    """Rows, two targets, weights."""
    X = numbers(N, D)
    y = torch.stack([torch.sin(2 * X[:, 0]), X[:, 1] * X[:, 2]], 1) + 0.1 * numbers(N, 2, seed=1)
    return X, y, 0.5 + numbers(N, seed=2).abs()
