"""Reduced sets: a kernel expansion on fewer centres, with a proof of what that costs.

    f = Σ_i α_i k(·, x_i)  →  f' = Σ_{j in C} β_j k(·, x_j),    c = α − β (β padded with zeros)
    |f(x) − f'(x)| ≤ √(cᵀ K c) · √k(x, x)    for every x

√(cᵀ K c) is the norm of f − f' in the kernel's own space. Centres come from a pivoted Cholesky
factorisation. Its pivot is the row with the largest gain r_i² / d_i (squared residual of f over
remaining diagonal), which lowers that norm most. β = (K_CC + ρ I)⁻¹ f_C is the projection of f,
with a ridge ρ that keeps Σ |β| small. The bound is computed for this β. Among sets of several
sizes, and the full one, the set with the fewest units in relu form is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from motifnet.engine import Matrix

_MAX_ROWS, _MAX_CENTRES = 4_000, 1_000
_SHARES = (0.6, 0.3, 0.1, 0.02)  # of the tolerance that a reduced set may use
_RIDGES = (1e-3, 1e-5, 1e-7, 1e-9, 1e-11)


@dataclass(frozen=True)
class ReducedSet:
    """Kept rows with shape (J,), coefficients with shape (J, q), and the bound on the error."""

    rows: NDArray[np.int64]
    coefficients: Matrix
    error: float


def reduce_set(
    K: Matrix,
    dual: Matrix,
    at_zero: float,
    tolerance: float,
    cost: Callable[[Matrix, float], float],
) -> ReducedSet:
    """The cheapest reduced set whose bound is below `tolerance`.

    K has shape (m, m), dual shape (m, q); at_zero is k(x, x). `cost(coefficients, rest)` is the
    cost of a set when the rest of the network may have an error of `rest`.
    """
    used = np.flatnonzero(np.abs(dual).max(axis=1) > 0)
    full = ReducedSet(used, dual[used], 0.0)
    best, price = full, cost(full.coefficients, tolerance)
    if len(K) > _MAX_ROWS or not len(used):
        return full
    for candidate in _candidates(K, dual, at_zero, tolerance):
        if (
            candidate.error < tolerance
            and (new := cost(candidate.coefficients, tolerance - candidate.error)) < price
        ):
            best, price = candidate, new
    return best


def _candidates(K: Matrix, dual: Matrix, at_zero: float, tolerance: float) -> Iterator[ReducedSet]:
    order, errors = pivoted_gains(K, dual, _SHARES[-1] * tolerance / np.sqrt(at_zero))
    values = K @ dual
    sizes = {
        int(np.argmax(errors <= share * tolerance / np.sqrt(at_zero)))
        for share in _SHARES
        if errors[-1] <= share * tolerance / np.sqrt(at_zero)
    }
    for J in sorted(sizes - {0}):
        rows = np.sort(order[:J])
        for ridge in _RIDGES:
            try:
                factor = cho_factor(K[np.ix_(rows, rows)] + ridge * at_zero * np.eye(J))
            except LinAlgError:
                continue
            beta = cho_solve(factor, values[rows])
            yield ReducedSet(rows, beta, lost(K, dual, rows, beta, at_zero))


def lost(K: Matrix, dual: Matrix, rows: NDArray[np.int64], beta: Matrix, at_zero: float) -> float:
    """The bound √(cᵀKc) √k(x, x) with c = α − β, its maximum over the outputs, with the rounding of
    cᵀKc.
    """
    c = dual.copy()
    c[rows] -= beta
    norm = np.einsum("iq,ij,jq->q", c, K, c, optimize=True)
    rounding = 8 * np.finfo(float).eps * at_zero * np.abs(c).sum(axis=0) ** 2
    return float(np.sqrt((np.maximum(norm, 0) + rounding).max(initial=0.0) * at_zero))


def pivoted_gains(K: Matrix, dual: Matrix, tolerance: float) -> tuple[NDArray[np.int64], Matrix]:
    """Rows in order of gain until ‖f − f'‖ ≤ tolerance, and that norm after 0, 1, 2, … rows (its
    maximum over the outputs).
    """
    m = len(K)
    residual, diagonal = K @ dual, K.diagonal().copy()
    norms = np.einsum("iq,iq->q", dual, residual)
    factor = np.empty((m, min(m, _MAX_CENTRES)))
    order: list[int] = []
    errors = [float(np.sqrt(max(norms.max(), 0)))]
    floor = 1e-10 * diagonal.max()
    while len(order) < factor.shape[1] and errors[-1] > tolerance:
        gain = np.where(
            diagonal > floor, (residual**2).sum(axis=1) / np.maximum(diagonal, floor), -1.0
        )
        i, j = int(gain.argmax()), len(order)
        if gain[i] <= 0:
            break
        column = (K[:, i] - factor[:, :j] @ factor[i, :j]) / np.sqrt(diagonal[i])
        z = residual[i] / np.sqrt(diagonal[i])
        factor[:, j] = column
        residual = residual - np.outer(column, z)
        diagonal = diagonal - column**2
        norms = norms - z**2
        diagonal[i] = 0
        order.append(i)
        errors.append(float(np.sqrt(max(norms.max(), 0))))
    return np.array(order, dtype=np.int64), np.array(errors)
