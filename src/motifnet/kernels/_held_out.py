"""One fit, its λ and its held-out predictions of one fold, exactly or by landmarks.

For fold k with training rows T, leave-block-out over the inner blocks of T chooses λ among
candidates, never fold k itself. The fit without the rows outside T predicts fold k. The fit on all
rows with the same λ comes from the same factorisation.

All folds of one sample at one kernel, for several λ: what does not depend on λ is computed once.

In exact fits this is the Gram matrix of all rows. With landmarks it is the sums of every fold
(`Cells` of `_landmarks.py`). From these, one factorisation of at most m + 1 rows gives the fit
without fold k for any λ.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from motifnet.engine import parallel_map
from motifnet.kernels._capacity import CAPACITY, Capacity
from motifnet.kernels._landmarks import Cells, Gram, Landmarks, Normal
from motifnet.kernels._leave_out import factor, solve_factored, solve_ridge

MIN_SCORED_ROWS = 500  # that choose λ among few candidates
MAX_CHOICE_ROWS = 1_000  # of a fit for the choice of λ alone


@dataclass(frozen=True)
class Partition:
    """Training rows of one fold and its inner blocks, which are left out in turn to choose λ.

    All are masks with shape (n,), and the blocks lie inside the training rows. `silent`: rows that
    are left out with their block and not scored, such as earlier rows of a group that is scored
    later.
    """

    train: Tensor
    inner: tuple[Tensor, ...]
    silent: Tensor | None = None

    def scored(self, block: Tensor) -> Tensor:
        """The rows of a block that are scored."""
        return block if self.silent is None else block & ~self.silent


@dataclass(frozen=True)
class Solution:
    """Centres (row numbers), dual (m, q) and intercept (q,) of the fit on all rows; λ; held-out
    predictions (n, q), NaN in rows that are not held out.
    """

    centres: Tensor
    dual: Tensor
    intercept: Tensor
    ridge: float
    held_out: Tensor


def fit_with_held_out(
    gram: Gram,
    Z: Tensor,
    y: Tensor,
    w: Tensor,
    part: Partition | None,
    ridges: Sequence[float],
    *,
    seed: int = 0,
    capacity: Capacity = CAPACITY,
    codes: Tensor | None = None,
) -> Solution:
    """Fit rows Z with shape (n, d) to y with shape (n, q). Without a `part` there are no held-out
    rows, and λ is the middle candidate.

    `codes` with shape (n,): equal rows share one; all rows differ where None.
    """
    part = part and replace(part, inner=enough(part.inner) if len(ridges) > 1 else ())
    if len(Z) > capacity.exact_rows:
        marks = Landmarks.choose(
            gram, Z, capacity.landmarks, seed, None if part is None else part.train, codes
        )
        return _fit_landmarks(marks, y, w, part, ridges)
    nothing = torch.full_like(y, float("nan"))
    if part is None:
        ridge = ridges[len(ridges) // 2]
        dual, b = solve_ridge(gram(Z, Z), y, ridge / w)
        return Solution(torch.arange(len(Z)), dual, b, ridge, nothing)
    # Training rows come first: the Cholesky factor of their Gram matrix is then the leading block
    # of the factor of the whole.
    order, m = torch.argsort((~part.train).to(torch.int8), stable=True), int(part.train.sum())
    Z, y, w = Z[order], y[order], w[order]
    K = gram(Z, Z)
    inner = [(part.scored(block)[order][:m], ~block[order][:m]) for block in part.inner]
    ridge = _choose_exact(K[:m, :m], y[:m], w[:m], inner, ridges)
    L = factor(K, ridge / w)
    dual, b = solve_factored(L[:m, :m], y[:m])
    nothing[order[m:]] = K[m:, :m] @ dual + b
    dual, b = solve_factored(L, y)
    return Solution(order, dual, b, ridge, nothing)


def enough(blocks: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The first blocks that together have `MIN_SCORED_ROWS` rows, or all blocks."""
    before = 0
    kept = []
    for block in blocks:
        if before < MIN_SCORED_ROWS:
            kept.append(block)
        before += int(block.sum())
    return tuple(kept)


