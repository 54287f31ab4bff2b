"""The mean of the values of the nearest rows.

    f(x) = Σ_{i ∈ N(x)} w_i v_i / Σ_{i ∈ N(x)} w_i,      w_i = 1 or 1 / ‖x − c_i‖,      N(x) the k nearest of the centres c_i

The distance is a norm, taken without its root where there is one: Σ_j |x_j − c_j|^p, or max_j |x_j − c_j| for p = ∞; for p = 0 Euclidean by
products, ‖x‖² − 2 x·c + ‖c‖². Terms are added column by column, and squares as BLAS adds them, so that sums that are equal to the last bit in
scikit-learn are equal here. Where several rows have the k-th distance, those count that a search by its heap keeps (motifs/_heap.py), which visits
the rows as they stand or in the order of a tree of boxes or balls.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.motifs._base import Motif
from motifnet.motifs._heap import kept_by_heap, visiting_order

_CACHED = 2**18  # distances held at a time, which stay in the cache


class Neighbours(Motif):
    """Mean of the values of the k nearest centres, weighed by the inverse of their distances if `weighed`. Exact to rounding, with jumps.

    centres of shape (m, d), values of shape (m, q), squares ‖c‖² of shape (m,) for p = 0. A tree has boxes [low, high] of shape (nodes, d), or balls
    about low = high with `radius` of shape (nodes,), and `path` and `offset` as in `visiting_order`; without a tree there are no nodes and levels.
    """

    trainable: ClassVar[frozenset[str]] = frozenset({"values"})

    centres: Tensor
    values: Tensor
    squares: Tensor
    k: int
    p: float
    weighed: bool
    low: Tensor
    high: Tensor
    radius: Tensor
    path: Tensor
    offset: Tensor

    def __init__(
        self,
        centres: Tensor,
        values: Tensor,
        squares: Tensor,
        k: int,
        p: float,
        weighed: bool,
        low: Tensor,
        high: Tensor,
        radius: Tensor,
        path: Tensor,
        offset: Tensor,
    ) -> None:
        super().__init__()
        if not 0 < k <= len(centres) or len(values) != len(centres):
            raise UsageError(f"Neighbours has k={k} of {len(centres)} centres with {len(values)} values; k is one of 1, …, the number of both.")
        self.keep(centres=centres, values=values, squares=squares, k=k, p=p, weighed=weighed)
        self.keep(low=low, high=high, radius=radius, path=path, offset=offset)

    def outputs(self, inputs: int) -> int:
        return self.values.shape[1]

    def describe(self) -> str:
        return f"mean of the {self.k} nearest of {len(self.centres)} rows"

    def forward(self, x: Tensor) -> Tensor:
        rows = max(1, _CACHED // len(self.centres))
        return torch.cat([self._means(x[start : start + rows]) for start in range(0, max(1, len(x)), rows)])

    def _means(self, x: Tensor) -> Tensor:
        D = self.distances(x)
        near = self.nearest(x, D)
        values = self.values[near]
        if not self.weighed:
            return values.mean(1)
        weights = inverse_distances(D.gather(1, near), self.p)
        return (values * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True)

    def distances(self, x: Tensor) -> Tensor:
        """Distances without their root, with shape (n, m)."""
        if self.p == 0:
            return (_squares(x) - 2 * (x @ self.centres.T) + self.squares).clamp_min(0)
        return norms(x, self.centres, self.centres, self.p)

    def nearest(self, x: Tensor, D: Tensor) -> Tensor:
        """Numbers of the centres that count, with shape (n, k)."""
        if self.k == D.shape[1]:
            return torch.arange(self.k, device=D.device).expand(len(D), -1)
        least = D.detach().topk(self.k + 1, dim=1, largest=False)
        near = least.indices[:, :-1]
        tied = (least.values[:, -1] == least.values[:, -2]).nonzero()[:, 0]
        if len(tied):
            order = visiting_order(self._bounds(x[tied].detach()).numpy(), self.path.numpy(), self.offset.numpy())
            near[tied] = torch.from_numpy(kept_by_heap(D[tied].detach().numpy(), order, self.k))
        return near

    def _bounds(self, x: Tensor) -> Tensor:
        """The distance to each node, from below, with shape (n, nodes)."""
        D = norms(x, self.low, self.high, self.p or 2.0)
        return (rooted(D, self.p) - self.radius).clamp_min(0) if len(self.radius) else D


def _squares(x: Tensor) -> Tensor:
    """‖x‖² with shape (n, 1), to the last bit as BLAS has it."""
    own = (x * x).sum(1, keepdim=True)
    rows = x.detach().numpy()
    return own + (torch.from_numpy(np.array([[row @ row] for row in rows], dtype=rows.dtype).reshape(-1, 1)) - own).detach()


def norms(x: Tensor, low: Tensor, high: Tensor, p: float) -> Tensor:
    """Distances to boxes [low, high], without their root, with shape (n, boxes)."""
    total = x.new_zeros(len(x), len(low))
    for column, below, above in zip(x.T, low.T, high.T, strict=True):  # a column at a time: the order of the sum
        difference = below - column[:, None]
        gap = difference.abs() if low is high else torch.maximum(difference, column[:, None] - above).clamp_min(0)
        total = torch.maximum(total, gap) if math.isinf(p) else total + (gap if p == 1 else gap * gap if p == 2 else gap**p)
    return total


def rooted(D: Tensor, p: float) -> Tensor:
    """Distances from those without their root."""
    return D if p == 1 or math.isinf(p) else D.sqrt() if p in (0, 2) else D ** (1 / p)


def inverse_distances(D: Tensor, p: float) -> Tensor:
    """1 / distance; where one is 0, those weigh 1 and the others nothing."""
    exact = (1 / rooted(D.detach(), p)).isinf()
    weights = 1 / rooted(torch.where(exact, 1.0, D), p)
    return torch.where(exact.any(1, keepdim=True), exact.to(D.dtype), weights)
