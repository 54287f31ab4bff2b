"""A-i, singularities: does the function jump across a surface, where, and by how much? (Imaizumi and Fukumizu 2019, 2022)

The first half of the rows proposes an axis, a plane, a bent and a closed surface (`_surface.search`); the second half tests the jump at each,
at 5 % over the four. Size and interval are of the second half. The place has the interval of Hansen (2000) for thresholds: levels whose z² is within
7.35 of the largest. Beside the test stands the exponent of the variogram over the columns that matter, which needs near rows, and so few columns.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from motifnet.profiling._exponents import phase, singularity_exponents
from motifnet.profiling._finding import LEVEL, Finding, unreliable
from motifnet.profiling._rows import Rows
from motifnet.profiling._smooth import Smooth
from motifnet.profiling._surface import Steps, Surface, eligible, search, steps, thresholds_at
from motifnet.profiling._variogram import variogram
from motifnet.tables import Matrix

RELIABLE_ROWS = 2_000
HANSEN = 7.35  # Hansen (2000), table 1: 95 % point of the likelihood ratio of a threshold
ALIKE = 0.8  # of the largest z²: a surface that has so much of it is the same one, somewhat misplaced
NAME = "singularity"


def singularity(rows: Rows, level: float = LEVEL) -> Finding:
    """Whether the (first) target jumps across a surface in the columns, by a test at that level."""
    unit = f"jump of {rows.targets[0]}"
    columns = eligible(rows.X, rows.numeric)
    if rows.classes or not columns:
        return unreliable(NAME, unit, "Jumps are looked for in numbers along columns of numbers, of which there are none here.", "not applicable")
    surface, test, p = _likeliest(rows, columns)
    return _finding(rows, surface, test, p, _exponent(rows, columns), level)


def boundary(rows: Rows) -> tuple[Surface, float] | None:
    """The likeliest surface of a jump and its threshold, midway between two rows; None where no column can jump."""
    columns = eligible(rows.X, rows.numeric)
    if not columns:
        return None
    surface = _likeliest(rows, columns)[0]
    threshold, t = _place(surface, *rows.halves)[0], np.unique(surface.coordinate(rows.X))
    after = int(np.clip(np.searchsorted(t, threshold), 1, len(t) - 1))
    return surface, float((t[after - 1] + t[after]) / 2)


def _likeliest(rows: Rows, columns: list[int]) -> tuple[Surface, Steps, float]:
    """Of the surfaces that the first half proposes, with its test in the second half and the p-value."""
    first, second = rows.halves
    surfaces = search(first, columns, rows.seed)
    tests = [_test(surface, first, second) for surface in surfaces]
    p = [min(1.0, 2 * len(surfaces) * float(norm.sf(abs(t.z[0])))) for t in tests]
    # the simplest surface whose p-value is not a hundred times that of another, or that says nearly as much
    seen, most = [float(t.z[0]) ** 2 for t in tests], max(float(t.z[0]) ** 2 for t in tests)
    best = next(i for i in range(len(p)) if (p[i] <= 100 * min(p) or seen[i] >= ALIKE * most) and (p[i] <= LEVEL or min(p) > LEVEL))
    return surfaces[best], tests[best], p[best]


def _threshold(surface: Surface, fit: Smooth) -> Matrix:
    return thresholds_at(surface.coordinate(fit.X)[:, None], np.array([surface.level]))


def _test(surface: Surface, first: Smooth, second: Smooth) -> Steps:
    """The jump in the second half where the first half puts the surface."""
    return steps(second, surface.coordinate(second.X)[:, None], _threshold(surface, first))


def _place(surface: Surface, first: Smooth, second: Smooth) -> tuple[float, float, float]:
    """The threshold on t with the largest z², summed over the halves, and the interval of Hansen."""
    t = surface.coordinate(first.X)
    grid = np.unique(np.quantile(t, np.clip(surface.level + np.linspace(-0.08, 0.08, 41), 0.02, 0.98)))
    ratio = np.zeros(len(grid))
    for fit in (first, second):
        ratio += steps(fit, np.repeat(surface.coordinate(fit.X)[:, None], len(grid), axis=1), grid).z ** 2
    inside = np.flatnonzero(ratio >= ratio.max() - HANSEN)  # and the grid's next points, for it is coarse
    return float(grid[ratio.argmax()]), float(grid[max(inside[0] - 1, 0)]), float(grid[min(inside[-1] + 1, len(grid) - 1)])


def _exponent(rows: Rows, columns: list[int], most: int = 3) -> dict[str, object]:
    """The variogram over the columns whose relevance is at least a tenth of the largest; nothing where they are over three or not all numbers."""
    relevance = rows.prior.scale.numpy()
    near = np.flatnonzero(relevance >= 0.1 * relevance.max())
    if len(near) > most or not set(near) <= set(columns):
        return {"exponent": None, "exponent_interval": None, "exponent_noise_sd": None}
    both = np.concatenate(rows.halves_rows)
    v = variogram(rows.X[both][:, near] * relevance[near] / relevance.max(), rows.y[both, 0])
    return {
        "exponent": v.exponent,
        "exponent_interval": [float(end) for end in v.interval],
        "exponent_noise_sd": float(np.sqrt(v.noise_variance) * rows.sd[0]),
    }


def _finding(rows: Rows, surface: Surface, test: Steps, p: float, exponent: dict[str, object], level: float) -> Finding:
    upwards = np.sign(surface.weight[_by_share(rows, surface)[0]])  # the way in which the term grows that the words begin with
    size, error = float(upwards * test.size[0] * rows.sd[0]), float(test.error[0] * rows.sd[0])
    place = _place(surface, *rows.halves)
    words, where = _described(rows, surface, place)
    details = {"p_value": p, "surface": words, **where, **exponent, "rows": 2 * len(rows.halves_rows[0])}
    details |= {"rates": singularity_exponents(2.0, 2.0, rows.d), "phase": phase(2.0, 2.0, rows.d)}
    interval = (size - 1.96 * error, size + 1.96 * error)
    target = rows.targets[0]
    if rows.total < RELIABLE_ROWS:
        sentence = f"{rows.total:,} rows are too few to tell a jump from a slope ({RELIABLE_ROWS:,} are needed): nothing is changed."
        return Finding(NAME, size, interval, f"jump of {target}", False, "unreliable below 2,000 rows", sentence, {}, details)
    if p > level:
        sentence = f"No jump of {target} is seen: smooth models (kernels, splines) waste nothing here."
        return Finding(NAME, size, interval, f"jump of {target}", False, "no jump", sentence, {}, details)
    measured = "at least" if max(surface.powers) > 1 else "about"  # a bent surface that misses the true one blurs the jump
    sentence = (
        f"{target} jumps by {measured} {abs(size):.4g} where {words} is crossed. Smooth models blur it over its surroundings: "
        "give trees or a step module a place in the network."
    )
    return Finding(NAME, size, interval, f"jump of {target}", True, "jump", sentence, {"step": where}, details)


def _by_share(rows: Rows, surface: Surface) -> list[int]:
    """The terms that count, the largest first."""
    share = np.abs(surface.weight) * surface.features(rows.X).std(0)
    return [int(i) for i in np.argsort(-share) if share[i] >= 0.05 * share.max()]


def _described(rows: Rows, surface: Surface, place: tuple[float, float, float]) -> tuple[str, dict[str, object]]:
    """The surface in words and as numbers: a column in its own unit, or Σ weight ((x − mean)/sd)^power = threshold."""
    order = _by_share(rows, surface)
    scale = float(surface.weight[order[0]])
    terms = [(rows.names[surface.columns[i]], surface.powers[i], float(surface.weight[i] / scale)) for i in order]
    if len(terms) == 1 and terms[0][1] == 1:
        offset = float(np.median(surface.coordinate(rows.X) - scale * rows.X[:, surface.columns[order[0]]]))  # of terms that are left out
        at, *ends = (rows.raw(surface.columns[order[0]], (v - offset) / scale) for v in place)
        return f"{terms[0][0]} = {at:.4g}", {"columns": [terms[0][0]], "threshold": at, "threshold_interval": sorted(ends)}
    at, *ends = (v / scale for v in place)
    texts = [f"{w:+.2f}·z({name})" + (f"^{power}" if power > 1 else "") for name, power, w in terms[:4]]
    words = " ".join(texts).lstrip("+") + (" + …" if len(terms) > 4 else "") + f" = {at:.3g} (z: in standard deviations from the mean)"
    weights = [{"column": name, "power": power, "weight": w} for name, power, w in terms]
    return words, {"columns": list(dict.fromkeys(t[0] for t in terms)), "weights": weights, "threshold": at, "threshold_interval": sorted(ends)}