def _spread(rows: Tensor, limit: int) -> Tensor:
    """At most `limit` rows, at equal distances, since rows may be sorted."""
    return rows if len(rows) <= limit else rows[torch.arange(limit) * len(rows) // limit]


def _choose_exact(
    K: Tensor, y: Tensor, w: Tensor, inner: Sequence[tuple[Tensor, Tensor]], ridges: Sequence[float]
) -> float:
    """The λ with the least error over pairs of masks: scored rows and fitted rows."""
    if not inner:
        return ridges[len(ridges) // 2]
    errors = [0.0] * len(ridges)
    for scored, fitted in inner:
        out = torch.nonzero(scored).ravel()
        kept = _spread(torch.nonzero(fitted).ravel(), MAX_CHOICE_ROWS)
        within, across = K[kept[:, None], kept], K[out[:, None], kept]
        for i, ridge in enumerate(ridges):
            dual, b = solve_ridge(within, y[kept], ridge / w[kept])
            errors[i] += float((w[out, None] * (y[out] - across @ dual - b) ** 2).sum())
    return ridges[min(range(len(ridges)), key=errors.__getitem__)]


def _fit_landmarks(
    marks: Landmarks, y: Tensor, w: Tensor, part: Partition | None, ridges: Sequence[float]
) -> Solution:
    cells = Cells.of(marks, y, w, {} if part is None else _cells(part))
    held_out = torch.full_like(y, float("nan"))
    ridge = ridges[len(ridges) // 2]
    if part is not None:
        if part.inner:
            ridge = _choose_landmarks(cells, y, w, part, ridges)
        # all landmarks are training rows
        held_out[cells.rows["out"]] = cells.predict("out", cells.without({"out"}).solve(ridge))
    gamma = cells.without(()).solve(ridge)
    return Solution(marks.chosen, marks.dual(gamma), gamma[-1], ridge, held_out)


def _cells(part: Partition) -> dict[str, Tensor]:
    """The rows left out, and the scored and the silent rows of each inner block."""
    masks = {"out": ~part.train}
    for i, block in enumerate(part.inner):
        masks[f"inner{i}"] = part.scored(block)
        if part.silent is not None:
            masks[f"silent{i}"] = block & part.silent
    return {name: torch.nonzero(mask).ravel() for name, mask in masks.items()}


def _choose_landmarks(
    cells: Cells, y: Tensor, w: Tensor, part: Partition, ridges: Sequence[float]
) -> float:
    """The λ of least Σ w r² over the inner blocks. Each is predicted without itself, its landmarks
    and the rows left out.
    """
    totals = [0.0] * len(ridges)
    for i, block in enumerate(part.inner):
        normal = cells.without({"out", f"inner{i}", f"silent{i}"}, part.train & ~block)
        for j, ridge in enumerate(ridges):
            totals[j] += cells.squared_error(f"inner{i}", y, w, normal.solve(ridge))
    return ridges[min(range(len(ridges)), key=totals.__getitem__)]


class EveryFold(ABC):
    """The fit on all rows, and predictions of every block by the fit without it."""

    y: Tensor
    count: int

    @abstractmethod
    def fit(self, ridge: float) -> Solution:
        """The fit on all rows; nothing is held out."""

    @abstractmethod
    def without(self, k: int, ridge: float) -> tuple[Tensor, Tensor]:
        """Rows of block k, and their predictions with shape (rows, q) by the fit without it."""

    def solve(self, ridge: float, n_jobs: int = 1) -> Solution:
        """The fit on all rows with the held-out predictions of every block; a block is a job."""
        parts = parallel_map(lambda k: self.without(k, ridge), range(self.count), n_jobs)
        return replace(self.fit(ridge), held_out=self.placed(parts))

    def placed(self, parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Predictions of the blocks as held-out predictions with shape (n, q); NaN elsewhere."""
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
    """Rows Z with shape (n, d), targets y with shape (n, q), weights w with shape (n,), and the
    rows of each block; blocks do not overlap.

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
    """Normal equations of all rows, and of all rows but each block, with the landmarks among
    them.
    """

    marks: Landmarks
    blocks: tuple[Tensor, ...]
    whole: Normal
    folds: tuple[Normal, ...]
    y: Tensor
    count: int

    def fit(self, ridge: float) -> Solution:
        gamma = self.whole.solve(ridge)
        return Solution(
            self.marks.chosen, self.marks.dual(gamma), gamma[-1], ridge, self.placed([])
        )

    def without(self, k: int, ridge: float) -> tuple[Tensor, Tensor]:
        return self.blocks[k], self.marks.predict(self.blocks[k], self.folds[k].solve(ridge))
