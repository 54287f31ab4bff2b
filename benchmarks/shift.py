"""Shift: how often is an alarm false, are real shifts found, and is the error on shifted rows what
`check_shift` expects?

    none       a fit to rows of a table and a check of other rows, both drawn at random: real tables in turn, and synthetic ones
    real       a fit to one part of a table and a check of the other: california by latitude, seoul_bike by season
    tilted     new rows drawn with probability ∝ exp(strength · z) for a standardised column z, so that the target depends on the columns as before;
               the error expected, and the one measured on those rows, both against that on rows
               without a shift

A row is written as soon as it is known, and what is there is not run again.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._kept_rows import append, kept
from benchmarks._shift_cases import REAL, TILTED, Drawn, none_of_table, real, synthetic, tilted
from benchmarks._shift_report import report
from benchmarks._tables import CLASSIFICATION, arguments, version
from motifnet import MotifClassifier, MotifRegressor

SETS = (
    "concrete",
    "abalone",
    "wine_red",
    "california",
    "diamonds",
    "seoul_bike",
    "saratoga",
    "cpu_act",
    "credit_g",
    "adult",
    "bank_marketing",
    "letter",
)
KEY = ["kind", "set", "number", "rows", "new", "preset"]
ERRORS = [
    "before",
    "expected",
    "low",
    "high",
    "effective",
    "covered",
    "reliable",
    "measured_before",
    "measured",
]
FIELDS = [*KEY, "shifted", "moved", "columns", "together", *ERRORS, "seconds", "version"]
Key = tuple[str, str, int, int, int, str]


def main(argv: list[str] | None = None) -> None:
    options = _options(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "shift.csv"
    if options.fresh:
        path.unlink(missing_ok=True)
    for key in _keys(options):
        _measure(path, key, options)
    text = report(pd.read_csv(path, keep_default_na=False))
    (options.out / "shift.md").write_text(text)
    print(text)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = arguments(__doc__.splitlines()[0], SETS)
    parser.set_defaults(cap=500, threads=1)
    parser.add_argument(
        "--draws",
        type=int,
        default=100,
        help="without a shift: so many of real tables, and of synthetic ones",
    )
    parser.add_argument(
        "--repeats", type=int, default=3, help="of every real shift and every number of new rows"
    )
    parser.add_argument("--tilts", type=int, default=5, help="of every table that is tilted")
    parser.add_argument("--preset", default="fast", help="of our fits")
    return parser.parse_args(argv)


def _keys(options: argparse.Namespace) -> list[Key]:
    n, preset = options.cap, options.preset
    keys: list[Key] = []
    for i in range(options.draws):
        new = (50, 250, 500)[i % 3]
        keys += [
            ("none", options.sets[i % len(options.sets)], i, n, new, preset),
            ("none", "synthetic", i, n, new, preset),
        ]
    keys += [
        ("real", name, i, 1000, new, preset)
        for name in REAL
        for new in (30, 100, 500)
        for i in range(options.repeats)
    ]
    return keys + [
        ("tilted", name, i, 1000, 500, preset) for name in TILTED for i in range(options.tilts)
    ]


def _measure(path: Path, key: Key, options: argparse.Namespace) -> None:
    """Fit, check and append a row, where it is not there yet."""
    if key in kept(path, KEY):
        return
    kind, name, number, rows, new, preset = key
    if kind == "none":
        drawn = (
            synthetic(number, rows, new)
            if name == "synthetic"
            else none_of_table(name, options.data, number, rows, new)
        )
    else:
        drawn = (real if kind == "real" else tilted)(name, options.data, number, rows, new)
    start = time.process_time()
    row = [
        *key,
        *_checked(drawn, name in CLASSIFICATION, preset, number, options.threads),
        round(time.process_time() - start, 2),
        version(),
    ]
    append(path, FIELDS, row)
    print(*row[:10], flush=True)


def _checked(drawn: Drawn, classes: bool, preset: str, seed: int, threads: int) -> list[Any]:
    fit: Any = (MotifClassifier if classes else MotifRegressor)(
        preset=preset, n_jobs=threads, random_state=seed
    )
    fit.fit(drawn.old.drop(columns="target"), drawn.old["target"])
    found = fit.check_shift(drawn.new.drop(columns="target"), random_state=seed)
    error = found.error
    measured: list[Any] = ["", ""]
    if drawn.alike is not None:
        measured = [_rmse(fit, part) for part in (drawn.alike, drawn.new)]
    said = (
        [""] * 7
        if error is None
        else [
            error.before,
            error.after,
            *error.interval,
            error.effective,
            error.covered,
            error.reliable,
        ]
    )
    numbers = [round(v, 5) if isinstance(v, float) else v for v in (*said, *measured)]
    least = min((p for p in found.corrected), default=1.0)
    return [found.shifted, "; ".join(found.moved), f"{least:.3g}", found.overall, *numbers]


def _rmse(fit: Any, rows: pd.DataFrame) -> float:
    """In standard deviations of the target of the fit."""
    residuals = rows["target"].to_numpy(dtype=float) - fit.predict(rows.drop(columns="target"))
    return float(np.sqrt(np.mean(residuals**2)) / fit.model_.info.target_sd[0])


if __name__ == "__main__":
    main()
