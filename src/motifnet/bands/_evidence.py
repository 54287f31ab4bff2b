"""A ridge regression read as a random function: how large it is, how large the noise, and what is left unknown of it.

    f(x) = b + (F(x) − F̄) γ,   γ ~ N(0, τ² I),   y = f + ε,   ε_i ~ N(0, σ²/w_i),   λ = σ²/τ²

b has a flat prior. With A = √w (F − F̄) = U S Vᵀ, c = Uᵀ √w (y − ȳ) and R the part of √w (y − ȳ) outside of U, the restricted likelihood is

    −2 log L(λ) = (n − 1) log τ²(λ) + Σ_j log(S_j² + λ) + (n − 1 − r) log λ,     (n − 1) τ²(λ) = Σ_j c_j² / (S_j² + λ) + R² / λ

(Patterson and Thompson 1971; Wahba 1985 for splines). A fit with ridge μ, which need not be λ, then has the error

    V diag( σ² S² / (S² + μ)²  +  τ² μ² / (S² + μ)² ) Vᵀ      in γ:  noise, and bias of a function of that size

with H the matrix of the fit in units of √w y, residuals of noise alone have the variance σ² ((I − H)²)_ii = σ² (1 − 2 H_ii + (H²)_ii): squared
residuals over that are σ² in the mean, where those with the row left out, over (1 − H_ii)², hold the error of the fit beside the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
_GRID = np.geomspace(1e-4, 1e4, 33)


@dataclass(frozen=True)
class Ridge:
    """F̄ V with shape (m,), ȳ, V with shape (m, m), S² (m,), A V (n, m), its products with √w (y − ȳ) (m,), √w and √w (y − ȳ) with shape (n,)."""

    origin: Matrix
    level: float
    V: Matrix
    squares: Matrix
    scores: Matrix
    products: Matrix
    root: Matrix
    b: Matrix

    @classmethod
    def of(cls, F: Matrix, y: Matrix, weight: Matrix) -> Ridge:
        """For features with shape (n, m), y and weight with shape (n,)."""
        root, mean, level = np.sqrt(weight), weight @ F / weight.sum(), float(weight @ y / weight.sum())
        A, b = root[:, None] * (F - mean), root * (y - level)
        squares, V = np.linalg.eigh(A.T @ A)
        scores = A @ V
        return cls(mean @ V, level, V, np.maximum(squares, 0), scores, scores.T @ b, root, b)

    def likeliest(self) -> tuple[float, float]:
        """λ and τ² of the largest restricted likelihood on a grid."""
        n, there = len(self.b), self.squares > 1e-12 * max(self.squares[-1], 1e-300)
        squares, c2 = self.squares[there], self.products[there] ** 2 / self.squares[there]
        rest = max(float(self.b @ self.b - c2.sum()), 1e-12 * float(self.b @ self.b), 1e-300)
        lams = _GRID * max(float((self.scores**2).sum()) / n, 1e-300)
        tau2 = np.array([(c2 / (squares + lam)).sum() + rest / lam for lam in lams]) / (n - 1)
        minus = (n - 1) * np.log(tau2) + (n - 1 - len(squares)) * np.log(lams) + np.array([np.log(squares + lam).sum() for lam in lams])
        best = int(minus.argmin())
        return float(lams[best]), float(tau2[best])

    def noise_squares(self, ridge: float) -> Matrix:
        """Squared residuals of y, each over the share of the noise's variance that is in it, with shape (n,)."""
        shrunk = self.scores / (self.squares + ridge)
        level = self.root**2 / (self.root**2).sum()
        h, h2 = level + (shrunk * self.scores).sum(1), level + (shrunk**2 * self.squares).sum(1)
        residuals = (self.b - shrunk @ self.products) / self.root
        return np.asarray(residuals**2 / np.maximum(1 - 2 * h + h2, 1e-10))

    def slope(self, ridge: float) -> Matrix:
        """Vᵀγ with shape (m,)."""
        return np.asarray(self.products / (self.squares + ridge))

    def freedom(self, ridge: float) -> float:
        """Degrees of freedom of the fit, the level's one among them."""
        return 1 + float((self.squares / (self.squares + ridge)).sum())

    def shared(self, rough: float, smooth: float) -> float:
        """The share of the noise in a fit with ridge `rough` that is in the residuals of one with ridge `smooth`, the mean over the rows."""
        noise = (self.squares / (self.squares + rough)) ** 2
        return float((noise * (smooth / (self.squares + smooth)) ** 2).sum() / max(noise.sum(), 1e-300))
