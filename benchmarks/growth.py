"""Growth of fit time and memory with the number of rows, each fit in a process of its own; what is
there is not run again.

    seconds(n) = c + a n^p        c ≥ 0: what does not depend on n, such as the training steps and the factorisations of the landmarks

c, a and p have the least squares of relative residuals. Seconds are those of the processor, so that
other work on the machine does not enter.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._kept_rows import append, kept
from benchmarks._machine import machine
from benchmarks._tables import ROOT, arguments, table_of, version
from motifnet.compare import METHODS, Split, measure
from motifnet.tables import as_target

SETS = ("diamonds", "adult", "synthetic")
SIZES = (10_000, 20_000, 40_000, 100_000)
TEST_ROWS = 1_000
KEY = ["set", "preset", "rows", "threads"]
FIELDS = [*KEY, "fit_seconds", "cpu_seconds", "peak_mb", "error", "status", "version"]
POWERS = np.arange(0.3, 2.5, 0.01)


def exponent(rows: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """p and c of the formula, from at least three sizes."""
    from scipy.optimize import nnls

    fits = [
        nnls(
            np.column_stack([np.ones(len(rows)), (rows / rows[0]) ** p]) / seconds[:, None],
            np.ones(len(rows)),
        )
        for p in POWERS
    ]
    best = int(np.argmin([residual for _, residual in fits]))
    return float(POWERS[best]), float(fits[best][0][0])


def split(name: str, data: Path, n: int) -> Split | None:
    """n rows of a table in random order and the next thousand for the test; None where it has too
    few.
    """
    table = _synthetic(n + TEST_ROWS) if name == "synthetic" else table_of(name, data)
    if len(table) < n + TEST_ROWS:
        return None
    table = table.iloc[
        np.random.default_rng(0).permutation(len(table))[: n + TEST_ROWS]
    ].reset_index(drop=True)
    goal = as_target(
        table["target"], len(table), "classification" if name == "adult" else "regression"
    )
    y = goal.values[:, 0] if goal.classes is None else goal.values[:, 0].astype(np.int64)
    X = table.drop(columns="target")
    return Split(
        X[:n],
        y[:n],
        X[n:].reset_index(drop=True),
        y[n:],
        0 if goal.classes is None else len(goal.classes),
    )


def _synthetic(n: int) -> pd.DataFrame:
    """Ten normal columns, four of which matter: a wave, a product and a kink, with noise."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 10))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + np.abs(X[:, 3]) + 0.3 * rng.normal(size=n)
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(10)]).assign(target=y)


def report(rows: pd.DataFrame) -> str:
    """Markdown: seconds and memory of every size, and the exponents."""
    done = rows[rows.status == "done"].sort_values("rows")
    lines = [
        "# Growth with the number of rows\n",
        "CPU seconds of a fit with one thread; error: nRMSE, log loss for adult.\n",
    ]
    lines += [
        "| set | preset | rows | seconds | peak memory, MB | error |",
        "|---|---|---|---|---|---|",
    ]
    for (name, preset), part in done.groupby(["set", "preset"], sort=False):
        lines += [
            f"| {name} | {preset} | {r.rows:,} | {r.cpu_seconds:.1f} | {r.peak_mb:.0f} | "
            f"{r.error:.4f} |"
            for r in part.itertuples()
        ]
    lines += [
        "",
        "| set | preset | exponent in n | constant, seconds | exponent without a constant |",
        "|---|---|---|---|---|",
    ]
    for (name, preset), part in done.groupby(["set", "preset"], sort=False):
        if len(part) >= 3:
            n, seconds = part["rows"].to_numpy(float), part["cpu_seconds"].to_numpy(float)
            p, c = exponent(n, seconds)
            plain = float(np.polyfit(np.log(n), np.log(seconds), 1)[0])
            lines.append(f"| {name} | {preset} | {p:.2f} | {c:.1f} | {plain:.2f} |")
    failed = rows[rows.status != "done"]
    lines += [
        "",
        *(f"{r.set}, {r.preset}, {r.rows:,} rows: {r.status}.\n" for r in failed.itertuples()),
    ]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> None:
    parser = arguments(__doc__.splitlines()[0], SETS)
    parser.set_defaults(out=ROOT / "benchmarks" / "results", threads=1)
    parser.add_argument("--presets", nargs="+", default=["fast"])
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument(
        "--limit",
        type=float,
        default=600.0,
        help="seconds for one fit; one that needs more is ended",
    )
    options = parser.parse_args(argv)
    path = options.out / "growth.csv"
    options.out.mkdir(parents=True, exist_ok=True)
    if options.fresh:
        path.unlink(missing_ok=True)
    for row in _missing(path, options):
        append(path, FIELDS, row)
        print(*row, flush=True)
    text = report(pd.read_csv(path)) + "\n" + "; ".join(machine().values()) + "\n"
    (options.out / "growth.md").write_text(text)
    print(text)


def _missing(path: Path, options: argparse.Namespace) -> Iterator[list[object]]:
    """Rows of the fits that are not there yet, each as soon as it is done; small sizes of all sets
    first.
    """
    for n in options.sizes:
        for name in options.sets:
            for preset in options.presets:
                key = (name, preset, n, options.threads)
                if key in kept(path, KEY) or (part := split(name, options.data, n)) is None:
                    continue
                r = measure(
                    METHODS[preset], part, threads=options.threads, seed=0, limit=options.limit
                )
                error = r.log_loss if part.classes else r.nrmse
                yield [*key, r.fit_seconds, r.cpu_seconds, r.peak_mb, error, r.status, version()]


if __name__ == "__main__":
    main()
