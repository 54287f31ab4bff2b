"""Linear regression with a ridge penalty whose strength leave-one-out chooses; also least squares on ±1 for classes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motifnet.engine import Control
from motifnet.tables import Folds, Matrix, Sample
from motifnet.teachers._base import FittedTeacher, Teacher
from motifnet.teachers._honest import cross_fit, inner_folds
from motifnet.teachers._ridge import GRID, RidgePath, best_index, path_errors


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

    def fit(self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None) -> FittedLinear:
        oof, _ = cross_fit(sample, lambda rows, k: _solve(rows, seed), lambda model, X: X @ model[0] + model[1], n_jobs=n_jobs, control=control)
        return replace(self.fitted_to(sample, seed), oof=oof)

    def fitted_to(self, sample: Sample, seed: int = 0) -> FittedLinear:
        """The fit to all rows, which scores none."""
        return FittedLinear(np.full(sample.y.shape, np.nan), *_solve(sample, seed))


def _solve(sample: Sample, seed: int) -> tuple[Matrix, Matrix]:
    errors = path_errors(sample.X, sample.y, sample.weight, dependent_folds(sample, seed))
    return RidgePath.of(sample.X, sample.y, sample.weight).solve(GRID[best_index(errors)] * sample.weight.sum())


def dependent_folds(sample: Sample, seed: int) -> Folds | None:
    """Folds for the choice of λ where rows hang together by group or time; None where single rows may be left out."""
    if (sample.groups is None and not sample.folds.forward) or sample.n < 2:
        return None
    return inner_folds(sample, 4, seed)
