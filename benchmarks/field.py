"""The whole field: our presets against everything in the registry, on all tables, regression and
classification.

Every fit has a process and the same threads of its own (see `motifnet.compare`). Its row is
appended to OUT/field.csv as soon as it is done, and it is not run again while the row is there; a
fit that timed out is, under a larger --limit. A method that timed out on one split of a table is
not tried on the others. The first split of every table comes before the second of any. --fresh
forgets the rows that the options ask for, and no others.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from benchmarks._field_front import picture_of_front
from benchmarks._field_picture import picture
from benchmarks._field_report import report
from benchmarks._kept_rows import append
from benchmarks._machine import machine
from benchmarks._tables import ALL, CLASSIFICATION, arguments, path_of, table_of, version
from motifnet.compare import (
    METHODS,
    TIMED_OUT,
    Method,
    Result,
    Split,
    find_methods,
    measure,
    split_table,
)
from motifnet.tables import Task

KEY = ["set", "split", "cap", "seed", "threads", "method"]
FIELDS = [*KEY, "task", "limit", *Result.__dataclass_fields__]


def main(argv: list[str] | None = None) -> None:
    options = _options(argv)
    path = options.out / "field.csv"
    options.out.mkdir(parents=True, exist_ok=True)
    if options.fresh and path.exists():
        _forget(path, options)
    if not options.report_only:
        (options.out / "machine.json").write_text(json.dumps(machine(), indent=1) + "\n")
        _run(path, options)
    if not path.exists():
        raise SystemExit(f"There are no results in {path} yet; run without --report-only.")
    rows = pd.read_csv(path)
    # of a fit that was repeated, the last one
    rows = rows[_asked(rows, options)].drop_duplicates(KEY, keep="last")
    text = report(rows, json.loads((options.out / "machine.json").read_text()))
    (options.out / f"{options.name}.md").write_text(text)
    picture(rows, options.out / f"{options.name}.svg")
    picture_of_front(rows, options.out / f"{options.name}_front.svg")
    print(text)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = arguments(__doc__.splitlines()[0], ALL)
    parser.set_defaults(cap=10_000, sets=None)
    parser.add_argument(
        "--methods",
        nargs="+",
        help=f"of {', '.join(METHODS)}; default: run what is installed, report all",
    )
    parser.add_argument("--splits", type=int, default=5, help="random splits a table")
    parser.add_argument("--seed", type=int, default=0, help="of the first split; the others follow")
    parser.add_argument(
        "--limit",
        type=float,
        default=600.0,
        help="seconds for one fit; a method that needs more is ended",
    )
    parser.add_argument(
        "--name", default="field", help="of the report's files: NAME.md, NAME.svg, NAME_front.svg"
    )
    parser.add_argument(
        "--report-only", action="store_true", help="run nothing, only report what is there"
    )
    options = parser.parse_args(argv)
    options.sets = options.sets or [name for name in ALL if path_of(name, options.data)]
    options.run = options.methods or [
        name for name, method in METHODS.items() if not method.missing
    ]
    options.methods = options.methods or list(METHODS)
    return options


def _run(path: Path, options: argparse.Namespace) -> None:
    """The fits that are not there yet."""
    methods = find_methods(options.run)
    for number in range(options.splits):
        for name in options.sets:
            task: Task = "classification" if name in CLASSIFICATION else "regression"
            split = None
            for method in methods:
                key = (name, number, options.cap, options.seed, options.threads, method)
                past = _past(path, key, options.limit)
                if past == key:
                    continue
                if split is None:
                    split = split_table(
                        table_of(name, options.data),
                        "target",
                        task=task,
                        seed=options.seed + number,
                        cap=options.cap,
                    )
                result = (
                    _fit(methods[method], split, number, options)
                    if past is None
                    else _not_tried(methods[method], split, past[1])
                )
                _append(path, [*key, task, options.limit, *asdict(result).values()])
                error = result.nrmse if task == "regression" else result.log_loss
                print(
                    f"{name} {number} {method}: "
                    f"{f'{error:.4f} in {result.fit_seconds:.1f} s' if result.finished else result.status}",
                    flush=True,
                )


def _fit(method: Method, split: Split, number: int, options: argparse.Namespace) -> Result:
    return measure(
        method, split, threads=options.threads, seed=options.seed + number, limit=options.limit
    )


def _not_tried(method: Method, split: Split, other: object) -> Result:
    return Result(len(split.X), len(split.X_test), method.version, f"{TIMED_OUT} on split {other}")


def _past(path: Path, key: tuple[object, ...], limit: float) -> tuple[object, ...] | None:
    """The key itself where its row is there, that of another split where the method timed out, None
    where there is neither.
    """
    if not path.exists():
        return None
    rows = pd.read_csv(path, usecols=[*KEY, "limit", "status"])
    late = rows.status.str.startswith(TIMED_OUT)
    rows, late = rows[~late | (rows.limit >= limit)], late[~late | (rows.limit >= limit)]
    keys = list(rows[KEY].itertuples(index=False, name=None))
    if key in keys:
        return key
    return next(
        (
            k
            for k, timed_out in zip(keys, late, strict=True)
            if timed_out and (k[0], *k[2:]) == (key[0], *key[2:])
        ),
        None,
    )


def _append(path: Path, row: list[object]) -> None:
    if METHODS[str(row[KEY.index("method")])].kind == "ours":
        row[FIELDS.index("version")] = f"{row[FIELDS.index('version')]} ({version()})"
    append(path, FIELDS, row)


def _asked(rows: pd.DataFrame, options: argparse.Namespace) -> pd.Series:
    """Which rows the options ask for."""
    same = (
        (rows.cap == options.cap) & (rows.seed == options.seed) & (rows.threads == options.threads)
    )
    return (
        same
        & rows.set.isin(options.sets)
        & rows.method.isin(options.methods)
        & (rows.split < options.splits)
    )


def _forget(path: Path, options: argparse.Namespace) -> None:
    # what stays, stays to the last digit
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows[~_asked(pd.read_csv(path), options)].to_csv(path, index=False)


if __name__ == "__main__":
    main()
