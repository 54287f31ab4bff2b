"""One fit, its λ and its honest predictions for one fold, exactly or by landmarks.

For fold k with training rows T: λ is chosen among candidates by leave-block-out over the inner blocks of T (never by fold k); fold k is predicted
by the fit that leaves out every row not in T; and the fit on all rows with the same λ is returned, from the same factorisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from motifnet.kernels._cells import Cells
from motifnet.kernels._landmarks import Gram, Landmarks
from motifnet.kernels._leave_out import factor, solve_factored, solve_ridge
from motifnet.kernels._plan import CAPACITY, Capacity

ENOUGH, MOST = 500, 1_000  # rows by which λ is chosen among few candidates, and rows of a fit that is only for this


@dataclass(frozen=True)
class Partition:
    """Training rows of one fold and its inner blocks, which are left out in turn to choose λ: masks with shape (n,), the blocks inside the training
    rows. `silent`: rows that are left out with their block and do not judge, such as earlier rows of a group that is scored later.
    """

    train: Tensor
    inner: tuple[Tensor, ...]
    silent: Tensor | None = None

    def judges(self, block: Tensor) -> Tensor:
        """The rows of a block that are scored."""
        return block if self.silent is None else block & ~self.silent


@dataclass(frozen=True)
class Solution:
    """Rows that are centres, dual (m, q), intercept (q,) of the fit on all rows; λ; held-out predictions (n, q), NaN where none is honest."""

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
    seed: int = 0,
    capacity: Capacity = CAPACITY,
    codes: Tensor | None = None,
) -> Solution:
    """Fit rows Z with shape (n, d) to y with shape (n, q). `part` None: no held-out rows; λ is then the middle candidate.

    `codes` with shape (n,): equal rows share one; all rows differ where None.
    """
    part = part and replace(part, inner=enough(part.inner) if len(ridges) > 1 else ())
    if len(Z) > capacity.exact_rows:
        marks = Landmarks.choose(gram, Z, capacity.landmarks, seed, None if part is None else part.train, codes)
        return _fit_landmarks(marks, y, w, part, ridges)
    nothing = torch.full_like(y, float("nan"))
    if part is None:
        ridge = ridges[len(ridges) // 2]
        dual, b = solve_ridge(gram(Z, Z), y, ridge / w)
        return Solution(torch.arange(len(Z)), dual, b, ridge, nothing)
    # training rows first: the Cholesky factor of their Gram matrix is then the leading block of the factor of the whole
    order, m = torch.argsort((~part.train).to(torch.int8), stable=True), int(part.train.sum())
    Z, y, w = Z[order], y[order], w[order]
    K = gram(Z, Z)
    inner = [(part.judges(block)[order][:m], ~block[order][:m]) for block in part.inner]
    ridge = _choose_exact(K[:m, :m], y[:m], w[:m], inner, ridges)
    L = factor(K, ridge / w)
    dual, b = solve_factored(L[:m, :m], y[:m])
    nothing[order[m:]] = K[m:, :m] @ dual + b
    dual, b = solve_factored(L, y)
    return Solution(order, dual, b, ridge, nothing)


def enough(blocks: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The first blocks, until they have enough rows."""
    before = 0
    kept = []
    for block in blocks:
        if before < ENOUGH:
            kept.append(block)
        before += int(block.sum())
    return tuple(kept)


def _spread(rows: Tensor, most: int) -> Tensor:
    """At most so many rows, at equal distances: rows may be sorted."""
    return rows if len(rows) <= most else rows[torch.arange(most) * len(rows) // most]


def _choose_exact(K: Tensor, y: Tensor, w: Tensor, inner: Sequence[tuple[Tensor, Tensor]], ridges: Sequence[float]) -> float:
    """The λ with the least error over pairs of masks: rows that judge, and rows that are fitted."""
    if not inner:
        return ridges[len(ridges) // 2]
    errors = [0.0] * len(ridges)
    for judging, fitted in inner:
        out, kept = torch.nonzero(judging).ravel(), _spread(torch.nonzero(fitted).ravel(), MOST)
        within, across = K[kept[:, None], kept], K[out[:, None], kept]
        for i, ridge in enumerate(ridges):
            dual, b = solve_ridge(within, y[kept], ridge / w[kept])
            errors[i] += float((w[out, None] * (y[out] - across @ dual - b) ** 2).sum())
    return ridges[min(range(len(ridges)), key=errors.__getitem__)]


def _fit_landmarks(marks: Landmarks, y: Tensor, w: Tensor, part: Partition | None, ridges: Sequence[float]) -> Solution:
    cells = Cells.of(marks, y, w, {} if part is None else _cells(part))
    held_out = torch.full_like(y, float("nan"))
    ridge = ridges[len(ridges) // 2]
    if part is not None:
        if part.inner:
            ridge = _choose_landmarks(cells, y, w, part, ridges)
        held_out[cells.rows["out"]] = cells.predict("out", cells.without({"out"}).solve(ridge))  # all landmarks are training rows
    gamma = cells.without(()).solve(ridge)
    return Solution(marks.chosen, marks.dual(gamma), gamma[-1], ridge, held_out)


def _cells(part: Partition) -> dict[str, Tensor]:
    """The rows left out, and those of each inner block that are scored, and that are not."""
    masks = {"out": ~part.train}
    for i, block in enumerate(part.inner):
        masks[f"inner{i}"] = part.judges(block)
        if part.silent is not None:
            masks[f"silent{i}"] = block & part.silent
    return {name: torch.nonzero(mask).ravel() for name, mask in masks.items()}


def _choose_landmarks(cells: Cells, y: Tensor, w: Tensor, part: Partition, ridges: Sequence[float]) -> float:
    """The λ of least Σ w r² over the inner blocks, each predicted without itself, its landmarks and the rows left out."""
    totals = [0.0] * len(ridges)
    for i, block in enumerate(part.inner):
        normal = cells.without({"out", f"inner{i}", f"silent{i}"}, part.train & ~block)
        for j, ridge in enumerate(ridges):
            totals[j] += cells.squared_error(f"inner{i}", y, w, normal.solve(ridge))
    return ridges[min(range(len(ridges)), key=totals.__getitem__)]
