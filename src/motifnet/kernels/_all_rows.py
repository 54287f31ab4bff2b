"""The last layer of a kernel network with m centres c on all rows of a table, from sums over blocks of rows.

    Φ = [k(x_i, c_j), 1],   S = ΦᵀΦ,   s = Φᵀy            added up block by block, O(m²) memory whatever n is
    (S + λ K̃) γ = s,        K̃ = k(c, c) with a 0 for the intercept        (subset of regressors; Smola & Schölkopf 2000)

One Cholesky factorisation a λ. Where m is so large that S with its n m² products is dearer than a dozen passes over Φ, each of them n m values of the
kernel, conjugate gradients take products Φᵀ(Φ v) in place of S; the sums of a sample give the preconditioner (`_conjugate.py`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from torch import Tensor

from motifnet.engine import MotifnetWarning
from motifnet.kernels._conjugate import TOLERANCE, conjugate_gradients
from motifnet.kernels._landmarks import Gram

Matrix = NDArray[np.float64]
RIDGES = tuple(float(lam) for lam in np.geomspace(1e-6, 1e2, 9))


@dataclass(frozen=True)
class AllRows:
    """Centres C with shape (m, d) and the kernel between rows; `quick`: the same kernel in single precision, for Φ.

    The products stay in double precision: S has eigenvalues from n m down to those of λ K̃, fourteen digits apart.
    """

    gram: Gram
    centres: Tensor
    quick: Gram | None = None

    def features(self, Z: Tensor) -> Matrix:
        """Φ with shape (rows, m + 1) of rows Z with shape (rows, d)."""
        features = np.empty((len(Z), len(self.centres) + 1))
        features[:, :-1], features[:, -1] = (self.quick or self.gram)(Z, self.centres).numpy(), 1.0
        return features

    def terms(self, Z: Tensor, y: Matrix) -> tuple[Matrix, Matrix]:
        """S with shape (m + 1, m + 1) and s with shape (m + 1, q) of a block of rows Z with shape (rows, d)."""
        features = self.features(Z)
        return features.T @ features, features.T @ y  # of a matrix and itself numpy computes half

    def product(self, Z: Tensor, V: Matrix) -> Matrix:
        """Φᵀ(Φ V) of a block of rows, V with shape (m + 1, columns)."""
        features = self.features(Z)
        return features.T @ (features @ V)

    def penalty(self) -> Matrix:
        """K̃ with shape (m + 1, m + 1)."""
        penalty = np.zeros((len(self.centres) + 1,) * 2)
        penalty[:-1, :-1] = self.gram(self.centres, self.centres).numpy()
        return penalty

    def solve(self, S: Matrix, s: Matrix, lam: float) -> Matrix:
        """γ with shape (m + 1, q), the intercept last."""
        return _factored(S, lam, self.penalty())(s)

    def choose(self, S: Matrix, s: Matrix, Z: Tensor, y: Matrix, ridges: tuple[float, ...] = RIDGES) -> tuple[float, Matrix]:
        """λ and γ with the least error on rows Z, y that are not in the sums."""
        penalty = self.penalty()
        return self._best(ridges, [_factored(S, lam, penalty)(s) for lam in ridges], Z, y)

    def choose_by_passes(
        self,
        S: Matrix,
        s: Matrix,
        product: Callable[[Matrix], Matrix],
        ridges: tuple[float, ...],
        Z: Tensor,
        y: Matrix,
    ) -> tuple[float, Matrix, int]:
        """λ, γ and the number of passes: `product` is V ↦ Φᵀ(Φ V) on all rows, s is on all rows, S on a sample, times the rows a sampled one.

        The preconditioner is that of the middle of `ridges`, in geometric order. S and two matrices of its size are held, for a moment three.
        """
        penalty, q = self.penalty(), s.shape[1]
        lams = np.repeat(ridges, q)
        precondition = _factored(S, ridges[len(ridges) // 2], penalty)
        passes = conjugate_gradients(lambda V: product(V) + penalty @ (V * lams), precondition, np.tile(s, len(ridges)))
        lam, gamma = self._best(ridges, [passes.solution[:, q * i : q * (i + 1)] for i in range(len(ridges))], Z, y)
        chosen = lams == lam
        if not passes.converged[chosen].all():
            warnings.warn(
                f"The last layer was solved by conjugate gradients, which left {passes.left[chosen].max():.1e} of the right side after "
                f"{passes.products} passes, more than the {TOLERANCE:.0e} asked for: it is the best of those passes on rows held out, "
                "not the solution. Fit with fewer landmarks, or on a random part of the rows.",
                MotifnetWarning,
                stacklevel=2,
            )
        return lam, gamma, passes.products

    def _best(self, ridges: tuple[float, ...], solutions: list[Matrix], Z: Tensor, y: Matrix) -> tuple[float, Matrix]:
        stacked, q = np.hstack(solutions), y.shape[1]
        values = np.concatenate([self.features(part) @ stacked for part in torch.split(Z, 2_048)])
        errors = [float(((values[:, q * i : q * (i + 1)] - y) ** 2).sum()) for i in range(len(ridges))]
        best = int(np.argmin(errors))
        return ridges[best], solutions[best]


def _factored(S: Matrix, lam: float, penalty: Matrix) -> Callable[[Matrix], Matrix]:
    """b ↦ (S + λ K̃)⁻¹ b."""
    G = lam * penalty
    G += S
    jitter = 1e-13 * float(G.diagonal().mean())
    for _ in range(20 if np.isfinite(G).all() else 0):  # a factorisation lets NaN pass
        try:
            G[np.diag_indices(len(G))] += jitter
            factor = cho_factor(G, lower=True, check_finite=False)
            return partial(cho_solve, factor, check_finite=False)
        except LinAlgError:
            jitter *= 10
    raise FloatingPointError("The normal equations of the last layer are not positive definite; are there infinite values?")
