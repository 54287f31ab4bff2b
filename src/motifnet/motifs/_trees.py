"""A sum of decision trees, walked node by node.

A row takes T·depth comparisons. A dense form would need layers of steps and boxes.

    f(x) = Σ_t values[leaf_t(x)]

From a node go left if x[feature] ≤ threshold, else right; a leaf points to itself. Sums of single
precision, as XGBoost has them, are rounded to float32 after each tree: s_t = fl(s_{t−1} + v_t).

`BitTrees` finds the leaves of small trees by bits (QuickScorer: Lucchese et al., SIGIR 2015,
https://doi.org/10.1145/2766462.2767733). A node with x_j > threshold rules out the leaves on its
left. With one bit per leaf, from left to right, the leaf of a tree is the lowest bit of

    AND over columns j of   mask_j(x_j) = AND over nodes of column j with threshold < x_j
                                          of all bits but those of the leaves on the left

where mask_j has one value between two neighbouring thresholds of column j in all trees. So one
look-up per column gives the masks of all trees. Both ways give the same leaves.
"""

from __future__ import annotations

from typing import ClassVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.motifs._affine import Motif

LEAVES = 64  # of a tree of `BitTrees`: the bits of a word
MAX_WORDS = 1 << 23  # of all masks
_PAIRS = 1 << 16  # (tree, row) pairs walked at a time, so that their indices stay in cache
_BLOCK_ROWS = 256  # at a time, so that the masks of a few hundred trees stay in cache

Words = NDArray[np.uint64]


