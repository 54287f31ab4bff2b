"""Additive linear splines: one piecewise-linear function a numeric column, one level a category indicator, by ridge regression.

    f(x) = b + Σ_j β_j x_j + Σ_j Σ_k δ_jk σ(x_j − t_jk),    minimising  Σ w (y − f)² + λ [ |β|² + Σ_jk δ_jk² / (s² h_jk) ]

δ_jk is the change of slope at knot t_jk, about f_j'' h_jk with h_jk the spacing of knots, so that the second sum is the discrete ∫ f_j''². Linear
beyond the outer knots. λ and s are chosen by leave-one-out, which one eigendecomposition for each s gives for all λ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Control
from motifnet.tables import Matrix, Sample
from motifnet.teachers._base import FittedTeacher, Teacher
from motifnet.teachers._honest import cross_fit
from motifnet.teachers._linear import dependent_folds
from motifnet.teachers._ridge import GRID, RidgePath, best_index, path_errors

SMOOTHNESS = (0.1, 1.0, 10.0)
MAX_HINGES = 400


@dataclass(frozen=True)
class Additive:
    """The function above: columns (h,) and knots (h,) of the hinges, linear part (d, q), changes of slope (h, q), intercept (q,)."""

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
    """Additive linear splines with up to `knots` knots a column, fewer where columns are many or rows are few."""

    knots: int = 20

    def fit(self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None) -> FittedSplines:
        oof, _ = cross_fit(sample, lambda rows, k: self._solve(rows, seed), Additive.predict, n_jobs=n_jobs, control=control)
        return FittedSplines(oof, self._solve(sample, seed))

    def _solve(self, sample: Sample, seed: int) -> Additive:
        numeric = np.ones(sample.X.shape[1], dtype=bool) if sample.numeric is None else sample.numeric
        limit = min(self.knots, MAX_HINGES // max(1, int(numeric.sum())), sample.n // 10)
        columns, knots, spacing = place_knots(sample.X, numeric, limit)
        H, folds = hinges(sample.X, columns, knots), dependent_folds(sample, seed)
        designs = [np.hstack([sample.X, H * (s * np.sqrt(spacing))]) for s in (SMOOTHNESS if len(knots) else (1.0,))]
        errors = [path_errors(design, sample.y, sample.weight, folds) for design in designs]
        chosen = int(np.argmin([e.min() for e in errors]))
        lam = GRID[best_index(errors[chosen])] * sample.weight.sum()
        coef, intercept = RidgePath.of(designs[chosen], sample.y, sample.weight).solve(lam)
        linear, scaled = coef[: sample.X.shape[1]], coef[sample.X.shape[1] :]
        return Additive(columns, knots, linear, scaled * (SMOOTHNESS[chosen] * np.sqrt(spacing))[:, None], intercept)


def hinges(X: Matrix, columns: NDArray[np.int64], knots: Matrix) -> Matrix:
    """σ(x_j − t) for every hinge, with shape (n, h)."""
    return np.maximum(X[:, columns] - knots, 0)


def place_knots(X: Matrix, numeric: NDArray[np.bool_], limit: int) -> tuple[NDArray[np.int64], Matrix, Matrix]:
    """Columns, knots and spacings of the hinges: up to `limit` knots a numeric column at quantiles of its different values, inside its range."""
    columns, knots, spacings = [np.zeros(0, dtype=np.int64)], [np.zeros(0)], [np.zeros(0)]
    for j in np.flatnonzero(numeric):
        values = np.unique(X[:, j])
        inner = np.unique(np.quantile(X[:, j], np.linspace(0, 1, limit + 2)[1:-1], method="nearest")) if len(values) > limit + 2 else values
        inner = inner[(inner > values[0]) & (inner < values[-1])][:limit]
        if len(inner) == 0:
            continue
        edges = np.concatenate([values[:1], inner, values[-1:]])
        columns.append(np.full(len(inner), j))
        knots.append(inner)
        spacings.append((edges[2:] - edges[:-2]) / 2)
    return np.concatenate(columns), np.concatenate(knots), np.concatenate(spacings)
