"""The features of a fitted network: what goes into its last affine layer.

A parallel network has one such layer a branch; their inputs stand side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.base import clone

from motifnet.engine import Matrix, UsageError
from motifnet.motifs import Affine, Motif, Parallel, evaluate, parts_of


def network_of(model: Any, X: Matrix, y: Matrix) -> Any:
    """The `Network` of an estimator of the library that is fitted to (X, y), or the one given."""
    if hasattr(model, "module"):
        return model
    if not hasattr(model, "fit"):
        raise UsageError(
            f"model of type {type(model).__name__} must be 'sieve', 'network', 'linear', a "
            "MotifRegressor, a network of motifnet.mimic, or a transformer."
        )
    fitted = clone(model).fit(X, y)
    if hasattr(fitted, "network_"):
        return fitted.network_
    from motifnet import mimic

    return mimic(fitted, X)


def last_features(network: Any, X: Matrix) -> Matrix:
    """With shape (n, m)."""
    rows = torch.as_tensor(network.encode(X), dtype=torch.float64)
    blocks = [_hidden(network.module, part) for part in torch.split(rows, 1024)]
    return np.asarray(torch.cat(blocks).numpy())


@torch.inference_mode()
def _hidden(module: Motif, x: torch.Tensor) -> torch.Tensor:
    parts = list(parts_of(module))
    while parts and isinstance(parts[-1], Affine):
        parts.pop()
    if parts and isinstance(parts[-1], Parallel):
        for part in parts[:-1]:
            x = evaluate(part, x)
        return torch.cat([_hidden(branch, x) for branch in parts[-1].branches], dim=1)
    for part in parts:
        x = evaluate(part, x)
    return x
