"""Bands: does a simultaneous band at 90 % hold the whole function in 90 % of all samples? Truths
that are known, with and without splitting the rows.

A row is written as soon as it is known, and what is there is not run again. The constants of the
band were set on other functions and samples.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._bands_report import report
from benchmarks._kept_rows import append, kept
from benchmarks._tables import ROOT, version
from motifnet import MotifRegressor

Matrix = np.ndarray
Pair = tuple[Callable[[Matrix], Matrix], Callable[[Matrix], Matrix]]
TRUTHS: dict[str, Pair] = {
    "smooth": (
        lambda X: np.sin(np.pi * X[:, 0]) + X[:, 0] * X[:, 1],
        lambda X: np.full(len(X), 0.35),
    ),
    "kinked": (
        lambda X: 1.5 * np.abs(X[:, 0] + 0.5 * X[:, 1]) - np.maximum(X[:, 1], 0),
        lambda X: np.full(len(X), 0.35),
    ),
    "heteroscedastic": (
        lambda X: np.cos(2 * X[:, 0]) + np.sin(2 * X[:, 1]),
        lambda X: 0.1 + 0.25 * (1 + X[:, 1]),
    ),
}
ROWS = {500: 200, 2000: 60}
ASKED = 100
BANDS = ("split", "default")
KEY = ["truth", "n", "repetition", "preset", "coverage", "band"]
FIELDS = [*KEY, "covered", "by_row", "half", "error", "seconds", "version"]
Key = tuple[str, int, int, str, float]


def main(argv: list[str] | None = None) -> None:
    options = _options(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "bands.csv"
    if options.fresh:
        path.unlink(missing_ok=True)
    for number in range(max(options.repetitions)):
        for n, repetitions in zip(options.rows, options.repetitions, strict=True):
            for truth in options.truths if number < repetitions else ():
                _measure(
                    path,
                    (truth, n, number, options.preset, options.coverage),
                    options.bands,
                    options.threads,
                )
    rows = pd.read_csv(path)
    text = report(rows[(rows.preset == options.preset) & (rows.coverage == options.coverage)])
    (options.out / "bands.md").write_text(text)
    print(text)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "benchmarks" / "out",
        help="folder for results; what is there is not run again",
    )
    parser.add_argument("--truths", nargs="+", default=list(TRUTHS), choices=list(TRUTHS))
    parser.add_argument("--rows", nargs="+", type=int, default=list(ROWS), help="numbers of rows")
    parser.add_argument(
        "--repetitions",
        nargs="+",
        type=int,
        default=list(ROWS.values()),
        help="one for each number of rows",
    )
    parser.add_argument("--bands", nargs="+", default=list(BANDS), choices=BANDS)
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--coverage", type=float, default=0.9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    return parser.parse_args(argv)


def _measure(path: Path, key: Key, bands: list[str], threads: int) -> None:
    """Draw, fit, ask for the bands that are not there yet and append a row for each."""
    there = kept(path, KEY)
    missing = [band for band in bands if (*key, band) not in there]
    if not missing:
        return
    X, y, asked, truth = draw(*key[:3])
    start = time.process_time()
    model = MotifRegressor(preset=key[3], n_jobs=threads, random_state=key[2]).fit(X, y)
    fitted = time.process_time()
    for band in missing:
        begun = time.process_time()
        found = scores(partial(model.predict_band, asked, split=band == "split"), truth, key[4])
        row = [
            *key,
            band,
            *found,
            round(fitted - start + time.process_time() - begun, 2),
            version(),
        ]
        append(path, FIELDS, row)
        print(*row[:10], flush=True)


def draw(truth: str, n: int, number: int) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Rows with their target, and rows that a band is asked for with the function there."""
    f, sd = TRUTHS[truth]
    rng = np.random.default_rng([list(TRUTHS).index(truth), n, number])
    X, asked = rng.uniform(-1, 1, (n, 2)), rng.uniform(-1, 1, (ASKED, 2))
    return X, f(X) + sd(X) * rng.standard_normal(n), asked, f(asked)


def scores(band: Callable[..., Matrix], truth: Matrix, coverage: float) -> list[float]:
    """Whether the simultaneous band held the function at all rows, the share of rows that the
    pointwise one held, half width, error of the middle.
    """
    (low, high), (below, above) = (
        band(coverage=coverage).T,
        band(coverage=coverage, kind="pointwise").T,
    )
    inside, by_row = (low <= truth) & (truth <= high), (below <= truth) & (truth <= above)
    error = float(np.sqrt((((low + high) / 2 - truth) ** 2).mean()))
    return [
        int(inside.all()),
        round(float(by_row.mean()), 4),
        round(float((high - low).mean() / 2), 5),
        round(error, 5),
    ]


if __name__ == "__main__":
    main()
