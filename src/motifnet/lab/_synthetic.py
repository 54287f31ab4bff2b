"""Synthetic tables: copies by relative distance, and generators by a trained critic.

a, b  The distance ρ of a row to its nearest real row, in units of that to the next one. For rows of
      one law in D dimensions P(ρ ≤ t) = t^D. Copies with noise lift the curve at the left; a
      generator that draws rows too near the centre does not, although its rows are nearer to real
      rows than held-out rows are.
c     The distance of a trained critic, for normal columns with correlation r, of which the
      synthetic table has lost the correlation. The best critic is the posterior probability
      1 / (1 + p/q), whose density ratio p/q is known in closed form.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from motifnet.engine import Matrix
from motifnet.lab._figure import (
    CALM,
    MEASURED,
    THEORY,
    TRAINED,
    Check,
    Estimate,
    Facts,
    draw_bars,
    draws,
    files,
    panels,
)
from motifnet.synthetic import Privacy, SyntheticReport, check_synthetic

NAME, TITLE = "synthetic", "Synthetic tables: copies of real rows, and a law that is not theirs"
D, COPIED, JITTER, SHRINK = 3, 0.2, 0.01, 0.7
CORRELATIONS = (0.0, 0.3, 0.6, 0.9)
T = np.linspace(0.01, 1.0, 100)


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    n, seeds = (600, draws(quick, 3)) if quick else (2_000, draws(quick, 8))
    found = {
        name: [_privacy(name, n, seed) for seed in seeds] for name in ("fresh", "copies", "shrunk")
    }
    distances = np.array([[_critic(n, r, seed) for r in CORRELATIONS] for seed in seeds])
    best = np.array([_best(r) for r in CORRELATIONS])
    with panels(out, NAME, 1, 3) as axes:
        _draw_relative(axes[0, 0], found)
        _draw_nearest(axes[0, 1], n, seeds[0])
        _draw_critic(axes[0, 2], distances, best)
    drawn = {"correlations": CORRELATIONS, "distances": distances.tolist(), "best": best.tolist()}
    return Facts(
        NAME,
        TITLE,
        quick,
        _sentences(found, distances, best),
        _checks(found, distances, best),
        drawn,
        files(NAME),
    )


def _rows(n: int, seed: int, part: int) -> Matrix:
    return np.random.default_rng([seed, part]).normal(size=(n, D))


def _synthetic(name: str, n: int, seed: int) -> Matrix:
    fresh, rng = _rows(n, seed, 1), np.random.default_rng([seed, 3])
    if name == "copies":
        count = round(COPIED * n)
        fresh[:count] = _rows(n, seed, 0)[:count] + JITTER * rng.normal(size=(count, D))
    return SHRINK * fresh if name == "shrunk" else fresh


def _checked(synthetic: Matrix, n: int, seed: int) -> SyntheticReport:
    return check_synthetic(_rows(n, seed, 0), synthetic, _rows(n, seed, 2), random_state=seed)


def _privacy(name: str, n: int, seed: int) -> Privacy:
    return _checked(_synthetic(name, n, seed), n, seed).privacy


def _pair(n: int, r: float, rng: np.random.Generator) -> Matrix:
    z = rng.normal(size=(n, 2))
    return np.stack([z[:, 0], r * z[:, 0] + np.sqrt(1 - r * r) * z[:, 1]], 1)


def _critic(n: int, r: float, seed: int) -> float:
    """The distance of independent columns from those with correlation r."""
    rng = np.random.default_rng([seed, 4])
    real, synthetic, holdout = _pair(n, r, rng), _pair(n, 0.0, rng), _pair(n, r, rng)
    return check_synthetic(real, synthetic, holdout, random_state=seed).fidelity.distance


def _best(r: float, n: int = 200_000) -> float:
    """The difference of means of the posterior 1 / (1 + p/q), with
    log p/q = −½ log(1 − r²) − (r² (x² + y²) − 2 r x y) / (2 (1 − r²)).
    """
    rng = np.random.default_rng(0)

    def posterior(rows: Matrix) -> Matrix:
        x, y = rows.T
        quadratic = (r * r * (x * x + y * y) - 2 * r * x * y) / (2 * (1 - r * r))
        return np.asarray(1 / (1 + np.exp(-0.5 * np.log(1 - r * r) - quadratic)))

    return float(posterior(_pair(n, 0.0, rng)).mean() - posterior(_pair(n, r, rng)).mean())


def _share(relative: Matrix) -> Matrix:
    """The distribution function at T."""
    return np.asarray(np.searchsorted(relative, T, "right") / len(relative))


def _checks(found: dict[str, list[Privacy]], distances: Matrix, best: Matrix) -> tuple[Check, ...]:
    fresh = Estimate.of([float(np.mean(p.relative**D)) for p in found["fresh"]])
    excess = Estimate.of([p.near - p.near_by_chance for p in found["copies"]])
    shrunk = Estimate.of([p.near - p.near_by_chance for p in found["shrunk"]])
    ratio = Estimate.of(distances[:, -1] / best[-1])
    return (
        Check.over_seeds("mean of ρ^D of fresh rows", fresh, 0.5, 0.45, 0.55, 1.0),
        Check.over_seeds(
            "near copies less chance, a fifth copied", excess, COPIED, 0.15, 0.25, 0.0
        ),
        Check.over_seeds(
            "near copies less chance, rows near the centre", shrunk, 0.0, -0.05, 0.05, COPIED
        ),
        Check.over_seeds(
            f"distance / that of the best critic, r = {CORRELATIONS[-1]}", ratio, 1.0, 0.8, 1.1, 0.0
        ),
    )


def _sentences(found: dict[str, list[Privacy]], distances: Matrix, best: Matrix) -> tuple[str, ...]:
    alarms = {name: sum(p.copied for p in each) for name, each in found.items()}
    said = ", ".join(f"{name} {count} of {len(found[name])}" for name, count in alarms.items())
    reached = ", ".join(
        f"r = {r:g}: {Estimate.of(distances[:, j]):.3f} (best {best[j]:.3f})"
        for j, r in enumerate(CORRELATIONS)
    )
    return (
        f"Alarms of copies (a fifth of the rows with noise of {JITTER:.0%}): {said}.",
        f"Distance of the trained critic: {reached}.",
    )


def _draw_relative(axis: Any, found: dict[str, list[Privacy]]) -> None:
    colours = {"fresh": TRAINED, "copies": MEASURED, "shrunk": CALM}
    names = {"fresh": "fresh rows", "copies": "a fifth copied", "shrunk": "too near the centre"}
    for name, each in found.items():
        shares = np.mean([_share(p.relative) for p in each], axis=0)
        axis.plot(T, shares, color=colours[name], label=names[name])
    axis.plot(T, T**D, "--", color=THEORY, label=f"t^{D}")
    axis.set(
        title="a  copies lift the curve at the left",
        xlabel="ρ = nearest / next",
        ylabel="share of rows",
    )
    axis.legend(loc="upper left")


def _draw_nearest(axis: Any, n: int, seed: int) -> None:
    """The distances themselves, which take rows near the centre for copies."""
    from scipy.spatial import cKDTree

    tree = cKDTree(_rows(n, seed, 0))
    for name, colour in (("fresh", TRAINED), ("copies", MEASURED), ("shrunk", CALM)):
        nearest = np.sort(tree.query(_synthetic(name, n, seed))[0])
        axis.plot(nearest, (np.arange(n) + 1) / n, color=colour)
    axis.set(
        title="b  nearness to any real row",
        xlabel="distance to the nearest real row",
        ylabel="share of rows",
        xlim=(0, 0.6),
    )


def _draw_critic(axis: Any, distances: Matrix, best: Matrix) -> None:
    draw_bars(axis, CORRELATIONS, distances, "o-", color=TRAINED, label="trained critic")
    axis.plot(CORRELATIONS, best, "--", color=THEORY, label="best critic")
    axis.set(
        title="c  a lost correlation", xlabel="correlation of the real columns", ylabel="distance"
    )
    axis.legend(loc="upper left")
