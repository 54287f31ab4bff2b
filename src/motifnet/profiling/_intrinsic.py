"""A-ii, low intrinsic dimension: do the rows fill their columns, or lie on a thin set? (Nakada and Imaizumi 2020)

The null is a table whose columns are independent: each column is permuted by itself, which keeps gaps, levels and ties, and the bias of the
estimate. The dimension is low where that of the table is below that of all 19 permuted ones (p = 1/20), and by a third, and where two scales agree
on it (repeated measurements of one thing form clusters, whose dimension is no one's). A network, or a kernel machine, then learns at n^{−2β/(2β +
d)} in place of D. Where few principal components hold the variance a projection says it all. On a curved set the distances of a
kernel are those of the set near by; weighted local charts in front of ours were measured, and lost (docs/theory/intrinsic-dimension.md).
"""

from __future__ import annotations

import numpy as np

from motifnet.profiling._dimension import box_counting, levina_bickel, merged, neighbour_distances, plateau, scale_sweep, two_nn
from motifnet.profiling._exponents import rows_to_halve, smooth_exponent
from motifnet.profiling._finding import Finding, unreliable
from motifnet.profiling._rows import FEW_ROWS, Rows
from motifnet.tables import Matrix

MOST_ROWS, PERMUTATIONS, LOW = 2_000, 19, 2 / 3
MOST_COMPONENTS = 0.75  # of the columns: a projection to more is not worth its place
PLATEAU = 1.15  # estimates at two scales that differ by more are not of one dimension
NAME, UNIT = "intrinsic dimension", "dimensions"


def intrinsic(rows: Rows, beta: float = 2.0, *, projections_only: bool = False) -> Finding:
    """The dimension of the set on which the numeric columns lie; `projections_only`: it is not estimated where it could not lead to a projection."""
    columns = [j for j in np.flatnonzero(rows.numeric) if np.ptp(rows.X[:, j]) > 0]
    X = merged(rows.X[:MOST_ROWS, columns])
    if len(columns) < 2 or len(X) < FEW_ROWS:
        return unreliable(NAME, UNIT, f"A dimension needs two columns of numbers and {FEW_ROWS} rows that differ.", "not applicable")
    components, D = _components(X), len(columns)
    if projections_only and components > MOST_COMPONENTS * D:
        return unreliable(NAME, UNIT, f"The variance of the {D} columns of numbers is spread over {components} components.", "no projection")
    rng = np.random.default_rng([rows.seed, 6])
    distances = neighbour_distances(X)
    sweep = scale_sweep(X, rng)
    (d, factor), whole = plateau(sweep), two_nn(distances)
    null = [_permuted(rows.X[:MOST_ROWS, columns], rng) for _ in range(PERMUTATIONS)]
    low = whole < min(null) and d <= LOW * min(float(np.median(null)), D)
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
    if low and factor > PLATEAU:
        sentence = (
            f"The dimension of the {D} columns depends on the scale ({sweep[0][1]:.1f} near by, {sweep[-1][1]:.1f} far off): nothing is projected."
        )
        return Finding(NAME, d, interval, UNIT, False, "clusters, no one dimension", sentence, {}, details)
    if not low:
        sentence = f"The {D} columns of numbers vary freely: no projection is worth its loss."
        return Finding(NAME, d, interval, UNIT, False, "rows fill their columns", sentence, {}, details)
    linear = components <= min(max(d + 1.5, 0.5 * D), MOST_COMPONENTS * D)
    if linear:
        how = f"Put a projection to {components} principal components in front."
    else:
        how = "The set is curved, so that no projection holds it: a kernel learns at this rate by itself, and no layer is put in front."
    sentence = (
        f"The {D} columns of numbers lie near a set of dimension {d:.1f}: halving the error takes {details['rows_to_halve']:.1f} times the rows, "
        f"where {D} free columns would take {details['rows_to_halve_without']:.1f} times. {how}"
    )
    return Finding(NAME, d, interval, UNIT, True, "low dimension", sentence, {"projection": components} if linear else {}, details)


def _permuted(X: Matrix, rng: np.random.Generator) -> float:
    """TwoNN with the columns made independent."""
    return two_nn(neighbour_distances(merged(rng.permuted(X, axis=0)), 2))


def _interval(X: Matrix, d: float, rng: np.random.Generator, draws: int = 20) -> tuple[float, float]:
    """d ± 1.96 times its relative error: half the rows, drawn without replacement, spread about the whole as the whole does about its mean."""
    halves = [two_nn(neighbour_distances(X[rng.permutation(len(X))[: len(X) // 2]], 2)) for _ in range(draws)]
    error = 1.96 * float(np.std(halves)) / float(np.mean(halves)) * d
    return max(d - error, 0.0), d + error


def _components(X: Matrix, share: float = 0.99) -> int:
    """Principal components that hold 99 % of the variance."""
    values = np.linalg.svd(X - X.mean(0), compute_uv=False) ** 2
    return int(np.searchsorted(np.cumsum(values) / values.sum(), share) + 1)
