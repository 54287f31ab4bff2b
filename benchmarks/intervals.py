"""Intervals: does 90 % mean 90 %, everywhere, and how wide are they? Ours against conformalised
quantile regression, on the same random splits; and our conformal method around the centre of the
latter, as a better centre alone makes intervals narrower.

The interval score of [l, u] at coverage 1 − a is the mean of  u − l + (2/a) (l − y)₊ + (2/a) (y −
u)₊ : least for the true quantiles (Gneiting and Raftery 2007). A row is written as soon as it is
known, and what is there is not run again.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._intervals_report import BETWEEN, OURS, THEIRS, report
from benchmarks._kept_rows import append, kept
from benchmarks._quantiles import conformal_quantiles, our_widths
from benchmarks._split import Split
from benchmarks._tables import arguments, split, version
from motifnet import MotifRegressor

SETS = (
    "concrete",
    "energy",
    "yacht",
    "wine_red",
    "kin8nm",
    "power",
    "airfoil",
    "abalone",
    "cpu_act",
    "california",
)
KEY = ["set", "split", "cap", "preset", "coverage", "method"]
TENTHS = [f"tenth{i}" for i in range(1, 11)]
FIELDS = [*KEY, "seconds", "covered", "width", "score", *TENTHS, "version"]


def main(argv: list[str] | None = None) -> None:
    options = _options(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "intervals.csv"
    if options.fresh:
        path.unlink(missing_ok=True)
    for number in range(0 if options.report_only else options.splits):
        for name in options.sets:
            for method, preset in ((OURS, options.preset), (THEIRS, ""), (BETWEEN, "")):
                _measure(
                    path, (name, number, options.cap, preset, options.coverage, method), options
                )
    rows = pd.read_csv(path, keep_default_na=False)
    rows = rows[
        (rows.cap == options.cap)
        & (rows.coverage == options.coverage)
        & rows.preset.isin([options.preset, ""])
    ]
    text = report(rows)
    (options.out / "intervals.md").write_text(text)
    print(text)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = arguments(__doc__.splitlines()[0], SETS)
    parser.set_defaults(cap=1000, threads=1)
    parser.add_argument("--splits", type=int, default=20, help="random splits a table")
    parser.add_argument("--preset", default="fast", help="of our fits")
    parser.add_argument("--coverage", type=float, default=0.9)
    parser.add_argument(
        "--report-only", action="store_true", help="run nothing, only report what is there"
    )
    return parser.parse_args(argv)


def _measure(path: Path, key: tuple[object, ...], options: argparse.Namespace) -> None:
    """Fit, predict and append a row, where it is not there yet."""
    if key in kept(path, KEY):
        return
    name, number, cap, preset, _, method = key
    data = split(str(name), options.data, int(str(number)), int(str(cap)))
    start = time.process_time()
    if method == OURS:
        prediction, ends = _ours(
            data, str(preset), options.coverage, options.threads, int(str(number))
        )
    else:
        intervals = conformal_quantiles if method == THEIRS else our_widths
        prediction, ends = intervals(data, options.coverage, options.threads, int(str(number)))
    row = [
        *key,
        round(time.process_time() - start, 2),
        *_scores(data, prediction, ends, options.coverage),
        version(),
    ]
    append(path, FIELDS, row)
    print(*row[:10], flush=True)


def _ours(
    data: Split, preset: str, coverage: float, threads: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    model = MotifRegressor(preset=preset, n_jobs=threads, random_state=seed).fit(
        data.train[data.columns], data.train["target"]
    )
    return model.predict(data.test[data.columns]), model.predict_interval(
        data.test[data.columns], coverage
    )


def _scores(data: Split, prediction: np.ndarray, ends: np.ndarray, coverage: float) -> list[float]:
    """Share covered, mean width and interval score in sd of the target, and the share covered in
    each tenth of the test rows by prediction.
    """
    y, (low, high) = data.test["target"].to_numpy(dtype=float), ends.T
    inside = (low <= y) & (y <= high)
    missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    score = (high - low + 2 / (1 - coverage) * missed).mean() / y.std()
    tenths = np.array_split(inside[np.argsort(prediction, kind="stable")], 10)
    return [
        round(float(v), 5)
        for v in (
            inside.mean(),
            (high - low).mean() / y.std(),
            score,
            *(part.mean() for part in tenths),
        )
    ]


if __name__ == "__main__":
    main()
