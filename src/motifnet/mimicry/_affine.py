"""Numbers of numpy as float64 tensors, and affine maps as the libraries write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from motifnet.motifs import Affine


def tensor(values: Any) -> Tensor:
    """Values as float64, a copy: views of one number repeated have no strides."""
    return torch.tensor(np.array(values, dtype=np.float64, order="C"))


def affine(weight: Any, bias: Any = 0.0) -> Affine:
    """x W + b with W of shape (in, out), and b of shape (out,) or a number."""
    W = np.atleast_2d(np.asarray(weight, dtype=np.float64))
    return Affine(tensor(W.T), tensor(np.broadcast_to(np.asarray(bias, dtype=np.float64).reshape(-1), W.shape[1])))
