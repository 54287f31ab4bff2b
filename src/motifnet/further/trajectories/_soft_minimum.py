"""The Fréchet kernel of two tracks x and y with n and m points.

    e_ij = exp(−‖x_i − y_j‖²/γ)
    k(x, y) = mean over alignments A of  Σ_A e w(e) / Σ_A w(e),   w(e) = exp(−β e)

Takeuchi, Imaizumi, Kanda, Tabei, Fujii, Yoda, Ishihata and Maekawa, SIGSPATIAL 2021, as their code
has it. The ratio is a soft minimum of e over an alignment: its mean at β = 0, and its minimum, the
Fréchet leash, at β = ∞.

A sample of S uniform alignments estimates the mean; its limit is exact here as well.

- Finite β. With N = Σ_A e w and D = Σ_A w, N/D = ∫_0^∞ N exp(−t D) dt. Both sums are over cells, so
  that a dynamic programme over the grid gives E[N exp(−t D)] at each t: with q the probabilities of
  the steps that lead to a cell, and a = exp(−t w) there,

      Z = a Σ q Z',      M = a Σ q M' + e w Z,      E[N exp(−t D)] = M at the last cell.

  D lies between low = max(n, m) exp(−β) and high = n + m − 1. With t = exp(s − exp(−s)) the
  integrand falls doubly exponentially on both sides, and the trapezoidal rule in s has an error of
  exp(−c/h) (Takahasi and Mori 1974). The cost is O(n m) a node.

- β = ∞. E[min_A e] = Σ_k (t_k − t_{k−1}) P(min_A e ≥ t_k) over the distinct values t_k of e, and
  the same programme with a = 1[e ≥ t] gives each probability. The cost is O((n m)²).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import csr_array

from motifnet.engine import Matrix
from motifnet.further.trajectories._alignments import Cells, step_probabilities

STEP = 0.3  # of the trapezoidal rule: errors below 1e-12
_EMPTY = np.array([1.0, 0.0])[:, None, None]  # Π and Σ before the first cell
FIRST, LAST = -3.2, math.log(37.0)  # t = exp(s − exp(−s)) is 1e-12, and exp(−t) is 1e-16 there


def sampled_mean(e: Matrix, paths: Cells, beta: float) -> Matrix:
    """Of each pair, over drawn paths. e has shape (pairs, n, m); result (pairs,)."""
    flat = e.reshape(len(e), -1)
    if math.isinf(beta):
        padded = np.concatenate([flat, np.full((len(e), 1), np.inf)], axis=1)
        return np.asarray(padded[:, paths].min(2).mean(1))
    on_path = paths < flat.shape[1]
    rows = np.broadcast_to(np.arange(len(paths))[:, None], paths.shape)
    # sums over paths are products with their indicators
    indicators = csr_array(
        (np.ones(int(on_path.sum())), (rows[on_path], paths[on_path])),
        shape=(len(paths), flat.shape[1]),
    )
    weights = np.exp(-beta * flat)
    sums = indicators @ np.concatenate([flat * weights, weights]).T
    return np.asarray((sums[:, : len(e)] / sums[:, len(e) :]).mean(0))


def exact_mean(e: Matrix, beta: float) -> Matrix:
    """Of each pair, over all alignments. Shapes as in `sampled_mean`."""
    return _exact_minimum(e) if math.isinf(beta) else _exact_ratio(e, beta)


def _exact_ratio(e: Matrix, beta: float) -> Matrix:
    n, m = e.shape[1:]
    # a factor common to all weights of a pair leaves the ratio as it is
    weights = np.exp(-beta * (e - e.min((1, 2), keepdims=True)))
    high = n + m - 1
    spread = math.log(high / (max(n, m) * weights.min()))
    s = np.arange(FIRST, LAST + spread + STEP, STEP)
    t = np.exp(s - np.exp(-s))
    factors = np.exp(-np.einsum("pij,k->ijkp", weights, t / high))
    gains = np.einsum("pij->ijp", e * weights)[:, :, None]
    means = _programme(factors, gains)
    return np.asarray(STEP / high * (t * (1 + np.exp(-s))) @ means)


def _exact_minimum(e: Matrix) -> Matrix:
    found = []
    for one in e:
        levels = np.unique(one)
        above = (one[:, :, None, None] >= levels[:, None]).astype(np.float64)
        chances = _programme(above, None)[:, 0]
        found.append(np.diff(levels, prepend=0.0) @ chances)
    return np.array(found)


def _programme(factors: Matrix, gains: Matrix | None) -> Matrix:
    """E[Π_A a], or with gains b E[Σ_A b · Π_A a], over uniform alignments A. The first two axes of
    both are those of the grid.
    """
    n, m = factors.shape[:2]
    steps = step_probabilities(n, m)
    state = np.zeros((2, m + 1, *factors.shape[2:]))  # Z and M of the row above, and an edge
    for i in range(n):
        above, state = state, np.zeros_like(state)
        for j in range(m):
            earlier = (above[:, j + 1], state[:, j], above[:, j])
            reached = sum(q * x for q, x in zip(steps[:, i, j], earlier, strict=True) if q)
            state[:, j + 1] = factors[i, j] * (reached if i or j else _EMPTY)
            if gains is not None:
                state[1, j + 1] += gains[i, j] * state[0, j + 1]
    return np.asarray(state[0 if gains is None else 1, m])
