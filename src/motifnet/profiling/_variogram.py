"""The semivariogram near distance 0: γ(h) = ½ mean (y_i − y_j)² over pairs at distance h, fitted by σ² + c h^q.

A jump across a (D − 1)-dimensional surface gives q = 1, for the share of pairs that the surface parts is proportional to h; a Lipschitz or smooth
function gives q = 2; a boundary of box dimension s gives q = D − s, so that q < 1 tells a rough one. Every bin counts by its number of pairs over γ².
The interval of q is a delete-a-group jackknife over ten groups of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from motifnet.tables import Matrix

BINS, GROUPS = 14, 10
EXPONENTS = np.arange(0.3, 3.001, 0.02)
SHARES = (1e-4, 0.05)  # of all pairs, nearer than the smallest and the largest lag
_LEAST = 1e-9  # of the largest half square: pairs of equal targets must not weigh without end


@dataclass(frozen=True)
class Variogram:
    """Lags and γ with shape (bins,); the exponent q with its interval; σ² and c."""

    lags: Matrix
    gamma: Matrix
    exponent: float
    interval: tuple[float, float]
    noise_variance: float
    factor: float


def variogram(X: Matrix, y: Matrix, lags: tuple[float, float] | None = None) -> Variogram:
    """The variogram of y with shape (n,) at X with shape (n, d), between two lags, by default those of 0.01 % and 5 % of all pairs that differ."""
    low, high = _lags(X) if lags is None else lags
    edges = np.geomspace(low, high, BINS + 1)
    edges[0] = 0.0
    pairs = cKDTree(X).query_pairs(high, output_type="ndarray")
    h = np.linalg.norm(X[pairs[:, 0]] - X[pairs[:, 1]], axis=1)
    half_squares = (y[pairs[:, 0]] - y[pairs[:, 1]]) ** 2 / 2
    bins = np.clip(np.digitize(h, edges) - 1, 0, BINS - 1)
    groups = np.arange(len(X)) % GROUPS
    sums = np.zeros((3, GROUPS + 1, BINS))  # counts, distances, half squares: of all pairs, and of those without a group
    for i, weight in enumerate((np.ones(len(h)), h, half_squares)):
        sums[i, 0] = np.bincount(bins, weight, BINS)
        for g in range(GROUPS):
            touched = (groups[pairs] == g).any(1)
            sums[i, g + 1] = sums[i, 0] - np.bincount(bins[touched], weight[touched], BINS)
    q, noise, factor = _fit(*sums[:, 0])
    others = np.array([_fit(*sums[:, g + 1])[0] for g in range(GROUPS)])
    error = 1.96 * np.sqrt((GROUPS - 1) / GROUPS * ((others - others.mean()) ** 2).sum())
    counts, distance, halves = sums[:, 0][:, sums[0, 0] > 0]
    return Variogram(distance / counts, halves / counts, q, (q - error, q + error), noise, factor)


def _lags(X: Matrix, most: int = 1_500) -> tuple[float, float]:
    distances = pdist(X[:most])
    low, high = np.quantile(distances[distances > 0], SHARES)
    return max(float(low), 1e-3 * float(high)), float(high)


def _fit(counts: Matrix, distances: Matrix, half_squares: Matrix) -> tuple[float, float, float]:
    """q, σ² and c ≥ 0 of least weighted squares; q from a grid, the others in closed form."""
    there = counts > 0
    h, gamma, w = distances[there] / counts[there], half_squares[there] / counts[there], counts[there]
    scale, w = h.max(), w / np.maximum(gamma, max(_LEAST * gamma.max(), 1e-150)) ** 2
    U = (h / scale) ** EXPONENTS[:, None]
    mean_u, mean_g = U @ w / w.sum(), gamma @ w / w.sum()
    centred = U - mean_u[:, None]
    slope = np.maximum((centred * (gamma - mean_g)) @ w / np.maximum(centred**2 @ w, 1e-300), 0.0)
    slope = np.minimum(slope, mean_g / np.maximum(mean_u, 1e-300))  # σ² is not negative
    noise = mean_g - slope * mean_u
    error = ((gamma - noise[:, None] - slope[:, None] * U) ** 2) @ w
    i = int(error.argmin())
    return float(EXPONENTS[i]), float(noise[i]), float(slope[i] / scale ** EXPONENTS[i])
