"""A million rows: time, memory and error of fits to parquet files that are read block by block,
against LightGBM on the whole table.

Every fit runs in a process of its own, one at a time; what is there is not run again. LightGBM has
500 trees, at three rates and with 31 or 127 leaves, as so many rows can carry larger steps and
larger trees; its own handling of categories, and all rows in memory. What we are held against is
the one with the least error. Seconds are those of the processor, since other work on the machine
does not enter them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._kept_rows import append, kept
from benchmarks._machine import machine
from benchmarks._million_tables import KINDS, rows_of, write_table
from benchmarks._tables import ROOT, table_of
from motifnet.engine import MB, peak_memory

SIZES = (10_000, 100_000, 1_000_000)
REAL = {"diamonds": "regression", "adult": "classification", "bank_marketing": "classification"}
TREES = {
    f"LightGBM, rate {rate:g}, {leaves} leaves": (rate, leaves)
    for leaves in (31, 127)
    for rate in (0.05, 0.1, 0.2)
}
METHODS = ("motifnet", *TREES)
TEST_ROWS, TEST_SEED = 50_000, 77
KEY = ["table", "rows", "method", "seed"]
FIELDS = [
    *KEY,
    "cpu_seconds",
    "seconds",
    "peak_mb",
    "planned_mb",
    "error",
    "error_to_truth",
    "claimed",
    "status",
]
OUT = ROOT / "benchmarks" / "results" / "million"


def one(table: str, n: int, method: str, seed: int, data: Path, scratch: Path) -> dict[str, float]:
    """One fit in this process: its cost, and its error on rows that it has not seen."""
    task = REAL.get(table, "regression")
    path, test, truth = _tables(table, n, seed, data, scratch)
    start, cpu = time.monotonic(), time.process_time()
    predict, facts = (
        _ours(path, task, seed)
        if method == "motifnet"
        else _lightgbm(path, task, seed, *TREES[method])
    )
    cost = {"seconds": time.monotonic() - start, "cpu_seconds": time.process_time() - cpu}
    cost["peak_mb"] = peak_memory() / MB
    y = test.pop("target").to_numpy()
    predicted = predict(test)
    if task == "classification":
        own = np.maximum(predicted[np.arange(len(y)), np.searchsorted(np.unique(y), y)], 1e-15)
        return cost | facts | {"error": float(-np.log(own).mean())}
    facts["error"] = float(np.sqrt(((predicted - y) ** 2).mean()) / y.std())
    return (
        cost
        | facts
        | (
            {}
            if truth is None
            else {"error_to_truth": float(np.sqrt(((predicted - truth) ** 2).mean()) / truth.std())}
        )
    )


def _tables(
    table: str, n: int, seed: int, data: Path, scratch: Path
) -> tuple[Path, pd.DataFrame, np.ndarray | None]:
    """The file of the fit, the test rows and, where it is known, the truth at them."""
    path = scratch / f"{table}-{n}-{seed}.parquet"
    if table in KINDS:
        if not path.exists():
            write_table(path, table, n, seed)
        return path, *rows_of(table, TEST_ROWS, TEST_SEED + seed)
    whole = table_of(table, data)
    order = np.random.default_rng(seed).permutation(len(whole))
    test = order[: len(whole) // 10]
    whole.iloc[order[len(test) :]].to_parquet(path)
    return path, whole.iloc[test].reset_index(drop=True), None


def _ours(path: Path, task: str, seed: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from motifnet import MotifClassifier, MotifRegressor

    model = (MotifRegressor if task == "regression" else MotifClassifier)(
        random_state=seed
    ).fit_stream(path, "target")
    for row in model.ledger_:
        print(f"{row.stage:14} {row.seconds:8.2f} {row.error:.5f} {row.note}", file=sys.stderr)
    facts = {"claimed": model.ledger_[-1].error, "planned_mb": model.model_.info.planned_mb}
    return (model.predict if task == "regression" else model.predict_proba), facts


def _lightgbm(path: Path, task: str, seed: int, rate: float, leaves: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    import lightgbm

    frame = pd.read_parquet(path)
    y = frame.pop("target")
    levels = {
        name: pd.CategoricalDtype(sorted(frame[name].dropna().unique()))
        for name in frame
        if not pd.api.types.is_numeric_dtype(frame[name])
    }
    kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    # one thread: several wait for each other by spinning, which is counted as time of the processor
    model = kind(
        n_estimators=500,
        learning_rate=rate,
        num_leaves=leaves,
        random_state=seed,
        verbosity=-1,
        n_jobs=1,
    )
    model.fit(frame.astype(levels), y)
    predict = model.predict if task == "regression" else model.predict_proba
    return (lambda test: predict(test.astype(levels))), {}


def report(rows: pd.DataFrame) -> str:
    """Markdown: cost and error of every fit, and how cost grows."""
    lines = [
        "# A million rows\n",
        "Error: nRMSE on the observed target, log loss for classes. "
        "Claimed: the last row of our ledger.\n",
    ]
    lines += [
        "| table | rows | method | CPU seconds | peak MB | planned MB | error | to the truth | "
        "claimed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows.sort_values(["table", "rows", "method"]).itertuples():
        shown = [
            f"{x:.4f}" if np.isfinite(x) else "" for x in (r.error, r.error_to_truth, r.claimed)
        ]
        planned = f"{r.planned_mb:.0f}" if np.isfinite(r.planned_mb) else ""
        name = r.method if r.status == "done" else f"{r.method}: {r.status}"
        size = f"{r.rows:,}" if r.rows else "whole"
        lines.append(
            f"| {r.table} | {size} | {name} | {r.cpu_seconds:.0f} | {r.peak_mb:.0f} | "
            f"{planned} | {' | '.join(shown)} |"
        )
    lines += [
        "",
        "| table | rows | best LightGBM | our CPU seconds / its | our error / its |",
        "|---|---|---|---|---|",
    ]
    done = rows[rows.status == "done"]
    for (table, n), part in done.groupby(["table", "rows"]):
        mean = part.groupby("method")[["cpu_seconds", "error"]].mean()
        if "motifnet" in mean.index and len(mean) > 1:
            best = mean.drop("motifnet")["error"].idxmin()
            ratio = mean.loc["motifnet"] / mean.loc[best]
            lines.append(
                f"| {table} | {f'{n:,}' if n else 'whole'} | {best} | "
                f"{ratio['cpu_seconds']:.2f} | {ratio['error']:.3f} |"
            )
    lines += [
        "",
        "| table | exponent of our CPU seconds in the rows | largest over least peak |",
        "|---|---|---|",
    ]
    for table, part in done[done.method == "motifnet"].groupby("table"):
        mean = part.groupby("rows")[["cpu_seconds", "peak_mb"]].mean()
        if len(mean) > 1:
            slope = np.polyfit(np.log(mean.index.to_numpy(float)), np.log(mean["cpu_seconds"]), 1)[
                0
            ]
            lines.append(
                f"| {table} | {slope:.2f} | {mean['peak_mb'].max() / mean['peak_mb'].min():.2f} |"
            )
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / "benchmarks" / "data")
    parser.add_argument(
        "--scratch",
        type=Path,
        default=Path(tempfile.gettempdir()),
        help="where the parquet files go",
    )
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--tables", nargs="+", default=[*KINDS, *REAL])
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--limit",
        type=float,
        default=3_600.0,
        help="seconds for one fit; one that needs more is ended",
    )
    parser.add_argument(
        "--one", nargs=3, metavar=("TABLE", "ROWS", "METHOD"), help=argparse.SUPPRESS
    )
    options = parser.parse_args(argv)
    if options.one:
        table, n, method = options.one
        print(json.dumps(one(table, int(n), method, options.seed, options.data, options.scratch)))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "million.csv"
    for n in options.sizes:
        for table in options.tables:
            for method in options.methods:
                _measure(path, options, table, 0 if table in REAL else n, method)
    text = report(pd.read_csv(path)) + "\nLast row from: " + "; ".join(machine().values()) + "\n"
    (options.out / "million.md").write_text(text)
    print(text)


def _measure(path: Path, options: argparse.Namespace, table: str, n: int, method: str) -> None:
    """A row of the file, unless it is there."""
    key = (table, n, method, options.seed)
    if key in kept(path, KEY):
        return
    command = [
        sys.executable,
        "-m",
        "benchmarks.million",
        "--one",
        table,
        str(n),
        method,
        "--seed",
        str(options.seed),
    ]
    command += ["--data", str(options.data), "--scratch", str(options.scratch)]
    facts: dict[str, float | str] = {"status": "done"}
    try:
        facts |= json.loads(
            subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, timeout=options.limit
            ).stdout
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        facts["status"] = "too slow" if isinstance(error, subprocess.TimeoutExpired) else "failed"
    row = dict(zip(KEY, key, strict=True)) | facts
    append(path, FIELDS, [row.get(name, "") for name in FIELDS])
    print(*key, facts, flush=True)


if __name__ == "__main__":
    main()
