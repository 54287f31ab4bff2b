"""Landmarks: the fit beyond the exact range, f(x) = b + Σ_j β_j k(x, c_j) with m ≪ n centres c (subset of regressors).

    F = L⁻¹ K_Cn with L Lᵀ = K_CC;  S_k = Σ_{i in fold k} w_i f_i f_iᵀ,  c_k = Σ w_i f_i y_i  (f_i with a 1 appended for the intercept)
    the fit without fold k:  (Σ_j S_j − S_k + λ I) γ = Σ_j c_j − c_k,   β = L⁻ᵀ γ

Sums of m×m matrices that add over blocks of rows give exact K-fold predictions for every λ. A landmark that is a row of fold k is left out with it,
as a row and as a centre: as a centre without its label it would be a free parameter, and with its label it would help to predict rows that are like
it, the other rows of its group among them. With C' the landmarks that are left, γ = Lᵀβ with β = 0 elsewhere is a sum of rows of L:

    (L_C')ᵀ = Q R,    γ = Q δ,    (Qᵀ S Q + λ I) δ = Qᵀ c        |γ| = |δ|: the penalty stays λ‖f‖²

A landmark stands for all rows that are equal to it, and is left out where all of these are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.engine import ordered_sum

Matrix = NDArray[np.float64]
Gram = Callable[[Tensor, Tensor], Tensor]
Sums = tuple[Tensor, Tensor]
_ROWS = 2_048
SINGLE_ROWS = 8_000  # from which K_Cn is computed in single precision, in half of the time; all else is in double


def choose_landmarks(n: int, m: int, generator: torch.Generator, among: Tensor | None = None, codes: Tensor | None = None) -> Tensor:
    """m row numbers in increasing order, uniformly without replacement, among some rows (a mask) where given; of rows of one code one at most."""
    order = torch.randperm(n, generator=generator)
    if among is not None:
        order = order[among[order]]
    if codes is not None:
        first = np.unique(codes[order].numpy(), return_index=True)[1]
        order = order[torch.as_tensor(np.sort(first))]
    return order[:m].sort().values


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
    G = S.clone()
    G.diagonal()[:-1] += lam
    G[-1, -1] *= 1 + 1e-12
    L, info = torch.linalg.cholesky_ex(G)
    if int(info) != 0:
        G.diagonal().add_(1e-10 * float(S.diagonal().mean()))
        L = torch.linalg.cholesky(G)
    return torch.cholesky_solve(c, L)


@dataclass(frozen=True)
class Landmarks:
    """Row numbers of the landmarks, the factor L, the rows Z with shape (n, d) whose features F are formed in blocks, and codes with shape (n,) that
    equal rows share."""

    gram: Gram
    Z: Tensor
    chosen: Tensor
    L: Tensor
    codes: Tensor

    @classmethod
    def choose(cls, gram: Gram, Z: Tensor, count: int, seed: int, among: Tensor | None = None, codes: Tensor | None = None) -> Landmarks:
        """Landmarks of a seed, `among` some rows (a mask) where given; fewer of the same seed are among them. No `codes`: all rows differ."""
        chosen = choose_landmarks(len(Z), count, torch.Generator().manual_seed(seed), among, codes)
        codes = torch.arange(len(Z)) if codes is None else codes
        return cls(gram, Z, chosen, landmark_features(gram(Z[chosen], Z[chosen])), codes)

    def basis(self, rows: Tensor) -> Tensor | None:
        """Q with shape (m + 1, m' + 1) for the landmarks among `rows` (a mask), the intercept kept; None where all are."""
        there = torch.isin(self.codes[self.chosen], self.codes[rows])
        if bool(there.all()):
            return None
        Q = torch.zeros(len(there) + 1, int(there.sum()) + 1, dtype=self.L.dtype)
        Q[:-1, :-1] = torch.linalg.qr(self.L[there].T).Q
        Q[-1, -1] = 1.0
        return Q

    def features(self, rows: Tensor) -> Tensor:
        """Fᵀ with shape (m + 1, rows) of some rows, 1 for the intercept at the end."""
        F, C, Z = torch.ones(len(self.L) + 1, len(rows), dtype=self.L.dtype), self.Z[self.chosen], self.Z[rows]
        K = self.gram(C, Z) if len(self.Z) < SINGLE_ROWS else self.gram(C.float(), Z.float()).double()
        torch.linalg.solve_triangular(self.L, K, upper=False, out=F[:-1])
        return F

    def normal_equations(self, rows: Tensor, y: Tensor, w: Tensor, n_jobs: int = 1) -> Sums:
        """S with shape (m + 1, m + 1) and c with shape (m + 1, q) of some rows; a block of them is a job."""
        root = w.sqrt()

        def terms(block: Tensor) -> tuple[Matrix, Matrix]:
            F = self.features(block).mul_(root[block])
            S = F.numpy() @ F.numpy().T  # numpy computes half of a product of a matrix and itself, and lets other threads run
            return S, (F @ (root[block, None] * y[block])).numpy()

        S, c = ordered_sum(torch.split(rows, _ROWS), terms, n_jobs)  # no rows are split into one block without rows, whose sums are 0
        return torch.as_tensor(S), torch.as_tensor(c)

    def dual(self, gamma: Tensor) -> Tensor:
        """β with shape (m, q) of γ with shape (m + 1, q)."""
        return torch.linalg.solve_triangular(self.L.T, gamma[:-1], upper=True)

    def predict(self, rows: Tensor, gamma: Tensor) -> Tensor:
        """Predictions of some rows, with shape (rows, q)."""
        dual = self.dual(gamma)
        return torch.cat([self.gram(self.Z[part], self.Z[self.chosen]) @ dual + gamma[-1] for part in torch.split(rows, _ROWS)])


@dataclass(frozen=True)
class Normal:
    """Normal equations S and c with shapes (m + 1, m + 1) and (m + 1, q) of some rows, in the coordinates of a basis Q; None: in those of γ."""

    S: Tensor
    c: Tensor
    basis: Tensor | None

    @classmethod
    def of(cls, sums: Sums, basis: Tensor | None) -> Normal:
        S, c = sums
        return cls(S, c, None) if basis is None else cls(basis.T @ S @ basis, basis.T @ c, basis)

    def solve(self, lam: float) -> Tensor:
        """γ with shape (m + 1, q)."""
        delta = solve_folds(self.S, self.c, lam)
        return delta if self.basis is None else self.basis @ delta
