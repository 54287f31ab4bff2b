"""Accuracy on real tables: ours, after each stage, against LightGBM and CatBoost in the same run
with the same threads.

Every fit appends its rows to OUT/accuracy.csv as soon as it is done, and is not run again while
they are there.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import pandas as pd

from benchmarks._accuracy_report import report
from benchmarks._own_course import fit, warm_up
from benchmarks._split import Split
from benchmarks._tables import SETS, arguments, split, version
from motifnet.compare import METHODS, Setting

FIELDS = [
    "set",
    "split",
    "cap",
    "preset",
    "method",
    "stage",
    "kept",
    "nrmse",
    "seconds",
    "rows",
    "test_rows",
    "threads",
    "version",
]
KEY = ["set", "split", "cap", "preset", "method"]


def main(argv: list[str] | None = None) -> None:
    parser = arguments(__doc__.splitlines()[0], SETS)
    parser.add_argument("--preset", default="balanced", help="preset of MotifRegressor")
    parser.add_argument("--splits", type=int, default=3, help="random splits a table")
    parser.add_argument(
        "--report-only", action="store_true", help="run nothing, only report what is there"
    )
    options = parser.parse_args(argv)
    path = options.out / "accuracy.csv"
    options.out.mkdir(parents=True, exist_ok=True)
    if options.fresh:
        path.unlink(missing_ok=True)
    if not options.report_only:
        warm_up()
        for name in options.sets:
            for number in range(options.splits):
                _run(path, name, number, options)
    if not path.exists():
        parser.error(f"there are no results in {path} yet; run without --report-only")
    rows = pd.read_csv(path, keep_default_na=False)
    rows = rows[
        (rows.cap == options.cap)
        & rows.preset.isin([options.preset, ""])
        & rows.set.isin(options.sets)
        & (rows.split < options.splits)
    ]
    text = report(rows)
    (options.out / "accuracy.md").write_text(text)
    print(text)


def _run(path: Path, name: str, number: int, options: argparse.Namespace) -> None:
    """The fits of one split that are not there yet."""
    cap, preset, threads = options.cap, options.preset, options.threads
    done = _done(path)
    data = split(name, options.data, number, cap)
    for method in ("ours", "lightgbm", "catboost"):
        key = (name, number, cap, preset if method == "ours" else "", method)
        if key in done:
            continue
        common = [len(data.train), len(data.test), threads, version()]
        rows = [[*key, *row, *common] for row in _fit(method, data, preset, threads, number)]
        _append(path, rows)
        print(f"{name} {number} {method}: {rows[-1][7]:.4f} in {rows[-1][8]:.1f} s", flush=True)


def _fit(method: str, data: Split, preset: str, threads: int, seed: int) -> list[list[object]]:
    """Stage, kept, nRMSE, seconds; the last row is the finished model."""
    if method != "ours":
        start = time.monotonic()
        peer = METHODS[method].fit(
            data.train[data.columns],
            data.train["target"].to_numpy(dtype=float),
            Setting(0, threads, seed),
        )
        seconds = time.monotonic() - start
        return [["final", True, data.nrmse(peer.predict(data.test[data.columns])), seconds]]
    course = fit(data, preset, threads, seed)
    return [
        *([s.name, s.kept, s.error, s.seconds] for s in course.stages),
        ["final", True, course.error, course.seconds],
    ]


def _done(path: Path) -> set[tuple[object, ...]]:
    if not path.exists():
        return set()
    rows = pd.read_csv(path, keep_default_na=False)
    return set(rows.loc[rows.stage == "final", KEY].itertuples(index=False, name=None))


def _append(path: Path, rows: list[list[object]]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([FIELDS, *rows] if new else rows)


if __name__ == "__main__":
    main()
