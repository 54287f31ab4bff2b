"""The proof that a fitted function is monotone: from its numbers, not from how it was fitted.

    ramps      every slope along a column has its sign
    kernels    no column has a sign
    trees      for leaves A, B whose boxes overlap in every column but j, A below B in column j:
               σ_j value(A) ≤ σ_j value(B)
    sums       every part is monotone

A line along column j that leaves a leaf A enters leaves of that kind, so the condition on trees is
sufficient for every input. It is read from the leaf values themselves.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.teachers._boosted_trees import FittedTrees
from motifnet.teachers._forest import Forest
from motifnet.teachers._kernel_ridge import FittedKernel
from motifnet.teachers._monotone import FittedRamps, FittedSum

SignVector = NDArray[np.int64]


@singledispatch
def is_monotone(fitted: object, signs: SignVector) -> bool:
    """Whether a fitted function is proved to be monotone, for signs with shape (d,)."""
    return not signs.any()


@is_monotone.register
def _ramps(fitted: FittedRamps, signs: SignVector) -> bool:
    return bool((fitted.slopes * signs[:, None, None] >= 0)[signs != 0].all())


@is_monotone.register
def _kernel(fitted: FittedKernel, signs: SignVector) -> bool:
    return not signs.any()


@is_monotone.register
def _sum(fitted: FittedSum, signs: SignVector) -> bool:
    return all(
        is_monotone(part, signs[columns])
        for part, columns in zip(fitted.parts, fitted.inputs, strict=True)
    )


@is_monotone.register
def _trees(fitted: FittedTrees, signs: SignVector) -> bool:
    return all(
        _rises(*_leaves(forest, int(root)), signs)
        for forest in fitted.forests
        for root in forest.roots
    )


def _leaves(forest: Forest, root: int) -> tuple[Matrix, Matrix, Matrix, SignVector]:
    """Of the leaves of a tree: boxes from `low` to `high` with shape (L, c), in the columns with
    splits, values with shape (L, q), and these columns.
    """
    inner, leaves, stack = dict[int, int](), [], [(root, dict[int, tuple[float, float]]())]
    while stack:
        node, box = stack.pop()
        left, right = int(forest.left[node]), int(forest.right[node])
        if left == node:
            leaves.append((node, box))
            continue
        column, cut = int(forest.feature[node]), float(forest.threshold[node])
        inner.setdefault(column, len(inner))
        low, high = box.get(column, (-np.inf, np.inf))
        stack.append((left, box | {column: (low, min(high, cut))}))
        stack.append((right, box | {column: (max(low, cut), high)}))
    boxes = np.tile([-np.inf, np.inf], (len(leaves), len(inner), 1))
    for i, (_, box) in enumerate(leaves):
        for column, ends in box.items():
            boxes[i, inner[column]] = ends
    values = forest.values[[node for node, _ in leaves]]
    return boxes[..., 0], boxes[..., 1], values, np.array(list(inner), dtype=np.int64)


def _rises(
    low: Matrix, high: Matrix, values: Matrix, columns: SignVector, signs: SignVector
) -> bool:
    overlap = np.maximum(low[:, None], low) < np.minimum(high[:, None], high)
    for i, column in enumerate(columns):
        if sign := signs[column]:
            beside = np.delete(overlap, i, axis=2).all(2)
            below = beside & (high[:, None, i] <= low[:, i])
            rise = sign * (values[None] - values[:, None])
            if (rise[below] < 0).any():
                return False
    return True
