"""Densities: scattered strips against a smooth density, for a partition and a kernel density.

A density of 12 × 8 strips has two values on 2 × 2 classes of rows and columns, in no order. A
kernel density or a histogram sees 96 separate blocks, and a partition four. On two Gaussian hills
there is nothing to share, and the held-out score leaves the partition alone. Errors are integrated
squared errors, on the midpoints of a grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from motifnet.engine import Matrix
from motifnet.further.density import PartitionDensity
from motifnet.lab._figure import (
    CALM,
    MEASURED,
    TRAINED,
    Check,
    Estimate,
    Facts,
    draw_bars,
    draws,
    files,
    log_ticks,
    panels,
    ratio,
)

NAME, TITLE = "density", "A density of scattered strips, and a smooth one"
ROWS = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0])
COLUMNS = np.array([0, 1, 0, 1, 1, 0, 0, 1])
BLOCKS = np.array([[1.8, 0.2], [0.2, 1.8]])
SIDE, BOUNDS = 96, ((0.0, 1.0), (0.0, 1.0))
METHODS = {"partition": TRAINED, "kde": MEASURED, "histogram": CALM}
LABELS = {"partition": "partition", "kde": "kernel density", "histogram": "histogram"}


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    seeds = draws(quick, 3 if quick else 10)
    sizes = (500, 2_000) if quick else (500, 2_000, 8_000)
    fits = {(n, s): _fitted(strips(n, s)) for n in sizes for s in seeds}
    grid = _midpoints()
    errors = {
        method: np.array(
            [[_error(fits[n, s][method].score_samples(grid)) for n in sizes] for s in seeds]
        )
        for method in METHODS
    }
    smooth = [PartitionDensity(bounds=BOUNDS).fit(hills(sizes[-1], s)).chosen_ for s in seeds]
    masses = [_mass(fit["partition"]) for fit in fits.values()]
    with panels(out, NAME, 2, 2) as axes:
        shown = {"the truth": _truth(grid)} | {
            LABELS[m]: np.exp(fits[2_000, seeds[0]][m].score_samples(grid))
            for m in ("kde", "partition")
        }
        for axis, letter, (name, values) in zip(axes.flat, "abc", shown.items(), strict=False):
            rows = ", 2,000 rows" if letter > "a" else ""
            _draw_map(axis, f"{letter}  {name}{rows}", values)
        _draw_errors(axes[1, 1], sizes, errors)
    drawn = {"rows": sizes, **{m: e.tolist() for m, e in errors.items()}, "smooth": smooth}
    share = float(np.mean([chosen == "partition" for chosen in smooth]))
    checks = _checks(errors, share, max(masses))
    return Facts(NAME, TITLE, quick, _sentences(sizes, errors, smooth), checks, drawn, files(NAME))


def strips(n: int, seed: int) -> Matrix:
    """Rows of the strips."""
    rng = np.random.default_rng(seed)
    masses = BLOCKS[np.ix_(ROWS, COLUMNS)].ravel()
    row, column = np.divmod(rng.choice(96, n, p=masses / masses.sum()), 8)
    return np.column_stack([(row + rng.random(n)) / 12, (column + rng.random(n)) / 8])


def hills(n: int, seed: int) -> Matrix:
    """Rows of two Gaussian hills, cut to the square."""
    rng = np.random.default_rng(seed)
    centres = np.where(rng.random((2 * n, 1)) < 0.5, 0.35, 0.65)
    points = rng.normal(centres, 0.15, (2 * n, 2))
    return points[((points > 0) & (points < 1)).all(1)][:n]


def _midpoints() -> Matrix:
    ticks = (np.arange(SIDE) + 0.5) / SIDE
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), -1).reshape(-1, 2)


def _truth(grid: Matrix) -> Matrix:
    row, column = (grid * [12, 8]).astype(int).T
    return BLOCKS[ROWS[row], COLUMNS[column]]


def _error(logs: Matrix) -> float:
    return float(np.mean((np.exp(logs) - _truth(_midpoints())) ** 2))


def _fitted(X: Matrix) -> dict[str, PartitionDensity]:
    return {m: PartitionDensity(method=cast(Any, m), bounds=BOUNDS).fit(X) for m in METHODS}


def _mass(model: PartitionDensity) -> float:
    """How far the integral is from 1."""
    return abs(float(model.parts_[0][1].density.masses.sum()) - 1)


def _checks(errors: dict[str, Matrix], smooth: float, mass: float) -> tuple[Check, ...]:
    share = ratio(errors["partition"][:, 1], errors["kde"][:, 1])
    return (
        Check.over_seeds("2,000 rows: error / kernel density", share, None, 0.0, 0.2, 1.0),
        Check("smooth density: share of draws that choose a partition", smooth, 0.0, 0.0, 0.0),
        Check("distance of the integral from 1", mass, 0.0, 0.0, 1e-12),
    )


def _sentences(
    sizes: tuple[int, ...], errors: dict[str, Matrix], smooth: Sequence[str]
) -> tuple[str, ...]:
    each = "; ".join(
        f"{n:,} rows: "
        + ", ".join(f"{LABELS[m]} {Estimate.of(e[:, k]):.4f}" for m, e in errors.items())
        for k, n in enumerate(sizes)
    )
    chosen = ", ".join(f"{LABELS[m]} {smooth.count(m)}" for m in METHODS)
    return (
        f"Integrated squared error on the strips, {each}.",
        f"On the smooth density with {sizes[-1]:,} rows the held-out score chose: {chosen}.",
    )


def _draw_map(axis: Any, title: str, values: Matrix) -> None:
    axis.imshow(
        values.reshape(SIDE, SIDE).T,
        origin="lower",
        extent=(0, 1, 0, 1),
        vmin=0,
        vmax=2.5,
        cmap="cividis",
        interpolation="none",
    )
    axis.grid(False)
    axis.set(title=title, xlabel="x₁", ylabel="x₂")


def _draw_errors(axis: Any, sizes: tuple[int, ...], errors: dict[str, Matrix]) -> None:
    for method, values in errors.items():
        draw_bars(axis, sizes, values, color=METHODS[method], label=LABELS[method])
    axis.set(
        title="d  error on the strips",
        xlabel="rows",
        ylabel="integrated squared error",
        xscale="log",
        yscale="log",
    )
    log_ticks(axis)
    axis.legend()
