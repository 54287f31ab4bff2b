"""Ridge regression with an unpenalised intercept: the whole path in λ from one eigendecomposition.

With weights w, W = Σ w, A = √w (X − x̄), b = √w (y − ȳ) and AᵀA = V S² Vᵀ:

    β(λ) = V (S² + λ)⁻¹ Vᵀ Aᵀ b        h_i(λ) = w_i / W + Σ_j (A V)_ij² / (S_j² + λ)        leave-one-out residual = r_i / (1 − h_i)

A row of weight 2 is two equal rows for β, and leaving it out leaves out both. λ is relative: λ = g W, so that nothing depends on the unit of weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.tables import Folds, Matrix

GRID = np.logspace(4, -8, 25)


@dataclass(frozen=True)
class RidgePath:
    """x̄ (d,), ȳ (q,), directions V (d, r), S² (r,), scores A V (n, r), their products with b (r, q), √w (n,), b (n, q)."""

    x_mean: Matrix
    y_mean: Matrix
    directions: Matrix
    squares: Matrix
    scores: Matrix
    products: Matrix
    root: Matrix
    b: Matrix

    @classmethod
    def of(cls, X: Matrix, y: Matrix, weight: Matrix) -> RidgePath:
        """Decompose X with shape (n, d) for targets y with shape (n, q), by the smaller of the two Gram matrices."""
        root = np.sqrt(weight)
        x_mean, y_mean = weight @ X / weight.sum(), weight @ y / weight.sum()
        A, b = root[:, None] * (X - x_mean), root[:, None] * (y - y_mean)
        wide = X.shape[1] > len(X)
        squares, vectors = np.linalg.eigh(A @ A.T if wide else A.T @ A)
        kept = squares > 1e-13 * max(squares[-1], 1e-300) if len(squares) else np.zeros(0, dtype=bool)
        squares, vectors = squares[kept], vectors[:, kept]
        directions = A.T @ vectors / np.sqrt(squares) if wide else vectors
        scores = A @ directions
        return cls(x_mean, y_mean, directions, squares, scores, scores.T @ b, root, b)

    def solve(self, lam: float) -> tuple[Matrix, Matrix]:
        """Coefficients with shape (d, q) and intercept with shape (q,)."""
        coef = self.directions @ (self.products / (self.squares + lam)[:, None])
        return coef, self.y_mean - self.x_mean @ coef

    def leave_one_out(self, lam: float) -> Matrix:
        """Leave-one-out residuals of y with shape (n, q); 0 where a row alone decides its own prediction."""
        shrunk = self.scores / (self.squares + lam)
        leverage = self.root**2 / (self.root**2).sum() + (shrunk * self.scores).sum(1)
        residual = self.b - shrunk @ self.products
        return residual / np.maximum(1 - leverage, 1e-10)[:, None] / self.root[:, None]


def path_errors(X: Matrix, y: Matrix, weight: Matrix, folds: Folds | None = None) -> Matrix:
    """Weighted mean squared error left out, for every g of GRID: by single rows in closed form, or by folds where rows hang together."""
    if folds is None:
        path = RidgePath.of(X, y, weight)
        return np.array([weight @ (path.leave_one_out(g * weight.sum()) ** 2).sum(1) for g in GRID]) / weight.sum()
    errors = np.zeros(len(GRID))
    for k in range(folds.count):
        train, out = folds.train(k), folds.held_out(k)
        path, total = RidgePath.of(X[train], y[train], weight[train]), weight[train].sum()
        for j, g in enumerate(GRID):
            coef, intercept = path.solve(g * total)
            errors[j] += weight[out] @ ((y[out] - X[out] @ coef - intercept) ** 2).sum(1)
    return errors / weight[folds.scored].sum()


def best_index(errors: Matrix) -> int:
    """The first, that is the most shrunk, of the errors that are least up to rounding."""
    return int(np.flatnonzero(errors <= errors.min() * (1 + 1e-9) + 1e-30)[0])
