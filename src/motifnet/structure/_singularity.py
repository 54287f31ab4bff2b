"""Singularities: does the function jump across a surface, where, and by how much?

The first half of the rows proposes an axis, a plane, a curved and a closed surface
(`_surface.search`). The second half tests the jump at each, at 5 % over the four (Imaizumi and
Fukumizu 2019, 2022). Size and interval are of the second half. The position has the interval of
Hansen (2000) for thresholds: levels whose z² is within 7.35 of the largest.

The finding also has the exponent of the semivariogram near distance 0, over the relevant columns.
It needs near rows, and so few columns. γ(h) = ½ mean (y_i − y_j)² over pairs at distance h is
fitted by σ² + c h^q. A jump across a (D − 1)-dimensional surface gives q = 1, since the share of
pairs on different sides is proportional to h. A Lipschitz or smooth function gives q = 2. A
boundary of box dimension s gives q = D − s, so that q < 1 indicates a rough one. The weight of a
bin is its number of pairs over γ². The interval of q is a delete-a-group jackknife over ten groups
of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist
from scipy.stats import norm

from motifnet.engine import Matrix
from motifnet.structure._detector import LEVEL, NOT_APPLICABLE, Finding, Rows, unreliable
from motifnet.structure._gaussian_process import Smooth
from motifnet.structure._rates import phase, singularity_exponents
from motifnet.structure._surface import Steps, Surface, eligible, search, steps, thresholds_at

NAME = "singularity"
RELIABLE_ROWS = 2_000
HANSEN = 7.35  # Hansen (2000), table 1: 95 % point of the likelihood ratio of a threshold
ALIKE = 0.8  # share of the largest z² with which a surface counts as the same, somewhat displaced
BINS, GROUPS = 14, 10
EXPONENTS = np.arange(0.3, 3.001, 0.02)
SHARES = (1e-4, 0.05)  # of all pairs, nearer than the smallest and the largest lag
_MIN_SQUARE = 1e-9  # of the largest half square: bounds the weight of pairs of equal targets


@dataclass(frozen=True)
class Variogram:
    """Lags and γ with shape (bins,), the exponent q with its interval, σ² and c."""

    lags: Matrix
    gamma: Matrix
    exponent: float
    interval: tuple[float, float]
    noise_variance: float
    factor: float


def variogram(X: Matrix, y: Matrix, lags: tuple[float, float] | None = None) -> Variogram:
    """The variogram of y with shape (n,) at X with shape (n, d), between two lags. By default these
    are those of 0.01 % and 5 % of all pairs of distinct rows.
    """
    low, high = _lags(X) if lags is None else lags
    edges = np.geomspace(low, high, BINS + 1)
    edges[0] = 0.0
    pairs = cKDTree(X).query_pairs(high, output_type="ndarray")
    h = np.linalg.norm(X[pairs[:, 0]] - X[pairs[:, 1]], axis=1)
    half_squares = (y[pairs[:, 0]] - y[pairs[:, 1]]) ** 2 / 2
    bins = np.clip(np.digitize(h, edges) - 1, 0, BINS - 1)
    groups = np.arange(len(X)) % GROUPS
    # counts, distances and half squares of all pairs, and of those without a group
    sums = np.zeros((3, GROUPS + 1, BINS))
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
    """q, σ² and c ≥ 0 by weighted least squares, q from a grid, the others in closed form."""
    there = counts > 0
    h = distances[there] / counts[there]
    gamma = half_squares[there] / counts[there]
    w = counts[there]
    scale, w = h.max(), w / np.maximum(gamma, max(_MIN_SQUARE * gamma.max(), 1e-150)) ** 2
    U = (h / scale) ** EXPONENTS[:, None]
    mean_u, mean_g = U @ w / w.sum(), gamma @ w / w.sum()
    centred = U - mean_u[:, None]
    slope = np.maximum((centred * (gamma - mean_g)) @ w / np.maximum(centred**2 @ w, 1e-300), 0.0)
    slope = np.minimum(slope, mean_g / np.maximum(mean_u, 1e-300))  # σ² is not negative
    noise = mean_g - slope * mean_u
    error = ((gamma - noise[:, None] - slope[:, None] * U) ** 2) @ w
    i = int(error.argmin())
    return float(EXPONENTS[i]), float(noise[i]), float(slope[i] / scale ** EXPONENTS[i])


def singularity(rows: Rows, level: float = LEVEL) -> Finding:
    """Whether the (first) target jumps across a surface in the columns, by a test at that level."""
    unit = f"jump of {rows.targets[0]}"
    columns = eligible(rows.X, rows.numeric)
    if rows.classes or not columns:
        return unreliable(
            NAME,
            unit,
            "A jump is one of a numeric target along numeric columns. There are none here.",
            NOT_APPLICABLE,
        )
    surface, test, p = _most_likely(rows, columns)
    return _finding(rows, surface, test, p, _exponent(rows, columns), level)


def boundary(rows: Rows) -> tuple[Surface, float] | None:
    """The most likely surface of a jump and its threshold, midway between two rows. None where no
    column is eligible.
    """
    columns = eligible(rows.X, rows.numeric)
    if not columns:
        return None
    surface = _most_likely(rows, columns)[0]
    threshold, t = _position(surface, *rows.halves)[0], np.unique(surface.coordinate(rows.X))
    after = int(np.clip(np.searchsorted(t, threshold), 1, len(t) - 1))
    return surface, float((t[after - 1] + t[after]) / 2)


def _most_likely(rows: Rows, columns: list[int]) -> tuple[Surface, Steps, float]:
    """The most likely surface of those that the first half proposes, its test in the second half
    and the p-value.
    """
    first, second = rows.halves
    surfaces = search(first, columns, rows.seed)
    tests = [_test(surface, first, second) for surface in surfaces]
    p = [min(1.0, 2 * len(surfaces) * float(norm.sf(abs(t.z[0])))) for t in tests]
    # the simplest surface with at most a hundred times the smallest p-value, or with nearly its z²
    squares = [float(t.z[0]) ** 2 for t in tests]
    best = next(
        i
        for i in range(len(p))
        if (p[i] <= 100 * min(p) or squares[i] >= ALIKE * max(squares))
        and (p[i] <= LEVEL or min(p) > LEVEL)
    )
    return surfaces[best], tests[best], p[best]


def _threshold(surface: Surface, fit: Smooth) -> Matrix:
    return thresholds_at(surface.coordinate(fit.X)[:, None], np.array([surface.level]))


def _test(surface: Surface, first: Smooth, second: Smooth) -> Steps:
    """The jump in the second half across the surface of the first half."""
    return steps(second, surface.coordinate(second.X)[:, None], _threshold(surface, first))


def _position(surface: Surface, first: Smooth, second: Smooth) -> tuple[float, float, float]:
    """The threshold on t with the largest z², summed over the halves, and Hansen's interval."""
    t = surface.coordinate(first.X)
    grid = np.unique(
        np.quantile(t, np.clip(surface.level + np.linspace(-0.08, 0.08, 41), 0.02, 0.98))
    )
    ratio = np.zeros(len(grid))
    for fit in (first, second):
        ratio += (
            steps(fit, np.repeat(surface.coordinate(fit.X)[:, None], len(grid), axis=1), grid).z
            ** 2
        )
    # one point further on both sides, since the grid is coarse
    inside = np.flatnonzero(ratio >= ratio.max() - HANSEN)
    return (
        float(grid[ratio.argmax()]),
        float(grid[max(inside[0] - 1, 0)]),
        float(grid[min(inside[-1] + 1, len(grid) - 1)]),
    )


