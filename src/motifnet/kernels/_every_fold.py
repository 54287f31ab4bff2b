"""All folds of one sample at one kernel, for several λ: what does not depend on λ is computed once.

Exactly, that is the Gram matrix of all rows; with landmarks, the sums S_k and c_k of every fold (see `_landmarks`), from which the fit without fold k
follows for any λ by one factorisation of m + 1 rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from motifnet.engine import parallel_map
from motifnet.kernels._fit import CAPACITY, Capacity, Solution
from motifnet.kernels._landmarks import Gram, Landmarks, Sums, solve_folds, summed
from motifnet.kernels._leave_out import solve_ridge


class EveryFold(Protocol):
    """The fit on all rows, and predictions of every block by the fit without it."""

    def solve(self, ridge: float, n_jobs: int = 1) -> Solution: ...


def every_fold(
    gram: Gram, Z: Tensor, y: Tensor, w: Tensor, blocks: Sequence[Tensor], *, seed: int = 0, n_jobs: int = 1, capacity: Capacity = CAPACITY
) -> EveryFold:
    """Rows Z with shape (n, d), targets y with shape (n, q), weights w with shape (n,), and the rows of each block; blocks do not overlap."""
    if len(Z) <= capacity.exact_rows:
        return ExactFolds(gram(Z, Z), y, w, tuple(blocks))
    marks = Landmarks.choose(gram, Z, capacity.landmarks, seed)
    marked = marks.marked
    rest = ~marked
    cells = {}
    for k, block in enumerate(blocks):
        cells[str(k)] = block[~marked[block]]
        rest[block] = False
    cells |= {"landmarks": marks.chosen, "rest": torch.nonzero(rest).ravel()}
    sums = parallel_map(lambda rows: marks.normal_equations(rows, y, w), cells.values(), n_jobs)
    return LandmarkFolds(marks, cells, dict(zip(cells, sums, strict=True)), y)


@dataclass(frozen=True)
class ExactFolds:
    """The Gram matrix K with shape (n, n); a fold is a job."""

    K: Tensor
    y: Tensor
    w: Tensor
    blocks: tuple[Tensor, ...]

    def solve(self, ridge: float, n_jobs: int = 1) -> Solution:
        (dual, b), *predictions = parallel_map(lambda block: self._without(block, ridge), [None, *self.blocks], n_jobs)
        held_out = torch.full_like(self.y, float("nan"))
        for rows, (prediction, _) in zip(self.blocks, predictions, strict=True):
            held_out[rows] = prediction
        return Solution(torch.arange(len(self.K)), dual, b, ridge, held_out)

    def _without(self, block: Tensor | None, ridge: float) -> tuple[Tensor, Tensor]:
        """Dual and intercept of all rows, or predictions of a block by the fit without it."""
        if block is None:
            return solve_ridge(self.K, self.y, ridge / self.w)
        others = torch.ones(len(self.K), dtype=torch.bool)
        others[block] = False
        kept = torch.nonzero(others).ravel()
        dual, b = solve_ridge(self.K[kept[:, None], kept], self.y[kept], ridge / self.w[kept])
        return self.K[block[:, None], kept] @ dual + b, b


@dataclass(frozen=True)
class LandmarkFolds:
    """Sums by cell: the rows of each block but the landmarks, which stay in every fit and are not predicted; the landmarks; rows of no block."""

    marks: Landmarks
    cells: dict[str, Tensor]
    sums: dict[str, Sums]
    y: Tensor

    def solve(self, ridge: float, n_jobs: int = 1) -> Solution:
        names = [name for name in self.cells if name not in ("landmarks", "rest")]

        def without(name: str | None) -> tuple[Tensor, Tensor]:
            gamma = solve_folds(*summed(self.sums, set() if name is None else {name}), ridge)
            return gamma, gamma if name is None else self.marks.predict(self.cells[name], gamma)

        (gamma, _), *predictions = parallel_map(without, [None, *names], n_jobs)
        held_out = torch.full_like(self.y, float("nan"))
        for name, (_, prediction) in zip(names, predictions, strict=True):
            held_out[self.cells[name]] = prediction
        return Solution(self.marks.chosen, self.marks.dual(gamma), gamma[-1], ridge, held_out)
