"""A sum of decision trees as flat arrays of nodes, and the split predicates that its nodes compare.

    f(x) = Σ_t values[leaf_t(x)]

From a node go left if x[feature] ≤ threshold, else right; a leaf points to itself, so that `depth`
steps bring every row to its leaf in every tree. The nodes of a tree stand together, its root first.
The network of a forest holds the same arrays.

A node compares one number with a threshold. A split predicate of column j is a comparison with a
side for missing values, or membership in a set of levels. It becomes the comparison of a derived
column:

    missing to the right     x_j as it is, as NaN ≤ t is false
    missing to the left      x_j, −∞ for missing
    missing is 0             x_j, 0 for missing
    x_j in S, to the left    0 where it is in S, else 1, compared with ½

Column numbers: kind · width + j for the first three, 3 · width + k for the k-th set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix

Nodes = NDArray[np.int64]
Levels = frozenset[float]
RIGHT, LEFT, ZERO = range(3)  # where missing values go
KINDS = 3
_MEMBER = 0.5  # threshold of membership
_BLOCK = 1 << 16  # (row, tree) pairs walked at a time: their index arrays stay in cache


@dataclass(frozen=True)
class Forest:
    """feature, threshold, left, right with shape (N,); roots with shape (T,); values with shape (N,
    q).
    """

    feature: Nodes
    threshold: Matrix
    left: Nodes
    right: Nodes
    roots: Nodes
    values: Matrix

    @cached_property
    def depth(self) -> int:
        """Length of the longest path from a root to a leaf."""
        depth, level = 0, self.roots
        while len(level := level[self.left[level] != level]):
            level = np.concatenate([self.left[level], self.right[level]])
            depth += 1
        return depth

    @classmethod
    def constant(cls, value: Matrix) -> Forest:
        """One tree with one leaf, of value with shape (q,)."""
        zero = np.zeros(1, dtype=np.int64)
        return cls(
            zero, np.zeros(1), zero, zero, zero, np.asarray(value, dtype=np.float64).reshape(1, -1)
        )

    @classmethod
    def sum(cls, forests: Sequence[Forest]) -> Forest:
        """The forest of all trees."""
        shift = np.cumsum([0] + [len(f.feature) for f in forests])[:-1]

        def moved(name: str) -> Nodes:
            return np.concatenate(
                [getattr(f, name) + s for f, s in zip(forests, shift, strict=True)]
            )

        return cls(
            np.concatenate([f.feature for f in forests]),
            np.concatenate([f.threshold for f in forests]),
            moved("left"),
            moved("right"),
            moved("roots"),
            np.concatenate([f.values for f in forests]),
        )

    def scaled(self, factor: float) -> Forest:
        """The forest times a number."""
        return replace(self, values=factor * self.values)

    def predict(self, X: Matrix) -> Matrix:
        """Values with shape (m, q) at rows X with shape (m, d)."""
        out = np.empty((len(X), self.values.shape[1]))
        step = max(1, _BLOCK // len(self.roots))
        for start in range(0, len(X), step):
            rows = X[start : start + step]
            out[start : start + step] = self.values[self.leaves(rows)].sum(1)
        return out

    def leaves(self, X: Matrix) -> Nodes:
        """Index of the leaf of each row in each tree, with shape (m, T)."""
        node = np.broadcast_to(self.roots, (len(X), len(self.roots)))
        first = (np.arange(len(X)) * X.shape[1])[:, None]
        flat = np.ascontiguousarray(X).reshape(-1)
        for _ in range(self.depth):
            below = flat[first + self.feature[node]] <= self.threshold[node]
            node = np.where(below, self.left[node], self.right[node])
        return node


def one_tree(
    feature: Nodes, threshold: Matrix, left: Nodes, right: Nodes, values: Matrix
) -> Forest:
    """The forest of a single tree, its root the first node."""
    return Forest(feature, threshold, left, right, np.zeros(1, dtype=np.int64), values)


def levels_of(words: Iterable[int]) -> Levels:
    """The numbers of the bits that are set in words of 32 bits."""
    return frozenset(
        float(32 * w + bit)
        for w, word in enumerate(words)
        for bit in range(32)
        if int(word) >> bit & 1
    )


@dataclass(frozen=True)
class Member:
    """Levels of a column that go to the left, and to the right; whether `missing` and `unseen`
    levels go to the left.
    """

    column: int
    left: Levels
    right: Levels = frozenset()
    missing: bool = False
    unseen: bool = False


@dataclass
class SplitPredicates:
    """Split predicates on rows with `width` columns; sets of levels are numbered in order of first
    use.
    """

    width: int
    members: dict[Member, int] = field(default_factory=dict)

    def numeric(self, feature: Nodes, missing: Nodes) -> Nodes:
        """Columns of comparisons; `missing` has one of the kinds above for each."""
        return np.asarray(missing * self.width + feature, dtype=np.int64)

    def member(self, predicate: Member) -> tuple[int, float]:
        """Column and threshold of membership."""
        return KINDS * self.width + self.members.setdefault(predicate, len(self.members)), _MEMBER
