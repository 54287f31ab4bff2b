"""Parallel networks linearised at their start: the risk against the width, with and without ridge.

    f(x) = M^{−1/2} Σ_m g(x; θ_m),   g(x; a, W, c) = Σ_h a_h tanh(w_h·x + c_h)         p = M p₀ parameters,  p₀ = H (d + 2)

J with shape (n, p) is the Jacobian at a random start; the linearised fit is ridge regression on its columns. Nested widths share their first blocks.
Past the peak at p = n the error of the ridgeless fit falls again, for more blocks are more chances to be smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.tables import Matrix

HIDDEN = 3
FLOOR = 1e-9  # relative ridge that stands for none


@dataclass(frozen=True)
class Curve:
    """Numbers of blocks with shape (w,), p/n, and for each ridge weight a row of errors with shape (ridges, w): held out, and by GCV."""

    blocks: Matrix
    ratios: Matrix
    ridges: tuple[float, ...]
    held_out: Matrix
    gcv: Matrix


def jacobian(X: Matrix, blocks: int, rng: np.random.Generator, hidden: int = HIDDEN) -> Matrix:
    """∂f/∂θ with shape (n, blocks, p₀), without the factor M^{−1/2}; block m depends on the first draws only, so that widths are nested."""
    n, d = X.shape
    parts = []
    for _ in range(blocks):
        W, c, a = rng.standard_normal((hidden, d)) / np.sqrt(d), rng.standard_normal(hidden), rng.standard_normal(hidden) / np.sqrt(hidden)
        T = np.tanh(X @ W.T + c)
        slope = a * (1 - T**2)  # (n, hidden)
        parts.append(np.concatenate([T, slope, (slope[:, :, None] * X[:, None, :]).reshape(n, -1)], 1))
    return np.stack(parts, 1)


def risk_curve(X: Matrix, y: Matrix, train: int, blocks: Matrix, ridges: tuple[float, ...], rng: np.random.Generator) -> Curve:
    """Errors of the linearised fit to the first `train` rows on the others, for every width and ridge weight relative to the mean eigenvalue."""
    J = jacobian(X, int(blocks.max()), rng)
    sums = np.zeros((len(X), train))
    held_out, gcv = np.empty((len(ridges), len(blocks))), np.empty((len(ridges), len(blocks)))
    done, centre = 0, y[:train].mean()
    for w, m in enumerate(blocks.astype(int)):
        new = J[:, done:m].reshape(len(X), -1)
        sums, done = sums + new @ new[:train].T, m
        values, vectors = np.linalg.eigh(sums[:train] / (m * train))
        weights = vectors.T @ (y[:train] - centre)
        for r, ridge in enumerate(ridges):
            tau = max(ridge, FLOOR) * max(float(values.mean()), 1e-300)
            shrunk = 1 / (np.clip(values, 0, None) + tau)
            if ridge == 0:
                shrunk[values < 1e-10 * values[-1]] = 0.0  # the solution of least norm
            dual = vectors @ (shrunk * weights)
            held_out[r, w] = np.mean((y[train:] - centre - sums[train:] @ dual / (m * train)) ** 2)
            left = np.where(shrunk > 0, tau * shrunk, 1.0)
            gcv[r, w] = np.mean((left * weights) ** 2) / max(float(left.mean()), 1e-12) ** 2
    return Curve(blocks, blocks * J.shape[2] / train, ridges, held_out, gcv)


def divisibility(J: Matrix) -> float:
    """The share of the squared Fisher information JᵀJ with shape (M p₀, M p₀) that lies outside its M diagonal blocks, J with shape (n, M, p₀)."""
    flat = J.reshape(len(J), -1)
    whole = float(((flat @ flat.T) ** 2).sum())
    return 1 - sum(float(((part @ part.T) ** 2).sum()) for part in J.transpose(1, 0, 2)) / whole