def _exponent(rows: Rows, columns: list[int], max_columns: int = 3) -> dict[str, object]:
    """The exponent over the columns whose relevance is at least a tenth of the largest. It is None
    where these are more than three or not all numeric.
    """
    relevance = rows.prior.scale.numpy()
    near = np.flatnonzero(relevance >= 0.1 * relevance.max())
    if len(near) > max_columns or not set(near) <= set(columns):
        return {"exponent": None, "exponent_interval": None, "exponent_noise_sd": None}
    both = np.concatenate(rows.halves_rows)
    v = variogram(rows.X[both][:, near] * relevance[near] / relevance.max(), rows.y[both, 0])
    return {
        "exponent": v.exponent,
        "exponent_interval": [float(end) for end in v.interval],
        "exponent_noise_sd": float(np.sqrt(max(v.noise_variance, 0.0)) * rows.sd[0]),
    }


def _finding(
    rows: Rows, surface: Surface, test: Steps, p: float, exponent: dict[str, object], level: float
) -> Finding:
    # the direction in which the first term of the words grows
    upwards = np.sign(surface.weight[_by_share(rows, surface)[0]])
    size, error = float(upwards * test.size[0] * rows.sd[0]), float(test.error[0] * rows.sd[0])
    words, where = _described(rows, surface, _position(surface, *rows.halves))
    details = {
        "p_value": p,
        "surface": words,
        **where,
        **exponent,
        "rows": 2 * len(rows.halves_rows[0]),
    }
    details |= {"rates": singularity_exponents(2.0, 2.0, rows.d), "phase": phase(2.0, 2.0, rows.d)}
    interval = (size - 1.96 * error, size + 1.96 * error)
    target = rows.targets[0]
    if rows.total < RELIABLE_ROWS:
        sentence = (
            f"{rows.total:,} rows are too few to distinguish a jump from a slope "
            f"({RELIABLE_ROWS:,} are needed): nothing is changed."
        )
        return Finding(
            NAME,
            size,
            interval,
            f"jump of {target}",
            False,
            "unreliable below 2,000 rows",
            sentence,
            {},
            details,
        )
    if p > level:
        sentence = (
            f"No jump of {target} is seen: smooth models (kernels, splines) waste nothing here."
        )
        return Finding(
            NAME, size, interval, f"jump of {target}", False, "no jump", sentence, {}, details
        )
    # a curved surface that misses the true one blurs the jump
    measured = "at least" if max(surface.powers) > 1 else "about"
    sentence = (
        f"{target} jumps by {measured} {abs(size):.4g} where {words} is crossed. Smooth models "
        "blur it over its surroundings: add trees or a step layer to the network."
    )
    return Finding(
        NAME, size, interval, f"jump of {target}", True, "jump", sentence, {"step": where}, details
    )


