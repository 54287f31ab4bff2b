"""All folds of one sample at one kernel, for several λ: what does not depend on λ is computed once.

Exactly, that is the Gram matrix of all rows; with landmarks, the sums of every fold (see `_cells`), from which the fit without fold k follows for any
λ by one factorisation of at most m + 1 rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from motifnet.engine import parallel_map
from motifnet.kernels._cells import Cells
from motifnet.kernels._fit import Solution
from motifnet.kernels._landmarks import Gram, Landmarks, Normal
from motifnet.kernels._leave_out import solve_ridge
from motifnet.kernels._plan import CAPACITY, Capacity


class EveryFold(ABC):
    """The fit on all rows, and predictions of every block by the fit without it."""

    y: Tensor
    count: int

    @abstractmethod
    def fit(self, ridge: float) -> Solution:
        """The fit on all rows; nothing is held out."""

    @abstractmethod
    def without(self, k: int, ridge: float) -> tuple[Tensor, Tensor]:
        """Rows of block k, and their predictions with shape (rows, q) by the fit without the block."""

    def solve(self, ridge: float, n_jobs: int = 1) -> Solution:
        """The fit on all rows with the held-out predictions of every block; a block is a job."""
        parts = parallel_map(lambda k: self.without(k, ridge), range(self.count), n_jobs)
        return replace(self.fit(ridge), held_out=self.placed(parts))

    def placed(self, parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Held-out predictions with shape (n, q) of those of the blocks; NaN elsewhere."""
        held_out = torch.full_like(self.y, float("nan"))
        for rows, prediction in parts:
            held_out[rows] = prediction
        return held_out


def every_fold(
    gram: Gram,
    Z: Tensor,
    y: Tensor,
    w: Tensor,
    blocks: Sequence[Tensor],
    *,
    seed: int = 0,
    n_jobs: int = 1,
    capacity: Capacity = CAPACITY,
    codes: Tensor | None = None,
) -> EveryFold:
    """Rows Z with shape (n, d), targets y with shape (n, q), weights w with shape (n,), and the rows of each block; blocks do not overlap.

    `codes` with shape (n,): equal rows share one; all rows differ where None.
    """
    if len(Z) <= capacity.exact_rows:
        return ExactFolds(gram(Z, Z), y, w, tuple(blocks), len(blocks))
    marks = Landmarks.choose(gram, Z, capacity.landmarks, seed, codes=codes)
    cells = Cells.of(marks, y, w, {str(k): block for k, block in enumerate(blocks)}, n_jobs)

    def without(k: int) -> Normal:
        others = torch.ones(len(Z), dtype=torch.bool)
        others[blocks[k]] = False
        return cells.without({str(k)}, others)

    folds = parallel_map(without, range(len(blocks)), n_jobs)
    return LandmarkFolds(marks, tuple(blocks), cells.without(()), tuple(folds), y, len(blocks))


@dataclass(frozen=True)
class ExactFolds(EveryFold):
    """The Gram matrix K with shape (n, n)."""

    K: Tensor
    y: Tensor
    w: Tensor
    blocks: tuple[Tensor, ...]
    count: int

    def fit(self, ridge: float) -> Solution:
        dual, b = solve_ridge(self.K, self.y, ridge / self.w)
        return Solution(torch.arange(len(self.K)), dual, b, ridge, self.placed([]))

    def without(self, k: int, ridge: float) -> tuple[Tensor, Tensor]:
        block, others = self.blocks[k], torch.ones(len(self.K), dtype=torch.bool)
        others[block] = False
        kept = torch.nonzero(others).ravel()
        dual, b = solve_ridge(self.K[kept[:, None], kept], self.y[kept], ridge / self.w[kept])
        return block, self.K[block[:, None], kept] @ dual + b


@dataclass(frozen=True)
class LandmarkFolds(EveryFold):
    """Normal equations of all rows, and of all but each block, with the landmarks that are left."""

    marks: Landmarks
    blocks: tuple[Tensor, ...]
    whole: Normal
    folds: tuple[Normal, ...]
    y: Tensor
    count: int

    def fit(self, ridge: float) -> Solution:
        gamma = self.whole.solve(ridge)
        return Solution(self.marks.chosen, self.marks.dual(gamma), gamma[-1], ridge, self.placed([]))

    def without(self, k: int, ridge: float) -> tuple[Tensor, Tensor]:
        return self.blocks[k], self.marks.predict(self.blocks[k], self.folds[k].solve(ridge))
