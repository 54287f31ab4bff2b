"""Linear teachers as networks: one affine layer."""

from __future__ import annotations

import numpy as np
import torch

from motifnet.mimicry._base import transfer
from motifnet.motifs import Affine, Chain, Motif
from motifnet.tables import Matrix
from motifnet.teachers import FittedLinear


def affine(coef: Matrix, intercept: Matrix) -> Affine:
    """x ↦ xᵀ coef + intercept, with coef of shape (d, q) and intercept of shape (q,)."""
    return Affine(torch.tensor(np.asarray(coef, dtype=np.float64).T), torch.tensor(np.asarray(intercept, dtype=np.float64).reshape(-1)))


@transfer.register
def _(fitted: FittedLinear) -> Motif:
    return Chain([affine(fitted.coef, fitted.intercept)], label="linear")
