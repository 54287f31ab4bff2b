"""Ridge regression as a random function: its size, the noise, and the error of a fit.

    f(x) = b + (F(x) − F̄) γ,   γ ~ N(0, τ² I),   y = f + ε,   ε_i ~ N(0, σ²/w_i),   λ = σ²/τ²

b has a flat prior. With A = √w (F − F̄) = U S Vᵀ, c = Uᵀ √w (y − ȳ) and R the part of √w (y − ȳ)
outside of U, the restricted likelihood is

    −2 log L(λ) = (n − 1) log τ²(λ) + Σ_j log(S_j² + λ) + (n − 1 − r) log λ
    (n − 1) τ²(λ) = Σ_j c_j² / (S_j² + λ) + R² / λ

(Patterson and Thompson 1971; Wahba 1985 for splines). A fit with any ridge μ then has the error

    V diag( σ² S² / (S² + μ)²  +  τ² μ² / (S² + μ)² ) Vᵀ

in γ: noise, and bias of a function of that size. With H the matrix of the fit in units of √w y,
residuals of pure noise have the variance σ² ((I − H)²)_ii = σ² (1 − 2 H_ii + (H²)_ii). The mean of
squared residuals over that is σ². Squared leave-one-out residuals, over (1 − H_ii)², also contain
the error of the fit.

Noise that changes over the rows is estimated from scaled residuals, pooled over the nearest rows:

    σ²(x_i) = mean of r_j² / (1 − 2 H_jj + (H²)_jj)
              over the k rows x_j nearest to x_i (itself among them),    k = n^(2/3)

One residual gives almost no information on the noise at its row. k of them give it up to √(2/k).
2 k are better where the noise is the same everywhere, and biased where it changes: under noise of
.1 + .4 |x| a band by Student's quantile at 90 % then contained the function in 72 % of 40 samples,
and with k in 90 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix

_GRID = np.geomspace(1e-4, 1e4, 33)


@dataclass(frozen=True)
class Ridge:
    """F̄ V with shape (m,), ȳ, V with shape (m, m), S² (m,), A V (n, m), its products with √w (y −
    ȳ) (m,), √w and √w (y − ȳ) with shape (n,).
    """

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
        """The regression of y with shape (n,) on features with shape (n, m), weight with shape
        (n,).
        """
        root = np.sqrt(weight)
        mean = weight @ F / weight.sum()
        level = float(weight @ y / weight.sum())
        A, b = root[:, None] * (F - mean), root * (y - level)
        squares, V = np.linalg.eigh(A.T @ A)
        scores = A @ V
        return cls(mean @ V, level, V, np.maximum(squares, 0), scores, scores.T @ b, root, b)

    def likeliest(self) -> tuple[float, float]:
        """λ and τ² with the largest restricted likelihood on a grid."""
        n, there = len(self.b), self.squares > 1e-12 * max(self.squares[-1], 1e-300)
        squares, c2 = self.squares[there], self.products[there] ** 2 / self.squares[there]
        rest = max(float(self.b @ self.b - c2.sum()), 1e-12 * float(self.b @ self.b), 1e-300)
        lams = _GRID * max(float((self.scores**2).sum()) / n, 1e-300)
        tau2 = np.array([(c2 / (squares + lam)).sum() + rest / lam for lam in lams]) / (n - 1)
        minus = (
            (n - 1) * np.log(tau2)
            + (n - 1 - len(squares)) * np.log(lams)
            + np.array([np.log(squares + lam).sum() for lam in lams])
        )
        best = int(minus.argmin())
        return float(lams[best]), float(tau2[best])

    def noise_squares(self, ridge: float) -> Matrix:
        """Squared residuals of y with shape (n,), each over its share of the noise variance."""
        shrunk = self.scores / (self.squares + ridge)
        level = self.root**2 / (self.root**2).sum()
        h, h2 = level + (shrunk * self.scores).sum(1), level + (shrunk**2 * self.squares).sum(1)
        residuals = (self.b - shrunk @ self.products) / self.root
        return np.asarray(residuals**2 / np.maximum(1 - 2 * h + h2, 1e-10))

    def slope(self, ridge: float) -> Matrix:
        """Vᵀγ with shape (m,)."""
        return np.asarray(self.products / (self.squares + ridge))

    def freedom(self, ridge: float) -> float:
        """Degrees of freedom of the fit, with that of the level."""
        return 1 + float((self.squares / (self.squares + ridge)).sum())

    def shared(self, rough: float, smooth: float) -> float:
        """The share of the noise in a fit with ridge `rough` that the residuals of a fit with ridge
        `smooth` contain, as a mean over the rows.
        """
        noise = (self.squares / (self.squares + rough)) ** 2
        return float(
            (noise * (smooth / (self.squares + smooth)) ** 2).sum() / max(noise.sum(), 1e-300)
        )


def neighbours_of(X: Matrix) -> NDArray[np.int64]:
    """Numbers of the k nearest rows of each row of X with shape (n, d), with shape (n, k)."""
    from sklearn.neighbors import NearestNeighbors

    k = min(len(X), round(len(X) ** (2 / 3)))
    return np.asarray(NearestNeighbors(n_neighbors=k).fit(X).kneighbors(X, return_distance=False))


def noise_level(squares: Matrix, neighbours: NDArray[np.int64], weight: Matrix) -> Matrix:
    """σ² with shape (n,) from squared residuals and weights with shape (n,), at least a thousandth
    of the mean.
    """
    w = weight[neighbours]
    local = (w * squares[neighbours]).sum(1) / w.sum(1)
    return np.maximum(local, max(1e-3 * float(weight @ squares / weight.sum()), 1e-300))
