"""The local outlier factor: how much denser the neighbours of a row lie than the row itself.

    f(x) = mean_{i ∈ N(x)} ρ_i · (10⁻¹⁰ + mean_{i ∈ N(x)} max(‖x − c_i‖, r_i))

with N(x) the k nearest of the centres c_i, r_i the distance of c_i to its own k-th neighbour, and ρ_i its density, the inverse of the second factor
there.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from motifnet.motifs._neighbours import Neighbours, rooted

NEVER_ZERO = 1e-10  # scikit-learn's, for rows that are there more than k times


class OutlierFactor(Neighbours):
    """Mean density of the k nearest centres times the mean distance to them, none of which counts less than the centre's own.

    values of shape (m, 2): ρ and r; the other arguments are those of `Neighbours`, of which `weighed` is False.
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
