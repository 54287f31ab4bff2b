"""Kernel ridge regression with an unpenalised intercept: the convex teacher.

    f(x) = b + Σ_i α_i k(x, x_i),  minimising Σ w (y − f)² + λ αᵀKα  (closed form, see kernels._leave_out)

Length scale and λ come from a grid by leave-out error on at most 600 rows; for the honest prediction of fold k the grid sees only the rows from which fold k may be
predicted. Several target columns share the factorisation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from motifnet.engine import Control, parallel_map
from motifnet.kernels import GridChoice, Kernel, Partition, blocks_of, fit_with_held_out, grid_search, median_distances, start_kernel
from motifnet.tables import Sample
from motifnet.teachers._base import FittedTeacher, Matrix, Teacher

GRID_ROWS = 600


@dataclass(frozen=True)
class FittedKernel(FittedTeacher):
    """f(x) = intercept + kernel(x, centres) @ dual, with centres (m, d), dual (m, q), intercept (q,); λ and the start of inner-layer training."""

    kernel: Kernel
    centres: Matrix
    dual: Matrix
    intercept: Matrix
    ridge: float
    choices: tuple[GridChoice, ...] = field(default=())
    medians: dict[int, float] = field(default_factory=dict)

    def predict(self, X: Matrix) -> Matrix:
        return self.kernel(X, self.centres) @ self.dual + self.intercept


@dataclass(frozen=True)
class KernelRidge(Teacher):
    """Kernel ridge with the mixture of `profiles` at equal weights."""

    name = "kernel ridge"
    profiles: tuple[str, ...] = ("laplace1", "laplace2", "gaussian")

    def fit(self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None) -> FittedKernel:
        X, y, w = torch.as_tensor(sample.X), torch.as_tensor(sample.y), torch.as_tensor(sample.weight)
        rng = np.random.default_rng(seed)
        medians = median_distances(X[torch.as_tensor(np.sort(rng.permutation(sample.n)[:GRID_ROWS]))])
        everyone = np.ones(sample.n, dtype=bool)

        def choose(k: int | None) -> GridChoice:
            return choose_scale(sample, everyone if k is None else sample.folds.train(k), k, self.profiles, medians, seed)

        def solve(k: int | None) -> tuple[torch.Tensor, FittedKernel]:
            choice = choices[-1 if k is None else k]
            kernel = start_kernel(self.profiles, medians, choice.scale)
            Z = X if k is None else torch.as_tensor(sample.view(k))
            part = None if k is None else fold_partition(sample, k)
            s = fit_with_held_out(kernel.gram, Z, y, w, part, [choice.ridge], seed)
            fitted = FittedKernel(np.empty((0, 0)), kernel, Z[s.centres].numpy(), s.dual.numpy(), s.intercept.numpy(), choice.ridge)
            return s.held_out, fitted

        tasks: list[int | None] = [*range(sample.folds.count), None]
        choices = parallel_map(choose, tasks, n_jobs)
        results = parallel_map(solve, tasks, n_jobs)
        oof = np.full(sample.y.shape, np.nan)
        for k in range(sample.folds.count):
            rows = sample.folds.held_out(k)
            oof[rows] = results[k][0].numpy()[rows]
        final = results[-1][1]
        return FittedKernel(oof, final.kernel, final.centres, final.dual, final.intercept, final.ridge, tuple(choices), medians)


def choose_scale(sample: Sample, rows: np.ndarray, k: int | None, profiles: tuple[str, ...], medians: dict[int, float], seed: int) -> GridChoice:
    """Length scale and λ by leave-out error on at most 600 of `rows` (a mask), in the encoding of fold k."""
    chosen = np.sort(np.random.default_rng([seed, 1]).permutation(np.flatnonzero(rows))[:GRID_ROWS])
    matrix = sample.X if k is None else sample.view(k)
    X, y, w = (torch.as_tensor(part[chosen]) for part in (matrix, sample.y, sample.weight))
    return grid_search(X, y, w, profiles, medians, left_out_together(sample, chosen))


def left_out_together(sample: Sample, rows: np.ndarray) -> list[torch.Tensor] | None:
    """Blocks of `rows` for leave-out scores: None for single rows, whole groups, or with time the later third."""
    if sample.time is not None:
        time = sample.time[rows]
        later = time > np.quantile(time, 2 / 3, method="nearest")
        return [torch.as_tensor(np.flatnonzero(later))] if later.any() else None
    if sample.groups is None:
        return None
    blocks = blocks_of(torch.as_tensor(sample.groups[rows]), len(rows))
    return blocks if blocks is not None and len(blocks) > 1 else None


def fold_partition(sample: Sample, k: int) -> Partition:
    """Training rows of fold k and the inner blocks that choose λ: the other folds, or with time the last fold before k."""
    folds = sample.folds
    inner = [j for j in range(folds.count) if (j == k - 1 if folds.forward else j != k)]
    masks = tuple(torch.as_tensor(folds.held_out(j)) for j in inner) if len(inner) > 1 or folds.forward else ()
    return Partition(torch.as_tensor(folds.train(k)), masks)
