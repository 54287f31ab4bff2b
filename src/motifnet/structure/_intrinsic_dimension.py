"""Intrinsic dimension: do the rows fill their columns, or lie on a thin set?

Estimates and their assumptions. Rows that coincide are merged first, since their distance is 0.

    TwoNN           d = (n − 1) / Σ log(r₂/r₁)
                    density constant out to the second neighbour (Facco et al. 2017)
    Levina–Bickel   d = (n (k − 1) − 1)/ΣΣ_{j<k} log(r_k/r_j)
                    out to the k-th; inverse averaged as by MacKay and Ghahramani
    box counting    slope of log N(ε) on log 1/ε, N the boxes of side ε that hold a row, N ≤ n/5
                    the Minkowski dimension itself

The null of the detector is a table with independent columns. Each column is permuted by itself,
which keeps its spacings, levels and ties, and the bias of the estimate. The dimension is low where
three conditions hold: that of the table is below that of all 19 permuted tables (p = 1/20), it is
lower by a third, and two scales agree on it. (Repeated measurements of one object form clusters,
which have no single dimension.) A network, or a kernel machine, then learns at n^{−2β/(2β + d)}
with d for D (Nakada and Imaizumi 2020). Where few principal components hold the variance, a
projection keeps all. On a curved set the short distances of a kernel are those of the set. Weighted
local charts as input layers were measured, and lost (docs/theory/intrinsic-dimension.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from motifnet.engine import Matrix
from motifnet.structure._detector import MIN_ROWS, NOT_APPLICABLE, Finding, Rows, unreliable
from motifnet.structure._rates import rows_to_halve, smooth_exponent

NAME, UNIT = "intrinsic dimension", "dimensions"
LOW_DIMENSION = "low dimension"  # the verdict of a finding
NEIGHBOURS = 10
MAX_ROWS, PERMUTATIONS = 2_000, 19
MAX_RATIO = 2 / 3  # of a low dimension over that of independent columns
MAX_COMPONENTS = 0.75  # of the columns: a projection to more is not worth its cost
PLATEAU = 1.15  # estimates at two scales that differ by more are not of one dimension


def merged(X: Matrix) -> Matrix:
    """The distinct rows."""
    return np.unique(X, axis=0)


def neighbour_distances(X: Matrix, k: int = NEIGHBOURS) -> Matrix:
    """Distances with shape (n, k) to the k nearest other rows of distinct rows."""
    return cKDTree(X).query(X, min(k, len(X) - 1) + 1)[0][:, 1:]


def two_nn(distances: Matrix) -> float:
    """TwoNN from distances with shape (n, ≥ 2)."""
    logs = np.log(distances[:, 1] / distances[:, 0])
    return float((len(logs) - 1) / max(logs.sum(), 1e-300))


def levina_bickel(distances: Matrix) -> float:
    """The maximum likelihood estimate from distances with shape (n, k)."""
    k = distances.shape[1]
    logs = np.log(distances[:, -1:] / distances[:, :-1])
    return float((len(logs) * (k - 1) - 1) / max(logs.sum(), 1e-300))


def box_counting(X: Matrix, base: float = 2.0, finest: int = 12) -> float:
    """The slope of log N(ε), ε = range/base^j, over levels j from 2 on at which at most a fifth of
    the rows has a box of its own.
    """
    Z = (X - X.min(0)) / max(float(np.ptp(X, axis=0).max()), 1e-300) * (1 - 1e-12)
    levels: list[int] = []
    counts: list[int] = []
    for j in range(finest + 1):
        boxes = len(np.unique(np.floor(Z * base**j).astype(np.int64), axis=0))
        if boxes > len(X) / 5 and len(levels) >= 2:
            break
        levels.append(j)
        counts.append(boxes)
    first = 2 if len(levels) >= 4 else 0
    return float(np.polyfit(np.array(levels[first:]) * np.log(base), np.log(counts[first:]), 1)[0])


def scale_sweep(
    X: Matrix, rng: np.random.Generator, min_rows: int = 100
) -> list[tuple[int, float]]:
    """TwoNN on all rows, a half, a quarter, … Fewer rows measure a larger scale. Noise off the set
    increases the estimate at small scales.
    """
    order, sweep, m = rng.permutation(len(X)), list[tuple[int, float]](), len(X)
    while m >= min_rows or not sweep:
        sweep.append((m, two_nn(neighbour_distances(X[order[:m]], 2))))
        m //= 2
    return sweep


def plateau(sweep: list[tuple[int, float]]) -> tuple[float, float]:
    """The estimate where two successive sizes agree best, and the factor by which they differ. With
    few sizes it is the estimate of all rows.
    """
    values = [d for _, d in sweep]
    if len(values) < 3:
        return values[0], 1.0
    factors = [max(a, b) / max(min(a, b), 1e-9) for a, b in pairwise(values)]
    i = int(np.argmin(factors[:-1]))  # the smallest size is too noisy to end a plateau
    return (values[i] + values[i + 1]) / 2, factors[i]


def intrinsic(rows: Rows, beta: float = 2.0, *, projections_only: bool = False) -> Finding:
    """The dimension of the set on which the numeric columns lie. With `projections_only` it is
    estimated only where it could lead to a projection.
    """
    columns = [j for j in np.flatnonzero(rows.numeric) if np.ptp(rows.X[:, j]) > 0]
    X = merged(rows.X[:MAX_ROWS, columns])
    if len(columns) < 2 or len(X) < MIN_ROWS:
        return unreliable(
            NAME,
            UNIT,
            f"A dimension needs two columns of numbers and {MIN_ROWS} rows that differ.",
            NOT_APPLICABLE,
        )
    components, D = _components(X), len(columns)
    if projections_only and components > MAX_COMPONENTS * D:
        return unreliable(
            NAME,
            UNIT,
            f"The variance of the {D} columns of numbers is spread over {components} components.",
            "no projection",
        )
    rng = np.random.default_rng([rows.seed, 6])
    distances = neighbour_distances(X)
    sweep = scale_sweep(X, rng)
    (d, factor), whole = plateau(sweep), two_nn(distances)
    null = [_permuted(rows.X[:MAX_ROWS, columns], rng) for _ in range(PERMUTATIONS)]
    low = whole < min(null) and d <= MAX_RATIO * min(float(np.median(null)), D)
    d = min(d, D)
    interval = _interval(X, d, rng)
    details = {
        "columns": D,
        "two_nn": whole,
        "levina_bickel": levina_bickel(distances),
        "box_counting": box_counting(X) if D <= 3 else None,
        "sweep": [[m, v] for m, v in sweep],
        "independent_columns": float(np.median(null)),
        "components_99": components,
        "rows": len(X),
        "exponent": smooth_exponent(beta, d),
        "exponent_without": smooth_exponent(beta, D),
        "rows_to_halve": rows_to_halve(beta, d),
        "rows_to_halve_without": rows_to_halve(beta, D),
    }
    verdict, sentence, setting = _verdict(d, details, low, factor)
    found = verdict == LOW_DIMENSION
    return Finding(NAME, d, interval, UNIT, found, verdict, sentence, setting, details)


def _verdict(
    d: float, details: Mapping[str, Any], low: bool, factor: float
) -> tuple[str, str, dict[str, int]]:
    """Verdict, sentence and setting of a dimension. `low`: whether it is below that of independent
    columns; `factor`: by which it differs between two scales.
    """
    D, components, sweep = details["columns"], details["components_99"], details["sweep"]
    if low and factor > PLATEAU:
        return (
            "clusters, no one dimension",
            f"The dimension of the {D} columns depends on the scale ({sweep[0][1]:.1f} near by, "
            f"{sweep[-1][1]:.1f} far off): nothing is projected.",
            {},
        )
    if not low:
        return (
            "rows fill their columns",
            f"The {D} columns of numbers vary freely: no projection is worth its loss.",
            {},
        )
    linear = components <= min(max(d + 1.5, 0.5 * D), MAX_COMPONENTS * D)
    if linear:
        advice = f"Add a projection to {components} principal components as input layer."
    else:
        advice = (
            "The set is curved, so that no projection holds it: a kernel learns at this rate by "
            "itself, and no input layer is added."
        )
    sentence = (
        f"The {D} columns of numbers lie near a set of dimension {d:.1f}: halving the error takes "
        f"{details['rows_to_halve']:.1f} times the rows, where {D} free columns would take "
        f"{details['rows_to_halve_without']:.1f} times. {advice}"
    )
    return LOW_DIMENSION, sentence, {"projection": components} if linear else {}


def _permuted(X: Matrix, rng: np.random.Generator) -> float:
    """TwoNN with the columns made independent."""
    return two_nn(neighbour_distances(merged(rng.permuted(X, axis=0)), 2))


def _interval(
    X: Matrix, d: float, rng: np.random.Generator, draws: int = 20
) -> tuple[float, float]:
    """d ± 1.96 standard errors. Halves of the rows, drawn without replacement, vary about the whole
    as the whole varies about its mean.
    """
    halves = [
        two_nn(neighbour_distances(X[rng.permutation(len(X))[: len(X) // 2]], 2))
        for _ in range(draws)
    ]
    error = 1.96 * float(np.std(halves)) / float(np.mean(halves)) * d
    return max(d - error, 0.0), d + error


def _components(X: Matrix, share: float = 0.99) -> int:
    """Number of principal components that hold 99 % of the variance."""
    values = np.linalg.svd(X - X.mean(0), compute_uv=False) ** 2
    return int(np.searchsorted(np.cumsum(values) / values.sum(), share) + 1)
