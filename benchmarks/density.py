"""Densities: the integrated squared error of `PartitionDensity`, of what it chooses between, and of
scikit-learn's kernel density, on three densities of the unit square.

    strips     2 × 2 block values on 12 × 8 scattered strips: what the method is for
    disk       a disk of three times the density of the rest: an ordinary jump
    smooth     two Gaussian hills

Ours know the square and nothing else. scikit-learn's bandwidth has the best held-out likelihood in
5 folds; it takes up to 2,000 rows here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, Experiment, Options, Plan, checks_table, options_of, page
from motifnet.density import PartitionDensity
from motifnet.engine import Matrix

EXPERIMENT = Experiment(
    "density",
    ("set", "n", "seed"),
    (
        "chosen",
        "ours",
        "partition",
        "histogram",
        "kde",
        "sklearn",
        "mass",
        "labels",
        "ours_seconds",
        "sklearn_seconds",
        "seconds",
    ),
)
FULL = Plan(sizes=(500, 2_000, 8_000), seeds=range(5), sets=("strips", "disk", "smooth"))
QUICK = Plan(sizes=(500,), seeds=range(2), sets=("strips", "smooth"))
ROWS = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0])
COLUMNS = np.array([0, 1, 0, 1, 1, 0, 0, 1])
BLOCKS = np.array([[1.8, 0.2], [0.2, 1.8]])
SIDE = 192  # cells a side, on which errors and masses are computed: a multiple of 12, 8, 48 and 64
BOUNDS = ((0.0, 1.0), (0.0, 1.0))
MAX_PEER_ROWS = 2_000
Key = tuple[str, int, int]


def main(argv: list[str] | None = None) -> None:
    """`--sets`, `--sizes` and `--seeds` choose the draws."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    EXPERIMENT.run(options, _keys(options), _measure, report)


def _keys(options: Options) -> Iterator[Key]:
    for seed in options.seeds:
        yield from ((name, n, seed) for name in options.sets for n in options.sizes)


def strips(points: Matrix) -> Matrix:
    """Means 1 on the square."""
    row, column = (points * [12, 8]).astype(int).T
    return BLOCKS[ROWS[np.minimum(row, 11)], COLUMNS[np.minimum(column, 7)]]


def disk(points: Matrix) -> Matrix:
    inside = ((points - 0.5) ** 2).sum(1) < 0.09
    return np.where(inside, 3.0, 1.0) / (1 + 2 * 0.09 * np.pi)


def smooth(points: Matrix) -> Matrix:
    hills = [np.exp(-((points - c) ** 2).sum(1) / (2 * 0.15**2)) for c in (0.35, 0.65)]
    return (hills[0] + hills[1]) / _SMOOTH_MASS


def _midpoints(n: int) -> Matrix:
    ticks = (np.arange(n) + 0.5) / n
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), -1).reshape(-1, 2)


_SMOOTH_MASS = 1.0
_SMOOTH_MASS = float(smooth(_midpoints(400)).mean())
DENSITIES: dict[str, Callable[[Matrix], Matrix]] = {
    "strips": strips,
    "disk": disk,
    "smooth": smooth,
}


def drawn(density: Callable[[Matrix], Matrix], n: int, seed: int) -> Matrix:
    """Rows with this density, by rejection."""
    rng, found = np.random.default_rng(seed), np.empty((0, 2))
    most = density(_midpoints(400)).max() * 1.01
    while len(found) < n:
        points = rng.random((4 * n, 2))
        found = np.vstack([found, points[rng.random(4 * n) * most < density(points)]])
    return found[:n]


