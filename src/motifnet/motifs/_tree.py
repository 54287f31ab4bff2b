"""A sum of decision trees, walked node by node: T·depth comparisons a row, none of the layers of steps and boxes that a dense form needs.

f(x) = Σ_t values[leaf_t(x)],   from a node go left if x[feature] ≤ threshold, else right; a leaf points to itself

Sums of single precision, as XGBoost has them, are rounded to float32 after each tree: s_t = fl(s_{t−1} + v_t).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from motifnet.motifs._base import Motif

_PAIRS = 1 << 16  # (tree, row) pairs walked at a time, so that their indices stay in cache


class TreeEnsemble(Motif):
    """feature (int64), threshold, left, right (int64) of shape (N,); roots of shape (T,); values of shape (N, q); depth: longest path; single: of
    the sums' precision, for values that are float32 themselves. Exact.

    In float32 rows and thresholds are rounded alike, so that only a row within one rounding of a threshold may go the other way.
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
        self, feature: Tensor, threshold: Tensor, left: Tensor, right: Tensor, roots: Tensor, values: Tensor, depth: int, single: bool = False
    ) -> None:
        super().__init__()
        self.keep(feature=feature, threshold=threshold, left=left, right=right, roots=roots, values=values, depth=depth, single=single)

    def describe(self) -> str:
        return f"sum of {len(self.roots):,} trees of depth at most {self.depth}"

    def forward(self, x: Tensor) -> Tensor:
        q, trees = self.values.shape[1], len(self.roots)
        nodes = self.feature.int(), torch.stack([self.right, self.left], 1).reshape(-1).int(), self.roots.int()
        rows = max(1, _PAIRS // (trees * q))
        blocks = [x[start : start + rows] for start in range(0, len(x), rows)]
        sums = [self.total(self.values.index_select(0, self._leaves(block, *nodes)).view(trees, len(block), q)) for block in blocks]
        return torch.cat(sums) if sums else x.new_zeros(0, q)

    def total(self, values: Tensor) -> Tensor:
        """The sum of the trees' values with shape (T, n, q); a gradient is that of a sum without rounding."""
        if not self.single:
            return values.sum(0)
        total, *others = values.float()
        for value in others:
            total = total + value
        return total.to(values.dtype)

    @torch.no_grad()
    def _leaves(self, x: Tensor, feature: Tensor, children: Tensor, roots: Tensor) -> Tensor:
        """Leaf of each pair, trees outside and rows inside: the nodes of one tree are read together. `children` holds right, left of each node."""
        columns = x.T.reshape(-1)
        row = torch.arange(len(x), dtype=torch.int32).repeat(len(roots))
        node = roots.repeat_interleave(len(x))
        for _ in range(self.depth):
            value = columns.index_select(0, feature.index_select(0, node) * len(x) + row)
            node = children.index_select(0, 2 * node + (value <= self.threshold.index_select(0, node)))
        return node
