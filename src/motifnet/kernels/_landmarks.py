"""Landmarks: the fit beyond the exact range, f(x) = b + Σ_j β_j k(x, c_j) with m ≪ n centres c (subset of regressors).

    F = L⁻¹ K_Cn with L Lᵀ = K_CC;  S_k = Σ_{i in fold k} w_i f_i f_iᵀ,  c_k = Σ w_i f_i y_i  (f_i with a 1 appended for the intercept)
    the fit without fold k:  (Σ_j S_j − S_k + λ I) γ = Σ_j c_j − c_k,   β = L⁻ᵀ γ

Sums of m×m matrices that add over blocks of rows give exact K-fold predictions for every λ. A landmark that is left out of its fold's fit is a free
parameter without a label and makes the fold's score far too pessimistic at small λ; so landmark rows stay in every training fold and the other
rows judge.
"""

from __future__ import annotations

import torch
from torch import Tensor


def choose_landmarks(n: int, m: int, generator: torch.Generator) -> Tensor:
    """m row numbers in increasing order, uniformly without replacement."""
    return torch.randperm(n, generator=generator)[:m].sort().values


def landmark_features(K_CC: Tensor) -> Tensor:
    """The Cholesky factor L of K_CC with a jitter of 1e-10 of its diagonal (doubled until it succeeds)."""
    jitter = 1e-10 * float(K_CC.diagonal().mean())
    for _ in range(20):
        L, info = torch.linalg.cholesky_ex(K_CC + jitter * torch.eye(len(K_CC), dtype=K_CC.dtype))
        if int(info) == 0:
            return L
        jitter *= 4
    raise FloatingPointError("The Gram matrix of the landmarks is not positive definite; are there infinite values?")


def solve_folds(S: Tensor, c: Tensor, lam: float) -> Tensor:
    """Coefficients γ with shape (m + 1, q) of normal equations S and c with m + 1 rows; the last one, the intercept, is free."""
    ridge = torch.full((len(S),), lam, dtype=S.dtype)
    ridge[-1] = 1e-12 * float(S[-1, -1])
    L, info = torch.linalg.cholesky_ex(S + torch.diag(ridge))
    if int(info) != 0:
        L = torch.linalg.cholesky(S + torch.diag(ridge + 1e-10 * float(S.diagonal().mean())))
    return torch.cholesky_solve(c, L)
