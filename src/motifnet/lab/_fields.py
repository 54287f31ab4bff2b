"""Random functions of a given smoothness, and points on spheres.

    f(z) = √2/√Σa² · Σ_j a_j cos(r_j u_j·z + φ_j)        a_j = r_j^(−β), log r_j uniform, u_j uniform on the sphere

holds equal shares of its frequencies in every octave, with power r^(−2β): smoothness β and no more, at every scale between the smallest and the
largest r. Its variance is 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from motifnet.tables import Matrix

WAVES, SLOWEST, FASTEST = 600, 2.0, 2_000.0


def field(beta: float, d: int, rng: np.random.Generator) -> Callable[[Matrix], Matrix]:
    """A function of rows with shape (n, d)."""
    r = np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST), WAVES))
    waves, phases, heights = r[:, None] * sphere(WAVES, d - 1, rng), rng.uniform(0, 2 * np.pi, WAVES), r**-beta
    heights *= np.sqrt(2 / (heights**2).sum())
    return lambda Z: np.cos(Z @ waves.T + phases) @ heights


def sphere(n: int, d: int, rng: np.random.Generator, D: int | None = None) -> Matrix:
    """Uniform points of the unit sphere of dimension d, with shape (n, d + 1), or in a random subspace with shape (n, D)."""
    Z = rng.normal(size=(n, d + 1))
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    return Z if D is None else Z @ np.linalg.qr(rng.normal(size=(D, D)))[0][: d + 1]
