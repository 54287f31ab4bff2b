"""Ridge regression as a step from given scores, factored once for any number of steps and columns.

At scores f the step s minimises  Σ_i (g_i·s_i + w_i |s_i|² / 2) + λ/2 ‖f + s‖²,  with g the
gradient of a loss at f:

    exact       f = b + K α,   ‖f‖² = αᵀKα
                (K + λ diag(1/w)) δα + δb 1 = −(g + λ α) / w,   1ᵀδα = 0
    landmarks   f = b + F γ,   ‖f‖² = γᵀγ
                (Σ w_i f_i f_iᵀ + λ I) δγ = −(Fᵀg + λ γ),   with 1 appended to f_i;
                in the coordinates of a basis Q where some landmarks are left out (`_landmarks`)

Values of a step come from its coefficients and never from a difference of values, whose rounding
errors long steps would multiply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from motifnet.kernels._leave_out import factor, solve_factored


@dataclass(frozen=True)
class Scores:
    """q functions: coefficients α or γ with shape (m, q), intercepts with shape (q,), values at n
    rows with shape (n, q).

    `converged` is False for the result of a solver that reached its largest number of steps.
    """

    coefficients: Tensor
    intercept: Tensor
    values: Tensor
    converged: bool = True

    @classmethod
    def zero(cls, m: int, n: int, q: int) -> Scores:
        coefficients, intercept, values = (
            torch.zeros(shape, dtype=torch.float64) for shape in ((m, q), (q,), (n, q))
        )
        return cls(coefficients, intercept, values)

    def plus(self, t: float, other: Scores) -> Scores:
        """f + t g."""
        return Scores(
            self.coefficients + t * other.coefficients,
            self.intercept + t * other.intercept,
            self.values + t * other.values,
        )


class Smoother(Protocol):
    """One weight for each row, one λ."""

    def zero(self, q: int) -> Scores:
        """q zero functions."""
        ...

    def step(self, f: Scores, gradient: Tensor) -> Scores:
        """s for a gradient with shape (n, q)."""
        ...

    def product(self, f: Scores, g: Scores) -> float:
        """Σ_c ⟨f_c, g_c⟩, such that ⟨f, f⟩ = ‖f‖²."""
        ...


@dataclass(frozen=True)
class ExactSmoother:
    """K, weights with shape (n,), λ, and the Cholesky factor of K + λ diag(1/w), in single
    precision where that is positive.

    The values of a rounded step are exact for its dual, and the next step starts from them.
    """

    K: Tensor
    weight: Tensor
    lam: float
    L: Tensor

    @classmethod
    def of(cls, K: Tensor, weight: Tensor, lam: float) -> ExactSmoother:
        G = K.float()
        G.diagonal().add_((lam / weight).float())
        L, failed = torch.linalg.cholesky_ex(G)
        return cls(K, weight, lam, factor(K, lam / weight) if int(failed) else L)

    def zero(self, q: int) -> Scores:
        return Scores.zero(len(self.K), len(self.K), q)

    def step(self, f: Scores, gradient: Tensor) -> Scores:
        downhill = -(gradient + self.lam * f.coefficients) / self.weight[:, None]
        rounded, b = (part.double() for part in solve_factored(self.L, downhill.to(self.L.dtype)))
        dual = rounded - rounded.mean(0)
        return Scores(dual, b, self.K @ dual + b)

    def product(self, f: Scores, g: Scores) -> float:
        return float((f.coefficients * (g.values - g.intercept)).sum())


@dataclass(frozen=True)
class LandmarkSmoother:
    """Features F with shape (n, m + 1), the last one 1, λ, the Cholesky factor of S + λ I, and the
    basis Q (m + 1, m' + 1) of S = Qᵀ Fᵀ diag(w) F Q; None for the identity.
    """

    F: Tensor
    lam: float
    L: Tensor
    basis: Tensor | None = None

    @classmethod
    def of(cls, F: Tensor, S: Tensor, lam: float, basis: Tensor | None = None) -> LandmarkSmoother:
        ridge = torch.full((len(S),), lam, dtype=S.dtype)
        ridge[-1] = 1e-12 * float(S[-1, -1])  # the intercept is free
        return cls(F, lam, factor(S, ridge), basis)

    def zero(self, q: int) -> Scores:
        return Scores.zero(self.F.shape[1] - 1, len(self.F), q)

    def step(self, f: Scores, gradient: Tensor) -> Scores:
        downhill = -(self.F.T @ gradient.to(self.F.dtype)).double()
        downhill[:-1] -= self.lam * f.coefficients
        Q = self.basis
        gamma = (
            torch.cholesky_solve(downhill, self.L)
            if Q is None
            else Q @ torch.cholesky_solve(Q.T @ downhill, self.L)
        )
        return Scores(gamma[:-1], gamma[-1], (self.F @ gamma.to(self.F.dtype)).double())

    def product(self, f: Scores, g: Scores) -> float:
        return float((f.coefficients * g.coefficients).sum())
