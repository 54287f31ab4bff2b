"""Small trees by bits in place of steps (QuickScorer: Lucchese et al., SIGIR 2015, https://doi.org/10.1145/2766462.2767733).

A node with x_j > threshold rules out the leaves on its left. With a bit a leaf, from left to right, the leaf of a tree is the lowest bit of

    AND over columns j of   mask_j(x_j) = AND over nodes of column j with threshold < x_j of   all bits but those of the leaves on the left

and mask_j takes one value between two neighbouring thresholds of column j in all trees: one look-up a column gives the masks of all trees.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.motifs._tree import TreeEnsemble

LEAVES = 64  # bits of a word
MOST = 1 << 23  # words of all masks
_ROWS = 256  # at a time: masks of a few hundred trees stay in the cache

Words = NDArray[np.uint64]


class BitTrees:
    """Masks of an ensemble whose trees have at most 64 leaves."""

    def __init__(self, trees: TreeEnsemble) -> None:
        feature, threshold, left, right = (getattr(trees, name).numpy() for name in ("feature", "threshold", "left", "right"))
        roots = trees.roots.numpy()
        self.leaf = np.zeros((len(roots), LEAVES), dtype=np.int64)
        owner, ruled_out = np.zeros(len(left), dtype=np.int64), np.zeros(len(left), dtype=np.uint64)
        for t, root in enumerate(roots.tolist()):
            self._number(t, root, left, right, owner, ruled_out)
        inner = np.flatnonzero(ruled_out)
        self.columns = [self._masks(j, inner[feature[inner] == j], threshold, owner, ruled_out) for j in np.unique(feature[inner]).tolist()]

    def _number(self, t: int, root: int, left: NDArray[np.int64], right: NDArray[np.int64], owner: NDArray[np.int64], ruled_out: Words) -> None:
        """Number the leaves of tree t from left to right; bits of the leaves on the left of each node."""
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
        self, j: int, nodes: NDArray[np.int64], threshold: NDArray[np.float64], owner: NDArray[np.int64], ruled_out: Words
    ) -> tuple[int, NDArray[np.float64], Words]:
        """Column, its thresholds with shape (r,), and masks with shape (r + 1, trees)."""
        thresholds, place = np.unique(threshold[nodes], return_inverse=True)
        masks = np.full((len(thresholds) + 1, len(self.leaf)), ~np.uint64(0))
        np.bitwise_and.at(masks, (place + 1, owner[nodes]), ~ruled_out[nodes])
        return j, thresholds, np.bitwise_and.accumulate(masks, axis=0)

    def __call__(self, x: Tensor, trees: TreeEnsemble) -> Tensor:
        """Sums of the leaves' values with shape (n, q) at rows x with shape (n, d)."""
        table, first, rows = trees.values.detach().numpy()[self.leaf.ravel()], LEAVES * np.arange(len(self.leaf)), x.numpy()
        starts = range(0, max(len(rows), 1), _ROWS)
        each = (table.take(self._leaves(rows[i : i + _ROWS]) + first, axis=0) for i in starts)
        if trees.single:
            return torch.cat([trees.total(torch.from_numpy(values).transpose(0, 1)) for values in each])
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
    """Masks of an ensemble, kept as long as it is; None where a tree has too many leaves or masks would be large."""
    known = _KNOWN.get(trees)
    if known is None or known[0] is not trees.threshold:
        known = _KNOWN[trees] = (trees.threshold, BitTrees(trees) if _are_small(trees) else None)
    return known[1]


def _are_small(trees: TreeEnsemble) -> bool:
    leaves = torch.cumsum(trees.left == torch.arange(len(trees.left)), 0)  # the nodes of a tree stand together, its root first
    ends = leaves[[*(trees.roots[1:] - 1).tolist(), -1]]
    return int(torch.diff(ends, prepend=ends.new_zeros(1)).max()) <= LEAVES and int(leaves[-1]) * len(trees.roots) <= MOST
