"""One fit, its λ and its honest predictions for one fold, exactly or by landmarks.

For fold k with training rows T: λ is chosen among candidates by leave-block-out over the inner blocks of T (never by fold k); fold k is predicted
by the fit that leaves out every row not in T; and the fit on all rows with the same λ is returned, from the same factorisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from motifnet.kernels._landmarks import Gram, Landmarks, Sums, solve_folds, summed
from motifnet.kernels._leave_out import factor, solve_factored, solve_ridge
from motifnet.kernels._plan import CAPACITY, Capacity

ENOUGH, MOST = 500, 1_000  # rows by which λ is chosen among few candidates, and rows of a fit that is only for this


@dataclass(frozen=True)
class Partition:
    """Training rows of one fold (a mask with shape (n,)) and its inner blocks (masks with shape (n,), inside the training rows)."""

    train: Tensor
    inner: tuple[Tensor, ...]


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
) -> Solution:
    """Fit rows Z with shape (n, d) to y with shape (n, q). `part` None: no held-out rows; λ is then the middle candidate."""
    part = part and Partition(part.train, enough(part.inner) if len(ridges) > 1 else ())
    if len(Z) > capacity.exact_rows:
        return _fit_landmarks(gram, Z, y, w, part, ridges, seed, capacity.landmarks)
    nothing = torch.full_like(y, float("nan"))
    if part is None:
        ridge = ridges[len(ridges) // 2]
        dual, b = solve_ridge(gram(Z, Z), y, ridge / w)
        return Solution(torch.arange(len(Z)), dual, b, ridge, nothing)
    # training rows first: the Cholesky factor of their Gram matrix is then the leading block of the factor of the whole
    order, m = torch.argsort((~part.train).to(torch.int8), stable=True), int(part.train.sum())
    Z, y, w = Z[order], y[order], w[order]
    K = gram(Z, Z)
    ridge = _choose_exact(K[:m, :m], y[:m], w[:m], [block[order][:m] for block in part.inner], ridges)
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


def _choose_exact(K: Tensor, y: Tensor, w: Tensor, inner: Sequence[Tensor], ridges: Sequence[float]) -> float:
    """The λ with the least error over the inner blocks, each predicted by a fit without it."""
    if not inner:
        return ridges[len(ridges) // 2]
    errors = [0.0] * len(ridges)
    for block in inner:
        out, kept = torch.nonzero(block).ravel(), _spread(torch.nonzero(~block).ravel(), MOST)
        within, across = K[kept[:, None], kept], K[out[:, None], kept]
        for i, ridge in enumerate(ridges):
            dual, b = solve_ridge(within, y[kept], ridge / w[kept])
            errors[i] += float((w[out, None] * (y[out] - across @ dual - b) ** 2).sum())
    return ridges[min(range(len(ridges)), key=errors.__getitem__)]


def _fit_landmarks(
    gram: Gram, Z: Tensor, y: Tensor, w: Tensor, part: Partition | None, ridges: Sequence[float], seed: int, landmarks: int
) -> Solution:
    among = None if part is None else part.train  # of these at most half, for the others choose λ
    marks = Landmarks.choose(gram, Z, landmarks if part is None else min(landmarks, max(1, int(part.train.sum()) // 2)), seed, among)
    cells = _cells(len(Z), part, marks.marked)
    sums = {cell: marks.normal_equations(mask, y, w) for cell, mask in cells.items()}
    held_out = torch.full_like(y, float("nan"))
    ridge = ridges[len(ridges) // 2]
    if part is not None:
        left = {name for name in sums if name != "rest" and name != "landmarks"}
        if part.inner:
            ridge = min(ridges, key=lambda lam: _inner_error(sums, left - {"out"}, cells, y, w, lam))
        gamma = solve_folds(*summed(sums, {"out"}), ridge)
        held_out[cells["out"]] = marks.predict(cells["out"], gamma)
    gamma = solve_folds(*summed(sums, set()), ridge)
    return Solution(marks.chosen, marks.dual(gamma), gamma[-1], ridge, held_out)


def _cells(n: int, part: Partition | None, marked: Tensor) -> dict[str, Tensor]:
    """Disjoint sets of rows whose sums are formed once: landmarks, rows left out, each inner block, the rest."""
    cells = {"landmarks": marked}
    rest = ~marked
    if part is not None:
        cells["out"] = rest & ~part.train
        cells |= {f"inner{i}": rest & block for i, block in enumerate(part.inner)}
        for mask in list(cells.values())[1:]:
            rest = rest & ~mask
    cells["rest"] = rest
    return {name: torch.nonzero(mask).ravel() for name, mask in cells.items()}


def _inner_error(sums: dict[str, Sums], inner: set[str], cells: dict[str, Tensor], y: Tensor, w: Tensor, lam: float) -> float:
    """Σ w r² over the inner blocks, each predicted without itself and the rows left out: yᵀy − 2cᵀγ + γᵀSγ needs no second pass."""
    total = 0.0
    for name in sorted(inner):
        gamma = solve_folds(*summed(sums, {"out", name}), lam)
        S, c = sums[name]
        rows = cells[name]
        squares = float((w[rows, None] * y[rows] ** 2).sum())
        total += squares - 2 * float((c * gamma).sum()) + float((gamma * (S @ gamma)).sum())
    return total
