"""Ridge regression as a step from given scores, factored once for any number of steps and columns.

At scores f the step s minimises  Σ_i (g_i·s_i + w_i |s_i|² / 2) + λ/2 ‖f + s‖²,  g the slopes of a loss at f:

    exact       f = b + K α    (K + λ diag(1/w)) δα + δb 1 = −(g + λ α) / w,  1ᵀδα = 0         ‖f‖² = αᵀKα
    landmarks   f = b + F γ    (Σ w_i f_i f_iᵀ + λ I) δγ = −(Fᵀg + λ γ), 1 appended to f_i       ‖f‖² = γᵀγ
                               in the coordinates of a basis Q where some landmarks are left out (see `_landmarks`)

Values of a step come from its coefficients, never from a difference of values: long steps would multiply the rounding errors of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from motifnet.kernels._leave_out import factor, solve_factored


@dataclass(frozen=True)
class Scores:
    """q functions: coefficients α or γ with shape (m, q), intercepts with shape (q,), values at n rows with shape (n, q)."""

    coefficients: Tensor
    intercept: Tensor
    values: Tensor

    @classmethod
    def zero(cls, m: int, n: int, q: int) -> Scores:
        return cls(*(torch.zeros(shape, dtype=torch.float64) for shape in ((m, q), (q,), (n, q))))

    def plus(self, t: float, other: Scores) -> Scores:
        """f + t g."""
        parts = zip((self.coefficients, self.intercept, self.values), (other.coefficients, other.intercept, other.values), strict=True)
        return Scores(*(a + t * b for a, b in parts))


class Smoother(Protocol):
    """One weight for each row, one λ."""

    def zero(self, q: int) -> Scores:
        """q functions that are 0."""
        ...

    def step(self, f: Scores, slopes: Tensor) -> Scores:
        """s for slopes with shape (n, q)."""
        ...

    def product(self, f: Scores, g: Scores) -> float:
        """Σ_c ⟨f_c, g_c⟩, such that ⟨f, f⟩ = ‖f‖²."""
        ...


@dataclass(frozen=True)
class ExactSmoother:
    """K, weights with shape (n,), λ, and the Cholesky factor of K + λ diag(1/w), in single precision where that is positive.

    A step that is rounded so has the right values for its duals, and the next one goes on from there.
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

    def step(self, f: Scores, slopes: Tensor) -> Scores:
        downhill = -(slopes + self.lam * f.coefficients) / self.weight[:, None]
        rounded, b = (part.double() for part in solve_factored(self.L, downhill.to(self.L.dtype)))
        dual = rounded - rounded.mean(0)
        return Scores(dual, b, self.K @ dual + b)

    def product(self, f: Scores, g: Scores) -> float:
        return float((f.coefficients * (g.values - g.intercept)).sum())


@dataclass(frozen=True)
class LandmarkSmoother:
    """Features F with shape (n, m + 1), the last one 1, λ, the Cholesky factor of S + λ I, and the basis Q (m + 1, m' + 1) of S = Qᵀ Fᵀ diag(w) F Q;
    None for the identity."""

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

    def step(self, f: Scores, slopes: Tensor) -> Scores:
        downhill = -(self.F.T @ slopes.to(self.F.dtype)).double()
        downhill[:-1] -= self.lam * f.coefficients
        Q = self.basis
        gamma = torch.cholesky_solve(downhill, self.L) if Q is None else Q @ torch.cholesky_solve(Q.T @ downhill, self.L)
        return Scores(gamma[:-1], gamma[-1], (self.F @ gamma.to(self.F.dtype)).double())

    def product(self, f: Scores, g: Scores) -> float:
        return float((f.coefficients * g.coefficients).sum())
