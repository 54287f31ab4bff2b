"""Kernel ridge regression with an unpenalised intercept: the convex teacher.

    f(x) = b + Σ_i α_i k(x, x_i)   minimises   Σ w (y − f)² + λ αᵀKα

in closed form (`kernels._leave_out`). Length scale and λ have the least leave-out error on a grid,
on few rows. For the out-of-fold prediction of fold k, these are training rows of fold k only.
Several target columns share the factorisation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.engine import Control, Matrix, parallel_map
from motifnet.kernels import (
    CAPACITY,
    Capacity,
    EveryFold,
    GridChoice,
    Kernel,
    Partition,
    Solution,
    affordable,
    blocks_of,
    every_fold,
    fit_with_held_out,
    grid_search,
    median_distances,
    start_kernel,
)
from motifnet.tables import Sample, drawn
from motifnet.teachers._base import FittedTeacher, Teacher

INNER_ROWS = 1_000  # that choose λ where there is a single fold
_SHARE = 0.2  # of the time that is left, as trees come next
Solved = tuple[Matrix, Kernel, Solution, EveryFold | None]


@dataclass(frozen=True)
class FittedKernel(FittedTeacher):
    """f(x) = intercept + kernel(x, centres) @ dual, with centres (m, d), dual (m, q), intercept
    (q,); λ, and the start of feature-layer training.

    `shortened`: a time limit has reduced the number of centres.
    """

    kernel: Kernel
    centres: Matrix
    dual: Matrix
    intercept: Matrix
    ridge: float
    choices: tuple[GridChoice, ...] = field(default=())
    medians: dict[int, float] = field(default_factory=dict)
    shortened: bool = False

    def predict(self, X: Matrix) -> Matrix:
        return self.kernel(X, self.centres) @ self.dual + self.intercept


@dataclass(frozen=True)
class KernelRidge(Teacher):
    """Kernel ridge with the mixture of `profiles` at equal weights; the grid uses at most
    `grid_rows` rows. Where a single fold is scored, at most `fitted_rows` of its training rows are
    fitted: m coefficients from n rows add σ² m / n to the squared error.
    """

    profiles: tuple[str, ...] = ("laplace1", "laplace2", "gaussian")
    capacity: Capacity = CAPACITY
    grid_rows: int = 300
    fitted_rows: int | None = None

    def fit(
        self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
    ) -> FittedKernel:
        return self.fit_with_folds(sample, seed=seed, n_jobs=n_jobs, control=control)[0]

    def fit_with_folds(
        self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
    ) -> tuple[FittedKernel, EveryFold | None]:
        """The fit, and its folds if these share one encoding: they give other λ without the
        longest part of the work.

        The fit always finishes: it has fewer centres where the time of the control is short.
        """
        if (some := self._some(sample, seed)) is not None:
            every = replace(self, fitted_rows=None)
            fitted, _ = every.fit_with_folds(
                sample.encoded_rows(some), seed=seed, n_jobs=n_jobs, control=control
            )
            oof = np.full(sample.y.shape, np.nan)
            oof[some] = fitted.oof
            return replace(fitted, oof=oof), None
        rng = np.random.default_rng(seed)
        medians = median_distances(
            torch.as_tensor(sample.X[np.sort(rng.permutation(sample.n)[: self.grid_rows])])
        )
        everyone = np.ones(sample.n, dtype=bool)
        tasks: list[int | None] = [*range(sample.folds.count), None]

        def choose(k: int | None) -> GridChoice:
            return choose_scale(
                sample, everyone if k is None else sample.folds.train(k), k, self, medians, seed
            )

        choices = parallel_map(choose, tasks, n_jobs)
        solve = self._solve_shared if one_encoding(sample) else self._solve_each
        codes = sample.codes()
        wanted = self.capacity.of_distinct(sample.n, int(codes.max()) + 1)
        capacity = self._planned(wanted, sample, choices, medians, control or Control())
        oof, kernel, s, folds = solve(sample, choices, medians, capacity, seed, n_jobs)
        centres = sample.X[s.centres.numpy()]
        shortened = capacity is not wanted
        return FittedKernel(
            oof=oof,
            kernel=kernel,
            centres=centres,
            dual=s.dual.numpy(),
            intercept=s.intercept.numpy(),
            ridge=s.ridge,
            choices=tuple(choices),
            medians=medians,
            shortened=shortened,
        ), folds

    def _some(self, sample: Sample, seed: int) -> NDArray[np.bool_] | None:
        """The held-out rows and the training rows that are fitted, as a mask; None where these are
        all.
        """
        if self.fitted_rows is None or sample.folds.count != 1 or sample.folds.forward:
            return None
        train = sample.folds.train(0)
        if train.sum() <= self.fitted_rows:
            return None
        return ~train | drawn(train, self.fitted_rows, np.random.default_rng([seed, 46]))

    def _planned(
        self,
        wanted: Capacity,
        sample: Sample,
        choices: list[GridChoice],
        medians: dict[int, float],
        control: Control,
    ) -> Capacity:
        """The capacity that a share of the time that is left allows, with one solution for each
        kernel or encoding.
        """
        solutions = (
            len({choice.scale for choice in choices}) if one_encoding(sample) else len(choices)
        )
        gram = start_kernel(self.profiles, medians, choices[-1].scale).gram
        return affordable(
            wanted,
            gram,
            torch.as_tensor(sample.X),
            control,
            fits=len(choices),
            share=_SHARE / solutions,
        )

    def _solve_shared(
        self,
        sample: Sample,
        choices: list[GridChoice],
        medians: dict[int, float],
        capacity: Capacity,
        seed: int,
        n_jobs: int,
    ) -> Solved:
        """Folds with the same length scale share what does not depend on λ."""
        X = torch.as_tensor(sample.X)
        y = torch.as_tensor(sample.y)
        w = torch.as_tensor(sample.weight)
        oof = np.full(sample.y.shape, np.nan)
        folds = None
        final = len(choices) - 1
        codes = torch.as_tensor(sample.codes())
        # the scale of the fit on all rows comes last, as its folds are returned
        for scale in sorted(
            {choice.scale for choice in choices}, key=lambda scale: scale == choices[final].scale
        ):
            gram = start_kernel(self.profiles, medians, scale).gram
            folds = every_fold(
                gram,
                X,
                y,
                w,
                fold_blocks(sample),
                seed=seed,
                n_jobs=n_jobs,
                capacity=capacity,
                codes=codes,
            )
            mine = [k for k in range(final) if choices[k].scale == scale]
            for rows, predictions in parallel_map(partial(_without, folds, choices), mine, n_jobs):
                oof[rows] = predictions
        assert folds is not None
        return (
            oof,
            start_kernel(self.profiles, medians, choices[final].scale),
            folds.fit(choices[final].ridge),
            folds,
        )

    def _solve_each(
        self,
        sample: Sample,
        choices: list[GridChoice],
        medians: dict[int, float],
        capacity: Capacity,
        seed: int,
        n_jobs: int,
    ) -> Solved:
        """One fit for each fold, where folds have their own encoding or look forward in time."""
        y, w = torch.as_tensor(sample.y), torch.as_tensor(sample.weight)

        def solve(k: int) -> Solution:
            final = k == sample.folds.count
            view = None if final else k
            Z = torch.as_tensor(sample.X if final else sample.view(k))
            codes = torch.as_tensor(sample.codes(view))
            kernel = start_kernel(self.profiles, medians, choices[k].scale)
            part = None if final else fold_partition(sample, k)
            return fit_with_held_out(
                kernel.gram,
                Z,
                y,
                w,
                part,
                [choices[k].ridge],
                seed=seed,
                capacity=capacity,
                codes=codes,
            )

        solutions = parallel_map(solve, range(sample.folds.count + 1), n_jobs)
        oof = np.full(sample.y.shape, np.nan)
        for k in range(sample.folds.count):
            rows = sample.folds.held_out(k)
            oof[rows] = solutions[k].held_out.numpy()[rows]
        return oof, start_kernel(self.profiles, medians, choices[-1].scale), solutions[-1], None


def _without(folds: EveryFold, choices: list[GridChoice], k: int) -> tuple[Matrix, Matrix]:
    rows, predictions = folds.without(k, choices[k].ridge)
    return rows.numpy(), predictions.numpy()


def one_encoding(sample: Sample) -> bool:
    """Whether all folds have the same encoded rows, so that they share one Gram matrix."""
    return sample.views is None and not sample.folds.forward


def fold_blocks(sample: Sample) -> list[torch.Tensor]:
    """The rows of each fold."""
    return [
        torch.as_tensor(np.flatnonzero(sample.folds.held_out(k))) for k in range(sample.folds.count)
    ]


def choose_scale(
    sample: Sample,
    rows: np.ndarray,
    k: int | None,
    teacher: KernelRidge,
    medians: dict[int, float],
    seed: int,
) -> GridChoice:
    """Length scale and λ by leave-out error on some of `rows` (a mask), in the encoding of
    fold k.
    """
    chosen = np.sort(
        np.random.default_rng([seed, 1]).permutation(np.flatnonzero(rows))[: teacher.grid_rows]
    )
    matrix = sample.X if k is None else sample.view(k)
    chosen, blocks = left_out_together(sample, chosen)
    X, y, w = (torch.as_tensor(part[chosen]) for part in (matrix, sample.y, sample.weight))
    return grid_search(X, y, w, teacher.profiles, medians, blocks)


def left_out_together(
    sample: Sample, rows: np.ndarray, moment: float = 2 / 3
) -> tuple[np.ndarray, list[torch.Tensor] | None]:
    """Rows for leave-out scores, and their blocks: None for single rows, whole groups, or with time
    all rows after `moment`, a quantile of time.

    With groups and time, the rows exclude earlier rows of a group that is scored later.
    """
    groups = None if sample.groups is None else sample.groups[rows]
    if sample.time is not None:
        time = sample.time[rows]
        later = time > np.quantile(time, moment, method="nearest")
        kept = later | (
            np.ones(len(rows), dtype=bool) if groups is None else ~np.isin(groups, groups[later])
        )
        later = later[kept]
        if 0 < later.sum() < len(later):
            return rows[kept], [torch.as_tensor(np.flatnonzero(later))[None]]
    blocks = None if groups is None else blocks_of(torch.as_tensor(groups), len(rows))
    return rows, blocks if blocks is not None and sum(map(len, blocks)) > 1 else None


def fold_partition(sample: Sample, k: int) -> Partition:
    """Training rows of fold k, and the inner blocks that choose λ: the other folds, or with time
    the last fold before k.
    """
    folds, train = sample.folds, sample.folds.train(k)
    if folds.forward:
        before = train & folds.train(k - 1) if k else np.zeros_like(train)
        block, scored = train & ~before, train & folds.held_out(k - 1)
        if not (before.any() and scored.any()):
            return Partition(torch.as_tensor(train), ())
        return Partition(
            torch.as_tensor(train), (torch.as_tensor(block),), torch.as_tensor(~scored)
        )
    others = [folds.held_out(j) for j in range(folds.count) if j != k]
    if not others:  # a single fold: some of its training rows
        some = drawn(train, min(INNER_ROWS, int(train.sum()) // 2), np.random.default_rng(0))
        groups = sample.groups
        others = [some if groups is None else train & np.isin(groups, groups[some])]
    inner = (torch.as_tensor(block) for block in others if (train & ~block).any())
    return Partition(torch.as_tensor(train), tuple(inner))