def _by_share(rows: Rows, surface: Surface) -> list[int]:
    """The terms with at least a twentieth of the largest share, the largest first."""
    share = np.abs(surface.weight) * surface.features(rows.X).std(0)
    return [int(i) for i in np.argsort(-share) if share[i] >= 0.05 * share.max()]


def _described(
    rows: Rows, surface: Surface, position: tuple[float, float, float]
) -> tuple[str, dict[str, object]]:
    """The surface in words and as numbers: a column in its own unit, or Σ weight ((x −
    mean)/sd)^power = threshold.
    """
    order = _by_share(rows, surface)
    scale = float(surface.weight[order[0]])
    terms = [
        (rows.names[surface.columns[i]], surface.powers[i], float(surface.weight[i] / scale))
        for i in order
    ]
    if len(terms) == 1 and terms[0][1] == 1:
        # the offset of the terms that are left out
        offset = float(
            np.median(surface.coordinate(rows.X) - scale * rows.X[:, surface.columns[order[0]]])
        )
        at, *ends = (rows.raw(surface.columns[order[0]], (v - offset) / scale) for v in position)
        return f"{terms[0][0]} = {at:.4g}", {
            "columns": [terms[0][0]],
            "threshold": at,
            "threshold_interval": sorted(ends),
        }
    at, *ends = (v / scale for v in position)
    shown = [
        f"{w:+.2f}·z({name})" + (f"^{power}" if power > 1 else "") for name, power, w in terms[:4]
    ]
    words = (
        " ".join(shown).lstrip("+")
        + (" + …" if len(terms) > 4 else "")
        + f" = {at:.3g} (z: in standard deviations from the mean)"
    )
    weights = [{"column": name, "power": power, "weight": w} for name, power, w in terms]
    return words, {
        "columns": list(dict.fromkeys(t[0] for t in terms)),
        "weights": weights,
        "threshold": at,
        "threshold_interval": sorted(ends),
    }
