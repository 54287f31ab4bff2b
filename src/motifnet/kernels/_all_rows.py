"""The last layer of a kernel network with m centres c on all rows of a table, from sums over blocks of rows.

    Φ = [k(x_i, c_j), 1],   S = ΦᵀΦ,   s = Φᵀy            added up block by block, O(m²) memory whatever n is
    (S + λ K̃) γ = s,        K̃ = k(c, c) with a 0 for the intercept        (subset of regressors; Smola & Schölkopf 2000)

One Cholesky factorisation a λ. Conjugate gradients with products of Φ (FALKON; Rudi, Carratino & Rosasco 2017) need a pass over Φ for each of some
fifteen iterations: with 10⁶ rows the values of the kernel alone then cost more than S does up to about m = 4,000, beyond which neither is done
within minutes on two cores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from torch import Tensor

from motifnet.kernels._landmarks import Gram

Matrix = NDArray[np.float64]
RIDGES = tuple(float(lam) for lam in np.geomspace(1e-6, 1e2, 9))


@dataclass(frozen=True)
class AllRows:
    """Centres C with shape (m, d) and the kernel between rows."""

    gram: Gram
    centres: Tensor

    def terms(self, Z: Tensor, y: Matrix) -> tuple[Matrix, Matrix]:
        """S with shape (m + 1, m + 1) and s with shape (m + 1, q) of a block of rows Z with shape (rows, d)."""
        features = np.empty((len(Z), len(self.centres) + 1))
        features[:, :-1], features[:, -1] = self.gram(Z, self.centres).numpy(), 1.0
        return features.T @ features, features.T @ y  # of a matrix and itself numpy computes half

    def solve(self, S: Matrix, s: Matrix, lam: float) -> Matrix:
        """γ with shape (m + 1, q), the intercept last."""
        G = S.copy()
        G[:-1, :-1] += lam * self.gram(self.centres, self.centres).numpy()
        jitter = 1e-13 * float(G.diagonal().mean())
        for _ in range(20 if np.isfinite(G).all() else 0):  # a factorisation lets NaN pass
            try:
                G[np.diag_indices(len(G))] += jitter
                return np.asarray(cho_solve(cho_factor(G, lower=True, check_finite=False), s, check_finite=False))
            except LinAlgError:
                jitter *= 10
        raise FloatingPointError("The normal equations of the last layer are not positive definite; are there infinite values?")

    def choose(self, S: Matrix, s: Matrix, Z: Tensor, y: Matrix, ridges: tuple[float, ...] = RIDGES) -> tuple[float, Matrix]:
        """λ and γ with the least error on rows Z, y that are not in the sums."""
        solutions = [self.solve(S, s, lam) for lam in ridges]
        stacked, q = torch.as_tensor(np.hstack(solutions)), y.shape[1]
        values = torch.cat([self.gram(part, self.centres) @ stacked[:-1] + stacked[-1] for part in torch.split(Z, 2_048)]).numpy()
        errors = [float(((values[:, q * i : q * (i + 1)] - y) ** 2).sum()) for i in range(len(ridges))]
        best = int(np.argmin(errors))
        return ridges[best], solutions[best]