class TreeEnsemble(Motif):
    """feature (int64), threshold, left, right (int64) of shape (N,); roots of shape (T,); values of
    shape (N, q); depth: longest path; single: sums in float32, of values that are float32. Exact.

    In float32 rows and thresholds are rounded alike, so that only a row within one rounding of a
    threshold may go the other way.
    """

    trainable: ClassVar[frozenset[str]] = frozenset({"values"})

    feature: Tensor
    threshold: Tensor
    left: Tensor
    right: Tensor
    roots: Tensor
    values: Tensor
    depth: int
    single: bool

    def __init__(
        self,
        feature: Tensor,
        threshold: Tensor,
        left: Tensor,
        right: Tensor,
        roots: Tensor,
        values: Tensor,
        depth: int,
        single: bool = False,
    ) -> None:
        super().__init__()
        self.keep(
            feature=feature,
            threshold=threshold,
            left=left,
            right=right,
            roots=roots,
            values=values,
            depth=depth,
            single=single,
        )

    def describe(self) -> str:
        return f"sum of {len(self.roots):,} trees of depth at most {self.depth}"

    def forward(self, x: Tensor) -> Tensor:
        q, trees = self.values.shape[1], len(self.roots)
        nodes = (
            self.feature.int(),
            torch.stack([self.right, self.left], 1).reshape(-1).int(),
            self.roots.int(),
        )
        rows = max(1, _PAIRS // (trees * q))
        blocks = [x[start : start + rows] for start in range(0, len(x), rows)]
        sums = [
            self.total(
                self.values.index_select(0, self._leaves(block, *nodes)).view(trees, len(block), q)
            )
            for block in blocks
        ]
        return torch.cat(sums) if sums else x.new_zeros(0, q)

    def total(self, values: Tensor) -> Tensor:
        """The sum of the trees' values with shape (T, n, q); a gradient is that of a sum without
        rounding.
        """
        if not self.single:
            return values.sum(0)
        total, *others = values.float()
        for value in others:
            total = total + value
        return total.to(values.dtype)

    @torch.no_grad()
    def _leaves(self, x: Tensor, feature: Tensor, children: Tensor, roots: Tensor) -> Tensor:
        """Leaf of each pair, trees outside and rows inside: the nodes of one tree are read
        together. `children` holds right, left of each node.
        """
        columns = x.T.reshape(-1)
        row = torch.arange(len(x), dtype=torch.int32).repeat(len(roots))
        node = roots.repeat_interleave(len(x))
        for _ in range(self.depth):
            value = columns.index_select(0, feature.index_select(0, node) * len(x) + row)
            node = children.index_select(
                0, 2 * node + (value <= self.threshold.index_select(0, node))
            )
        return node


class BitTrees:
    """Masks of an ensemble whose trees have at most 64 leaves."""

    def __init__(self, trees: TreeEnsemble) -> None:
        feature, threshold, left, right = (
            getattr(trees, name).numpy() for name in ("feature", "threshold", "left", "right")
        )
        roots = trees.roots.numpy()
        self.leaf = np.zeros((len(roots), LEAVES), dtype=np.int64)
        owner, ruled_out = np.zeros(len(left), dtype=np.int64), np.zeros(len(left), dtype=np.uint64)
        for t, root in enumerate(roots.tolist()):
            self._number(t, root, left, right, owner, ruled_out)
        inner = np.flatnonzero(ruled_out)
        self.columns = [
            self._masks(j, inner[feature[inner] == j], threshold, owner, ruled_out)
            for j in np.unique(feature[inner]).tolist()
        ]

    def _number(
        self,
        t: int,
        root: int,
        left: NDArray[np.int64],
        right: NDArray[np.int64],
        owner: NDArray[np.int64],
        ruled_out: Words,
    ) -> None:
        """Number the leaves of tree t from left to right, and set the bits of the leaves on the
        left of each node.
        """
        count, stack = 0, [(root, False, 0)]
        while stack:
            node, back, first = stack.pop()
            if back:
                ruled_out[node] = (1 << count) - (1 << first)
                stack.append((int(right[node]), False, 0))
            elif left[node] == node:
                self.leaf[t, count], count = node, count + 1
            else:
                owner[node] = t
                stack += [(node, True, count), (int(left[node]), False, 0)]

    def _masks(
        self,
        j: int,
        nodes: NDArray[np.int64],
        threshold: NDArray[np.float64],
        owner: NDArray[np.int64],
        ruled_out: Words,
    ) -> tuple[int, NDArray[np.float64], Words]:
        """Column, its thresholds with shape (r,), and masks with shape (r + 1, trees)."""
        thresholds, position = np.unique(threshold[nodes], return_inverse=True)
        masks = np.full((len(thresholds) + 1, len(self.leaf)), ~np.uint64(0))
        np.bitwise_and.at(masks, (position + 1, owner[nodes]), ~ruled_out[nodes])
        return j, thresholds, np.bitwise_and.accumulate(masks, axis=0)

    def __call__(self, x: Tensor, trees: TreeEnsemble) -> Tensor:
        """Sums of the leaves' values with shape (n, q) at rows x with shape (n, d)."""
        table = trees.values.detach().numpy()[self.leaf.ravel()]
        first = LEAVES * np.arange(len(self.leaf))
        rows = x.numpy()
        starts = range(0, max(len(rows), 1), _BLOCK_ROWS)
        each = (table.take(self._leaves(rows[i : i + _BLOCK_ROWS]) + first, axis=0) for i in starts)
        if trees.single:
            return torch.cat(
                [trees.total(torch.from_numpy(values).transpose(0, 1)) for values in each]
            )
        return torch.from_numpy(np.concatenate([values.sum(1) for values in each]))

    def _leaves(self, x: NDArray[np.float64]) -> NDArray[np.int64]:
        """Number of the leaf of each tree, with shape (n, trees)."""
        words = np.full((len(x), len(self.leaf)), ~np.uint64(0))
        for j, thresholds, masks in self.columns:
            words &= masks[np.searchsorted(thresholds, x[:, j])]
        lowest = words & (~words + np.uint64(1))
        return np.frexp(lowest.astype(np.float64))[1].astype(np.int64) - 1


_KNOWN: WeakKeyDictionary[TreeEnsemble, tuple[Tensor, BitTrees | None]] = WeakKeyDictionary()


def bits_of(trees: TreeEnsemble) -> BitTrees | None:
    """Masks of an ensemble, cached with it; None where a tree has too many leaves or the masks are
    large.
    """
    known = _KNOWN.get(trees)
    if known is None or known[0] is not trees.threshold:
        known = _KNOWN[trees] = (trees.threshold, BitTrees(trees) if _are_small(trees) else None)
    return known[1]


def _are_small(trees: TreeEnsemble) -> bool:
    # the nodes of a tree stand together, its root first
    leaves = torch.cumsum(trees.left == torch.arange(len(trees.left)), 0)
    ends = leaves[[*(trees.roots[1:] - 1).tolist(), -1]]
    return (
        int(torch.diff(ends, prepend=ends.new_zeros(1)).max()) <= LEAVES
        and int(leaves[-1]) * len(trees.roots) <= MAX_WORDS
    )
