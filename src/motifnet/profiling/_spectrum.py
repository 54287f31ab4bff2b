"""The spectrum of the Fisher information of p parameters on n rows, from the Gram matrix K = J Jᵀ/n of the Jacobian J.

The nonzero eigenvalues of K are those of JᵀJ/n. Were the rows of J noise with equal variances, they would end at the Marchenko–Pastur edge; those
above it are directions that the data single out. What theory makes of a spectrum is in `motifnet.landscape.ridge_risk`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.tables import Matrix


@dataclass(frozen=True)
class Spectrum:
    """What the eigenvalues of the Fisher information say: effective ranks Σλ/λ₁ and (Σλ)²/Σλ², and eigenvalues above the Marchenko–Pastur edge."""

    rank: float
    rank2: float
    spikes: int


def spectrum(gram: Matrix, p: int) -> Spectrum:
    """The spectrum of K = J Jᵀ/n with shape (n, n) of p parameters; the bulk's edge is m (1 + √(n/p))², m from the median of a square-root law."""
    n = len(gram)
    values = np.clip(np.linalg.eigvalsh(gram)[::-1], 0, None)
    total = values.sum()
    bulk = values[values > 1e-10 * values[0]]
    level = float(np.median(bulk)) if len(bulk) else 0.0
    edge = level * (1 + np.sqrt(min(n, p) / max(n, p))) ** 2
    return Spectrum(float(total / values[0]), float(total**2 / (values**2).sum()), int((values > edge).sum()))
