"""The facade of a network: arrays or tensors in, the same out, with what is known about it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from motifnet.bundle import network_to_onnx
from motifnet.engine import DataError, single_threaded
from motifnet.mimicry import Card, Certificate, describe_network
from motifnet.motifs import Motif
from motifnet.tables import Matrix


class Network:
    """A network of motifs on a matrix with d columns.

    Call it on an array (array out, float64) or on a tensor (tensor out, with gradients).
    """

    def __init__(self, module: Motif, d: int, certificate: Certificate | None = None) -> None:
        self.module, self.d, self.certificate = module, d, certificate

    @overload
    def __call__(self, X: Tensor) -> Tensor: ...

    @overload
    def __call__(self, X: Any) -> Matrix: ...

    def __call__(self, X: Any) -> Tensor | Matrix:
        """Outputs with shape (n, q) at rows with shape (n, d)."""
        if isinstance(X, Tensor):
            return self.module(X)
        matrix = np.asarray(X, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[1] != self.d:
            raise DataError(
                f"The network takes a matrix with shape (n, {self.d}), but got shape {matrix.shape}. Encode the table first (`model.encode`)."
            )
        with torch.no_grad(), single_threaded():
            parts = [self.module(torch.as_tensor(part)) for part in np.array_split(matrix, max(1, len(matrix) // 1024))]
        return torch.cat(parts).numpy()

    @property
    def card(self) -> Card:
        """The description of the architecture."""
        return describe_network(self.module, inputs=self.d)

    def to_torch(self) -> torch.nn.Module:
        """A copy of the module."""
        return copy.deepcopy(self.module)

    def to_onnx(self, path: str | Path, *, dtype: str = "float64") -> Any:
        """Write as ONNX on the matrix, compared through onnxruntime before the file is put in place."""
        return network_to_onnx(self.module, self.d, path, dtype=dtype)

    def __repr__(self) -> str:
        return f"Network with {self.d} inputs\n{self.card}"
