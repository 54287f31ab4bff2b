"""Linear models by ridge regression: of all columns, and of additive linear splines.

The intercept is unpenalised, and the whole path in λ comes from one eigendecomposition. With
weights w, W = Σ w, A = √w (X − x̄), b = √w (y − ȳ) and AᵀA = V S² Vᵀ:

    β(λ) = V (S² + λ)⁻¹ Vᵀ Aᵀ b        h_i(λ) = w_i / W + Σ_j (A V)_ij² / (S_j² + λ)
    leave-one-out residual = r_i / (1 − h_i)

A row of weight 2 is two equal rows for β, and leaving it out leaves out both. λ = g W is relative,
so that the unit of weights does not matter. Leave-one-out chooses it. For classes this is least
squares on ±1.

`Splines` has one piecewise-linear function for each numeric column, and one level for each category
indicator:

    f(x) = b + Σ_j β_j x_j + Σ_j Σ_k δ_jk σ(x_j − t_jk)
    minimising  Σ w (y − f)² + λ [ |β|² + Σ_jk δ_jk² / (s² h_jk) ]

δ_jk is the change of the derivative at knot t_jk, about f_j'' h_jk with h_jk the spacing of knots,
so that the second sum is the discrete ∫ f_j''². The functions are linear beyond the outer knots. λ
and s are chosen by leave-one-out, which one eigendecomposition for each s gives for all λ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Control, Matrix
from motifnet.tables import Folds, Sample
from motifnet.teachers._base import FittedTeacher, Teacher, cross_fit, inner_folds

GRID = np.logspace(4, -8, 25)  # of g
SMOOTHINGS = (0.1, 1.0, 10.0)  # candidates of s
MAX_HINGES = 400


@dataclass(frozen=True)
class RidgePath:
    """x̄ (d,), ȳ (q,), directions V (d, r), S² (r,), scores A V (n, r), their products with b (r,
    q), √w (n,), b (n, q).
    """

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
        """Decompose X with shape (n, d) for targets y with shape (n, q), by the smaller of the two
        Gram matrices.
        """
        root = np.sqrt(weight)
        x_mean, y_mean = weight @ X / weight.sum(), weight @ y / weight.sum()
        A, b = root[:, None] * (X - x_mean), root[:, None] * (y - y_mean)
        wide = X.shape[1] > len(X)
        squares, vectors = np.linalg.eigh(A @ A.T if wide else A.T @ A)
        kept = (
            squares > 1e-13 * max(squares[-1], 1e-300) if len(squares) else np.zeros(0, dtype=bool)
        )
        squares, vectors = squares[kept], vectors[:, kept]
        directions = A.T @ vectors / np.sqrt(squares) if wide else vectors
        scores = A @ directions
        return cls(x_mean, y_mean, directions, squares, scores, scores.T @ b, root, b)

    def solve(self, lam: float) -> tuple[Matrix, Matrix]:
        """Coefficients with shape (d, q) and intercept with shape (q,)."""
        coef = self.directions @ (self.products / (self.squares + lam)[:, None])
        return coef, self.y_mean - self.x_mean @ coef

    def leave_one_out_errors(self, lams: Matrix) -> Matrix:
        """Σ w_i ‖r_i‖² over leave-one-out residuals r for every λ, with shape (L,). A residual is 0
        in rows whose leverage is 1.
        """
        inverse = 1 / (self.squares[:, None] + lams)
        leverage = self.root[:, None] ** 2 / (self.root**2).sum() + self.scores**2 @ inverse
        left = np.maximum(1 - leverage, 1e-10)
        errors = np.zeros(len(lams))
        for b, products in zip(self.b.T, self.products.T, strict=True):
            residuals = b[:, None] - self.scores @ (products[:, None] * inverse)
            errors += ((residuals / left) ** 2).sum(0)
        return errors


def path_errors(X: Matrix, y: Matrix, weight: Matrix, folds: Folds | None = None) -> Matrix:
    """Weighted mean squared leave-out error for every g of GRID: of single rows in closed form, or
    of folds where rows depend on each other.
    """
    if folds is None:
        total = weight.sum()
        return RidgePath.of(X, y, weight).leave_one_out_errors(GRID * total) / total
    errors = np.zeros(len(GRID))
    for k in range(folds.count):
        train, out = folds.train(k), folds.held_out(k)
        path, total = RidgePath.of(X[train], y[train], weight[train]), weight[train].sum()
        for j, g in enumerate(GRID):
            coef, intercept = path.solve(g * total)
            errors[j] += weight[out] @ ((y[out] - X[out] @ coef - intercept) ** 2).sum(1)
    return errors / weight[folds.scored].sum()


def best_index(errors: Matrix) -> int:
    """The first index, with the most shrinkage, of the errors that are least up to rounding."""
    return int(np.flatnonzero(errors <= errors.min() * (1 + 1e-9) + 1e-30)[0])


@dataclass(frozen=True)
class FittedLinear(FittedTeacher):
    """x ↦ xᵀ coef + intercept, with coef of shape (d, q) and intercept of shape (q,)."""

    coef: Matrix
    intercept: Matrix

    def predict(self, X: Matrix) -> Matrix:
        return X @ self.coef + self.intercept


@dataclass(frozen=True)
class Linear(Teacher):
    """Ridge on all columns."""

    def fit(
        self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
    ) -> FittedLinear:
        oof, _ = cross_fit(
            sample,
            lambda rows, k: _solve(rows, seed),
            lambda model, X: X @ model[0] + model[1],
            n_jobs=n_jobs,
            control=control,
        )
        return replace(self.fitted_to(sample, seed), oof=oof)

    def fitted_to(self, sample: Sample, seed: int = 0) -> FittedLinear:
        """The fit to all rows, without out-of-fold predictions."""
        return FittedLinear(np.full(sample.y.shape, np.nan), *_solve(sample, seed))


def _solve(sample: Sample, seed: int) -> tuple[Matrix, Matrix]:
    rows, lams = (sample.X, sample.y, sample.weight), GRID * sample.weight.sum()
    path, folds = RidgePath.of(*rows), dependent_folds(sample, seed)
    errors = path.leave_one_out_errors(lams) if folds is None else path_errors(*rows, folds)
    return path.solve(lams[best_index(errors)])


def dependent_folds(sample: Sample, seed: int) -> Folds | None:
    """Folds for the choice of λ where rows depend on each other by group or time; None where single
    rows may be left out.
    """
    if (sample.groups is None and not sample.folds.forward) or sample.n < 2:
        return None
    return inner_folds(sample, 4, seed)


@dataclass(frozen=True)
class Additive:
    """The function above: columns (h,) and knots (h,) of the hinges, linear part (d, q), changes of
    slope (h, q), intercept (q,).
    """

    columns: NDArray[np.int64]
    knots: Matrix
    linear: Matrix
    changes: Matrix
    intercept: Matrix

    def predict(self, X: Matrix) -> Matrix:
        return X @ self.linear + hinges(X, self.columns, self.knots) @ self.changes + self.intercept


@dataclass(frozen=True)
class FittedSplines(FittedTeacher):
    """An additive function."""

    function: Additive

    def predict(self, X: Matrix) -> Matrix:
        return self.function.predict(X)


@dataclass(frozen=True)
class Splines(Teacher):
    """Additive linear splines with up to `knots` knots per column, and fewer for many columns or
    few rows.
    """

    knots: int = 20

    def fit(
        self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
    ) -> FittedSplines:
        oof, _ = cross_fit(
            sample,
            lambda rows, k: self._solve(rows, seed),
            Additive.predict,
            n_jobs=n_jobs,
            control=control,
        )
        return FittedSplines(oof, self._solve(sample, seed))

    def _solve(self, sample: Sample, seed: int) -> Additive:
        numeric = (
            np.ones(sample.X.shape[1], dtype=bool) if sample.numeric is None else sample.numeric
        )
        limit = min(self.knots, MAX_HINGES // max(1, int(numeric.sum())), sample.n // 10)
        columns, knots, spacing = place_knots(sample.X, numeric, limit)
        H, folds = hinges(sample.X, columns, knots), dependent_folds(sample, seed)
        designs = [
            np.hstack([sample.X, H * (s * np.sqrt(spacing))])
            for s in (SMOOTHINGS if len(knots) else (1.0,))
        ]
        errors = [path_errors(design, sample.y, sample.weight, folds) for design in designs]
        chosen = int(np.argmin([e.min() for e in errors]))
        lam = GRID[best_index(errors[chosen])] * sample.weight.sum()
        coef, intercept = RidgePath.of(designs[chosen], sample.y, sample.weight).solve(lam)
        linear, scaled = coef[: sample.X.shape[1]], coef[sample.X.shape[1] :]
        return Additive(
            columns,
            knots,
            linear,
            scaled * (SMOOTHINGS[chosen] * np.sqrt(spacing))[:, None],
            intercept,
        )


def hinges(X: Matrix, columns: NDArray[np.int64], knots: Matrix) -> Matrix:
    """σ(x_j − t) for every hinge, with shape (n, h)."""
    return np.maximum(X[:, columns] - knots, 0)


def place_knots(
    X: Matrix, numeric: NDArray[np.bool_], limit: int
) -> tuple[NDArray[np.int64], Matrix, Matrix]:
    """Columns, knots and spacings of the hinges: up to `limit` knots per numeric column, at
    quantiles inside its range.
    """
    columns, knots, spacings = [np.zeros(0, dtype=np.int64)], [np.zeros(0)], [np.zeros(0)]
    for j in np.flatnonzero(numeric):
        values = np.unique(X[:, j])
        inner = (
            np.unique(np.quantile(X[:, j], np.linspace(0, 1, limit + 2)[1:-1], method="nearest"))
            if len(values) > limit + 2
            else values
        )
        inner = inner[(inner > values[0]) & (inner < values[-1])][:limit]
        if len(inner) == 0:
            continue
        edges = np.concatenate([values[:1], inner, values[-1:]])
        columns.append(np.full(len(inner), j))
        knots.append(inner)
        spacings.append((edges[2:] - edges[:-2]) / 2)
    return np.concatenate(columns), np.concatenate(knots), np.concatenate(spacings)