def _measure(key: Key) -> dict[str, Any]:
    name, n, seed = key
    start, density = time.process_time(), DENSITIES[name]
    X, grid = drawn(density, n, seed), _midpoints(SIDE)
    truth = density(grid)
    fitted, seconds = {}, {}
    for method in ("cv", "partition", "histogram", "kde"):
        begun = time.process_time()
        fitted[method] = PartitionDensity(method=method, bounds=BOUNDS, random_state=seed).fit(X)
        seconds[method] = time.process_time() - begun
    ours = fitted.pop("cv")
    errors = {m: _error(model.score_samples(grid), truth) for m, model in fitted.items()}
    masses = ours.parts_[0][1].density.masses
    return {
        "chosen": ours.chosen_,
        "ours": _error(ours.score_samples(grid), truth),
        **errors,
        **(_peer(X, grid, truth) if n <= MAX_PEER_ROWS else {}),
        "mass": abs(float(masses.sum()) - 1),
        "labels": float(name == "strips" and _exact(fitted["partition"])),
        "ours_seconds": seconds["cv"],
        "seconds": time.process_time() - start,
    }


def _error(logs: Matrix, truth: Matrix) -> float:
    return float(np.mean((np.exp(logs) - truth) ** 2))


def _peer(X: Matrix, grid: Matrix, truth: Matrix) -> dict[str, float]:
    """scikit-learn's kernel density: error, and seconds of its choice and its values."""
    start = time.process_time()
    error = _error(_sklearn(X).score_samples(grid), truth)
    return {"sklearn": error, "sklearn_seconds": time.process_time() - start}


def _sklearn(X: Matrix) -> Any:
    from sklearn.model_selection import GridSearchCV
    from sklearn.neighbors import KernelDensity

    grid = {"bandwidth": np.geomspace(0.015, 0.25, 8)}
    return GridSearchCV(KernelDensity(rtol=1e-4), grid, cv=5).fit(X)


def _exact(model: PartitionDensity) -> bool:
    """Whether bins are in one class just where their strips are."""
    return all(
        len(set(zip(labels, truth[_strips(len(labels), len(truth))], strict=True))) == 2
        for labels, truth in ((model.row_labels_, ROWS), (model.column_labels_, COLUMNS))
    )


def _strips(bins: int, strips: int) -> Any:
    return ((np.arange(bins) + 0.5) / bins * strips).astype(int)


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks of every label, then a line a density and size."""
    lines = []
    for (label, name, n), part in rows.groupby(["label", "set", "n"], sort=False):
        errors = " | ".join(
            f"{part[m].mean():.4f}" if part[m].notna().any() else "–"
            for m in ("ours", "partition", "histogram", "kde", "sklearn")
        )
        chosen = ", ".join(f"{m} {k}" for m, k in part.chosen.value_counts().items())
        seconds = f"{part.ours_seconds.mean():.2f} | " + (
            f"{part.sklearn_seconds.mean():.2f}" if part.sklearn_seconds.notna().any() else "–"
        )
        lines.append(f"| {label} | {name} | {n:,} | {errors} | {chosen} | {seconds} |")
    return page(
        "Densities of the unit square",
        "Mean integrated squared error over draws. Ours takes what its held-out score prefers.",
        checks_table(rows, checks),
        "| code | density | rows | ours | partition | histogram | kernel (reflected) | "
        "scikit-learn | chosen | our CPU s | its |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label."""
    strip, calm = rows[rows.set == "strips"], rows[rows.set == "smooth"]
    at = {n: strip[strip.n == n] for n in (2_000, 8_000)}
    ratio = at[2_000].ours.mean() / at[2_000].kde.mean()
    return [
        Check("strips, 2,000 rows: error / reflected kernel", ratio, most=0.2),
        Check("strips, 8,000 rows: draws with exact labels", at[8_000].labels.mean(), least=1.0),
        Check("strips: draws that choose the partition", _share(strip), least=1.0),
        Check("smooth: draws that choose the partition", _share(calm), most=0.0),
        Check("largest distance of the mass from 1", float(rows.mass.max()), most=1e-12),
    ]


def _share(rows: pd.DataFrame) -> float:
    return float((rows.chosen == "partition").mean())


if __name__ == "__main__":
    main()
