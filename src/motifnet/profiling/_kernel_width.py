"""How many centres a kernel network needs: those that the rows determine at its λ, from dimension, smoothness and noise.

Behind trained inner layers rows lie near a set of dimension D, and the eigenvalues of the Gram matrix of n rows fall as

    n A i^{−(2β + D)/D}            for functions of smoothness β on such a set
    λ = σ²/τ²                      noise in units of the function's size: σ² = λ yᵀ(K + λ)⁻¹y / n
    N = (n A / λ)^{D/(2β + D)}     eigenvalues above λ: the directions of the Fisher information K that stand out of the noise

At the best λ this is the width n^{D/(2β + D)} of the theory (Nakada and Imaizumi 2020), with the constant that it leaves open. So many centres are
enough up to a factor (Rudi, Camoriano and Rosasco 2015), which honest error finds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.profiling._dimension import merged, neighbour_distances, two_nn
from motifnet.tables import Matrix

_FIRST, _LAST = 5, 1 / 3  # between these eigenvalues, as number and as share, a power law is read: the first follow the mean, the last the rounding


@dataclass(frozen=True)
class KernelWidth:
    """The predicted number of centres, and what it follows from: D, β, and σ² as a share of var(y)."""

    centres: int
    dimension: float
    smoothness: float
    noise: float

    @property
    def sentence(self) -> str:
        return f"width {self.centres:,} predicted by dimension {self.dimension:.1f}, smoothness {self.smoothness:.1f}, noise {self.noise:.2g}"


def kernel_width(gram: Matrix, points: Matrix, y: Matrix, ridge: float, n: int) -> KernelWidth:
    """From the Gram matrix with shape (m, m) of some of n rows, where they lie as points with shape (m, d), targets with shape (m, q), and λ."""
    m = len(gram)
    values, vectors = np.linalg.eigh(gram)
    values = np.clip(values[::-1], 0.0, None)
    weights = (vectors.T @ (y - y.mean(0)))[::-1]
    noise = float((ridge * weights**2 / (values + ridge)[:, None]).mean() / max(float(y.var(0).mean()), 1e-300))
    points = merged(points)
    D = two_nn(neighbour_distances(points, 2)) if len(points) > 2 and points.shape[1] else 1.0
    D = float(np.clip(D, 0.5, points.shape[1]))
    index = np.arange(_FIRST, max(_FIRST + 2, int(_LAST * m)))
    index = index[(index < m) & (values[np.minimum(index, m - 1)] > 1e-12 * max(values[0], 1e-300))]
    if len(index) < 3:
        return KernelWidth(len(index) + _FIRST, D, float("inf"), noise)
    slope, level = np.polyfit(np.log(index + 1.0), np.log(values[index] * n / m), 1)
    decay = max(float(-slope), 1.0)
    width = float(np.exp((level - np.log(ridge)) / decay))
    return KernelWidth(int(np.clip(np.round(width), 1, n)), D, (decay - 1) * D / 2, noise)
