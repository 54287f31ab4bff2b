"""Landmarks by leverage: rows that the others do not explain are drawn more often (El Alaoui & Mahoney 2015; Rudi, Calandriello et al. 2018).

    ℓ_i = f_iᵀ (F Fᵀ + λ I)⁻¹ f_i        F = L⁻¹ K_Cn for a few uniform landmarks C, L Lᵀ = K_CC

is the ridge leverage of row i within the span of C. m rows are drawn without replacement, row i first with a chance in proportion to ℓ_i: those with
the largest log(u_i) / ℓ_i, u uniform (Efraimidis & Spirakis 2006).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from motifnet.kernels._landmarks import Gram, Landmarks

PILOTS = 500
_ROWS = 2_048


def leverage_landmarks(gram: Gram, Z: Tensor, m: int, ridge: float, seed: int) -> Tensor:
    """m row numbers of Z with shape (n, d), in increasing order."""
    leverages = ridge_leverages(gram, Z, min(PILOTS, len(Z)), ridge, seed)
    u = torch.as_tensor(np.random.default_rng([seed, 2]).random(len(Z)))
    return (u.log() / leverages.clamp_min(1e-12)).topk(min(m, len(Z))).indices.sort().values


def ridge_leverages(gram: Gram, Z: Tensor, pilots: int, ridge: float, seed: int) -> Tensor:
    """ℓ with shape (n,)."""
    marks = Landmarks.choose(gram, Z, pilots, seed)
    blocks = torch.split(torch.arange(len(Z)), _ROWS)
    A = ridge * torch.eye(pilots, dtype=Z.dtype)
    for rows in blocks:
        F = marks.features(rows)[:-1]
        A += F @ F.T
    root = torch.linalg.cholesky(A)
    return torch.cat([torch.linalg.solve_triangular(root, marks.features(rows)[:-1], upper=False).square().sum(0) for rows in blocks])
