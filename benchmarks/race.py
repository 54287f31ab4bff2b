"""The race: whole methods on the same rows and one clock, test error against CPU seconds, and the
time to 2 % of the best final error.

Ours at its defaults against an AdamW perceptron and boosted trees that are tuned by random search,
RealMLP with its full schedule, TabM, a Gaussian process and random features. Every method stops at
its own best time, which a part of the training rows chooses; the seconds of all that it tried are
in its time. What is compared is the whole of a method: architecture, trainer and start at once;
what the start is worth, `benchmarks.starts` asks.

A row is one fit with its curve; it is kept as soon as it is done, and not run again. One thread;
seconds are CPU seconds, and test rows cost none.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._race_report import picture, report
from benchmarks._tables import table_of
from motifnet.compare import split_table
from motifnet.lab.race import RACERS, Point, Task, curve_table, enter, missing, warm_up

EXPERIMENT = Experiment(
    "race",
    ("set", "split", "cap", "method"),
    ("rows", "error", "seconds", "limited", "limit", "setting", "curve"),
)
SETS = ("concrete", "airfoil", "wine_red", "abalone", "kin8nm", "cpu_act", "seoul_bike", "power")
FULL, QUICK = Plan(sets=SETS), Plan(sets=("concrete",))
Key = tuple[str, int, int, str]


def main(argv: list[str] | None = None) -> None:
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK, _more)
    torch.set_num_threads(1)
    absent = missing(options.methods)
    if absent and not options.report_only:
        raise SystemExit(
            f"Not installed: {', '.join(absent)}. pip install 'motifnet[peers]', or "
            "name others with --methods."
        )
    with threadpool_limits(1):
        EXPERIMENT.run(
            options,
            _keys(options),
            partial(_measure, options=options),
            partial(_report, options=options),
        )


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--splits", type=int, default=2, help="random splits a table")
    parser.add_argument(
        "--methods", nargs="+", default=list(RACERS), choices=list(RACERS), help="who races"
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=300.0,
        help="CPU seconds after which a method begins nothing more",
    )


def _keys(options: Options) -> Iterator[Key]:
    """The first split of every table before the second of any."""
    for number in range(options.splits):
        for name in options.sets:
            yield from ((name, number, options.cap, method) for method in options.methods)


def _measure(key: Key, options: Options) -> dict[str, Any]:
    name, number, cap, method = key
    _warm(method)
    task = Task(
        split_table(
            table_of(name, options.data), "target", task="regression", seed=number, cap=cap
        ),
        number,
        options.limit,
    )
    history, setting = enter(method, task)
    last = history.points[-1]
    curve = json.dumps(
        [[round(p.seconds, 3), float(f"{p.error:.5g}"), p.stage] for p in history.points]
    )
    measured = {
        "rows": len(task.split.X),
        "error": last.error,
        "seconds": last.seconds,
        "limited": int(history.ended_by_limit),
    }
    return measured | {"limit": options.limit, "setting": setting, "curve": curve}


@cache
def _warm(method: str) -> None:
    warm_up(method)


def points_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The points of all curves."""
    return pd.concat(
        [
            curve_table(
                row.set,
                row.split,
                row.method,
                [Point(*point) for point in json.loads(row.curve)],
                bool(row.limited),
            )
            for row in rows.itertuples()
        ],
        ignore_index=True,
    )


def _report(rows: pd.DataFrame, options: Options) -> str:
    rows = rows[(rows.label == options.label) & (rows.cap == options.cap)]
    points = points_of(rows)
    picture(points, options.out / EXPERIMENT.name / "race.svg")
    return report(rows, points)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
