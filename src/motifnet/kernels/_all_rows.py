"""The last layer of a kernel network on all rows of a table, from sums over blocks of rows.

With m centres c:

    Φ = [k(x_i, c_j), 1],   S = ΦᵀΦ,   s = Φᵀy     added up block by block, O(m²) memory for any n
    (S + λ K̃) γ = s,        K̃ = k(c, c) with a 0 for the intercept

(subset of regressors; Smola & Schölkopf 2000), with one Cholesky factorisation for each λ. S costs
n m² products, and a product Φᵀ(Φ v) n m values of the kernel. Where m is so large that S costs more
than a dozen of these, conjugate gradients replace it, and the sums of a sample give the
preconditioner.

`conjugate_gradients` solves (H + λ_j K) γ_j = s for several λ_j at once, and takes products with
H = ΦᵀΦ alone:

    P = c (Φ_nᵀΦ_n) + λ K        the same matrix of n sampled rows, times c = N/n, factored once

(cf. FALKON; Rudi, Carratino & Rosasco 2017). The eigenvalues of P⁻¹(H + λ K) gather about 1 as n
grows. For another λ' they lie between min(1, λ'/λ) and max(1, λ'/λ) times these, so that one
factorisation serves neighbouring λ. All columns share the products, whose cost is that of the
values of the kernel, not of the number of columns. Each column has its own step lengths, and the
result does not depend on the others.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from torch import Tensor

from motifnet.engine import Matrix, MotifnetWarning
from motifnet.kernels._landmarks import Gram

RIDGES = tuple(float(lam) for lam in np.geomspace(1e-6, 1e2, 9))
# predictions then are some 1e-3 of the target's sd from those of the exact solution
TOLERANCE, MAX_ITERATIONS = 1e-3, 60


@dataclass(frozen=True)
class AllRows:
    """Centres C with shape (m, d) and the kernel between rows; `quick`: the same kernel in single
    precision, for Φ.

    The products stay in double precision: the eigenvalues of S range from n m down to those of
    λ K̃, over fourteen digits.
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
        """S with shape (m + 1, m + 1) and s with shape (m + 1, q) of a block of rows Z with shape
        (rows, d).
        """
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

    def choose(
        self, S: Matrix, s: Matrix, Z: Tensor, y: Matrix, ridges: tuple[float, ...] = RIDGES
    ) -> tuple[float, Matrix]:
        """λ and γ with the least error on held-out rows Z, y."""
        penalty = self.penalty()
        return self._best(ridges, [_factored(S, lam, penalty)(s) for lam in ridges], Z, y)

    def choose_by_iterations(
        self,
        S: Matrix,
        s: Matrix,
        product: Callable[[Matrix], Matrix],
        ridges: tuple[float, ...],
        Z: Tensor,
        y: Matrix,
    ) -> tuple[float, Matrix, int]:
        """λ, γ and the number of iterations. `product` is V ↦ Φᵀ(Φ V) on all rows; s is of all
        rows; S is of a sample, times the ratio of the numbers of rows.

        The preconditioner is that of the middle of `ridges`, in geometric order. Memory holds S and
        two matrices of its size, and briefly a third.
        """
        penalty, q = self.penalty(), s.shape[1]
        lams = np.repeat(ridges, q)
        precondition = _factored(S, ridges[len(ridges) // 2], penalty)
        solved = conjugate_gradients(
            lambda V: product(V) + penalty @ (V * lams), precondition, np.tile(s, len(ridges))
        )
        lam, gamma = self._best(
            ridges, [solved.solution[:, q * i : q * (i + 1)] for i in range(len(ridges))], Z, y
        )
        chosen = lams == lam
        if not solved.converged[chosen].all():
            warnings.warn(
                f"The last layer was solved by conjugate gradients. After {solved.products} "
                f"iterations {solved.residual[chosen].max():.1e} of the right side is left, more "
                f"than the tolerance of {TOLERANCE:.0e}: it is the best of those iterations on "
                "held-out rows, not the solution. Fit with fewer landmarks, or on a random part of "
                "the rows.",
                MotifnetWarning,
                stacklevel=2,
            )
        return lam, gamma, solved.products

    def _best(
        self, ridges: tuple[float, ...], solutions: list[Matrix], Z: Tensor, y: Matrix
    ) -> tuple[float, Matrix]:
        stacked, q = np.hstack(solutions), y.shape[1]
        values = np.concatenate([self.features(part) @ stacked for part in torch.split(Z, 2_048)])
        errors = [
            float(((values[:, q * i : q * (i + 1)] - y) ** 2).sum()) for i in range(len(ridges))
        ]
        best = int(np.argmin(errors))
        return ridges[best], solutions[best]


def _factored(S: Matrix, lam: float, penalty: Matrix) -> Callable[[Matrix], Matrix]:
    """b ↦ (S + λ K̃)⁻¹ b."""
    G = lam * penalty
    G += S
    jitter = 1e-13 * float(G.diagonal().mean())
    for _ in range(20 if np.isfinite(G).all() else 0):  # a factorisation does not reject NaN
        try:
            G[np.diag_indices(len(G))] += jitter
            factor = cho_factor(G, lower=True, check_finite=False)
            return partial(cho_solve, factor, check_finite=False)
        except LinAlgError:
            jitter *= 10
    raise FloatingPointError(
        "The normal equations of the last layer are not positive definite; "
        "are there infinite values?"
    )


class Iterations(NamedTuple):
    """Solutions with the shape of the right side; the number of products; for each column the norm
    of the residual as a share of that of the right side, in the norm of P⁻¹; whether it is within
    the tolerance.
    """

    solution: Matrix
    products: int
    residual: Matrix
    converged: NDArray[np.bool_]


def conjugate_gradients(
    product: Callable[[Matrix], Matrix],
    precondition: Callable[[Matrix], Matrix],
    right: Matrix,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
) -> Iterations:
    """Solutions for a right side with shape (m, columns).

    A column has converged when its residual, in the norm of P⁻¹, is below `tolerance` times that of
    the right side.
    """
    solution, residual = np.zeros_like(right), right.copy()
    pulled = precondition(residual)
    direction, size = pulled, _inner(residual, pulled)
    start, done, count = size, size * tolerance**2, 0
    while (going := size > done).any() and count < max_iterations:
        image = product(direction)
        step = np.divide(size, _inner(direction, image), out=np.zeros_like(size), where=going)
        solution, residual = solution + step * direction, residual - step * image
        pulled = precondition(residual)
        before, size = size, _inner(residual, pulled)
        direction = (
            pulled + np.divide(size, before, out=np.zeros_like(size), where=going) * direction
        )
        count += 1
    share = np.sqrt(np.divide(size, start, out=np.zeros_like(size), where=start > 0))
    return Iterations(solution, count, share, ~going)


def _inner(A: Matrix, B: Matrix) -> Matrix:
    """Inner products of the columns."""
    return np.einsum("ij,ij->j", A, B)
