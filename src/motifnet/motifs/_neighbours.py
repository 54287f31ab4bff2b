"""The nearest rows: the mean of their values, and the local outlier factor.

    f(x) = Σ_{i ∈ N(x)} w_i v_i / Σ_{i ∈ N(x)} w_i,      w_i = 1 or 1 / ‖x − c_i‖

with N(x) the k nearest of the centres c_i. The distance is a norm, taken without its root where
there is one: Σ_j |x_j − c_j|^p, or max_j |x_j − c_j| for p = ∞; for p = 0 Euclidean by products,
‖x‖² − 2 x·c + ‖c‖². Terms are added column by column, and squares as BLAS adds them. So sums that
are equal to the last bit in scikit-learn are equal here.

The local outlier factor says how much denser the neighbours of a row lie than the row itself:

    f(x) = mean_{i ∈ N(x)} ρ_i · (10⁻¹⁰ + mean_{i ∈ N(x)} max(‖x − c_i‖, r_i))

with r_i the distance of c_i to its own k-th neighbour, and ρ_i its density, the inverse of the
second factor there.

Where several rows have the k-th distance, the neighbours are those that scikit-learn's search
keeps. It visits the rows in an order and keeps k of them in a heap. A row as far as the farthest
one in the heap does not enter. So the result depends on the order: that of the rows, or that of a
tree of boxes or balls. A tree visits the nearer of two children first, and the left one of equals:

    rank of a row = its place in its leaf
                    + Σ over the nodes above it that are visited second: rows of the sibling

`kept_by_heap` and `visiting_order` use numpy alone, because files of `to_python` contain them.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.motifs._affine import Motif

NEVER_ZERO = 1e-10  # scikit-learn's, for more than k equal rows
_CACHED = 2**18  # distances held at a time, which stay in the cache
Array = Any


class Neighbours(Motif):
    """Mean of the values of the k nearest centres, weighted by inverse distance if `weighed`.
    Exact to rounding, with jumps.

    centres of shape (m, d), values of shape (m, q), squares ‖c‖² of shape (m,) for p = 0. A tree
    has boxes [low, high] of shape (nodes, d), or balls about low = high with `radius` of shape
    (nodes,), and `path` and `offset` as in `visiting_order`; without a tree there are no nodes and
    levels.
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
        *,
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
            raise UsageError(
                f"Neighbours has k={k} of {len(centres)} centres with {len(values)} "
                "values; k is one of 1, …, the number of both."
            )
        self.keep(centres=centres, values=values, squares=squares, k=k, p=p, weighed=weighed)
        self.keep(low=low, high=high, radius=radius, path=path, offset=offset)

    def outputs(self, inputs: int) -> int:
        return self.values.shape[1]

    def describe(self) -> str:
        return f"mean of the {self.k} nearest of {len(self.centres)} rows"

    def forward(self, x: Tensor) -> Tensor:
        rows = max(1, _CACHED // len(self.centres))
        return torch.cat(
            [self._means(x[start : start + rows]) for start in range(0, max(1, len(x)), rows)]
        )

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
        """Numbers of the k nearest centres, with shape (n, k)."""
        if self.k == D.shape[1]:
            return torch.arange(self.k, device=D.device).expand(len(D), -1)
        least = D.detach().topk(self.k + 1, dim=1, largest=False)
        near = least.indices[:, :-1]
        tied = (least.values[:, -1] == least.values[:, -2]).nonzero()[:, 0]
        if len(tied):
            order = visiting_order(
                self._bounds(x[tied].detach()).numpy(), self.path.numpy(), self.offset.numpy()
            )
            near[tied] = torch.from_numpy(kept_by_heap(D[tied].detach().numpy(), order, self.k))
        return near

    def _bounds(self, x: Tensor) -> Tensor:
        """A lower bound of the distance to each node, with shape (n, nodes)."""
        D = norms(x, self.low, self.high, self.p or 2.0)
        return (rooted(D, self.p) - self.radius).clamp_min(0) if len(self.radius) else D


def _squares(x: Tensor) -> Tensor:
    """‖x‖² with shape (n, 1), with the bits of BLAS."""
    own = (x * x).sum(1, keepdim=True)
    rows = x.detach().numpy()
    return (
        own
        + (
            torch.from_numpy(
                np.array([[row @ row] for row in rows], dtype=rows.dtype).reshape(-1, 1)
            )
            - own
        ).detach()
    )


def norms(x: Tensor, low: Tensor, high: Tensor, p: float) -> Tensor:
    """Distances to boxes [low, high], without their root, with shape (n, boxes)."""
    total = x.new_zeros(len(x), len(low))
    # a column at a time: the order of the sum
    for column, below, above in zip(x.T, low.T, high.T, strict=True):
        difference = below - column[:, None]
        outside = (
            difference.abs()
            if low is high
            else torch.maximum(difference, column[:, None] - above).clamp_min(0)
        )
        total = (
            torch.maximum(total, outside)
            if math.isinf(p)
            else total + (outside if p == 1 else outside * outside if p == 2 else outside**p)
        )
    return total


def rooted(D: Tensor, p: float) -> Tensor:
    """Distances from those without their root."""
    return D if p == 1 or math.isinf(p) else D.sqrt() if p in (0, 2) else D ** (1 / p)


def inverse_distances(D: Tensor, p: float) -> Tensor:
    """1 / distance; where a row has distances of 0, those have weight 1 and the others 0."""
    exact = (1 / rooted(D.detach(), p)).isinf()
    weights = 1 / rooted(torch.where(exact, 1.0, D), p)
    return torch.where(exact.any(1, keepdim=True), exact.to(D.dtype), weights)


class OutlierFactor(Neighbours):
    """Mean density of the k nearest centres times the mean distance to them, where no distance
    counts less than the centre's own.

    values of shape (m, 2): ρ and r. The other arguments are those of `Neighbours`, with `weighed`
    False.
    """

    trainable: ClassVar[frozenset[str]] = frozenset()

    def outputs(self, inputs: int) -> int:
        return 1

    def describe(self) -> str:
        return f"local outlier factor among the {self.k} nearest of {len(self.centres)} rows"

    def _means(self, x: Tensor) -> Tensor:
        D = self.distances(x)
        near = self.nearest(x, D)
        density, reach = self.values[near].unbind(2)
        distance = torch.maximum(rooted(D.gather(1, near), self.p), reach)
        return density.mean(1, keepdim=True) * (distance.mean(1, keepdim=True) + NEVER_ZERO)


def kept_by_heap(distances: Array, order: Array, k: int) -> Array:
    """Columns that a heap of k keeps of distances with shape (n, m), which it is given in the order
    of its row, with shape (n, k).
    """
    n, m = distances.shape
    rows = np.arange(n)
    # below the heap nothing is larger
    values, places = np.full((n, 2 * k + 1), -np.inf), np.zeros((n, 2 * k + 1), dtype=np.int64)
    values[:, :k] = np.inf
    for t in range(m):
        new = distances[rows, order[:, t]]
        row = np.flatnonzero(new < values[:, 0])
        v, at = new[row], np.zeros(len(row), dtype=np.int64)
        sinks = np.ones(len(row), dtype=bool)
        while sinks.any():
            left = 2 * at + 1
            child = np.where(values[row, left] >= values[row, left + 1], left, left + 1)
            sinks = v < values[row, child]
            into, of = (row[sinks], at[sinks]), (row[sinks], child[sinks])
            values[into], places[into] = values[of], places[of]
            at = np.where(sinks, child, at)
        values[row, at], places[row, at] = v, order[row, t]
    return places[:, :k]


def visiting_order(bounds: Array, path: Array, offset: Array) -> Array:
    """The order in which rows are visited, with shape (n, m).

    bounds of the distance to each node with shape (n, nodes); path, the nodes from below the root
    to the leaf of each row, with shape (levels, m); offset, its place there, with shape (m,).
    """
    rank = np.tile(offset, (len(bounds), 1))
    for nodes in path:
        sizes = np.bincount(nodes, minlength=bounds.shape[1])
        sibling = np.where(nodes % 2 == 1, nodes + 1, nodes - 1)
        mine, other = bounds[:, nodes], bounds[:, sibling]
        second = np.where(nodes % 2 == 1, mine > other, other <= mine)
        rank = rank + second * sizes[sibling]
    return np.argsort(rank, axis=1, kind="stable")
