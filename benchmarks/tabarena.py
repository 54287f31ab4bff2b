"""Our presets under the protocol of TabArena (Erickson et al. 2025), beside the figures that it has
published for other methods.

Each table is split by 3-fold cross-validation, repeated with other folds: 10 times below 2,500
rows, 3 times above, or --repeats times where that is less. All rows of two folds are for training,
without a cap. The error is RMSE (of california on log y, as in its copy there), or 1 − AUC for
classes. Folds are random, for classes with equal shares of each: theirs are others of the same law,
so that only means over all splits compare.

A fit has a process of its own and one thread. Its row is written as soon as it is done, and it is
not run again while the row is there; the first repeat of every table comes before the second of
any. Seconds of the published methods are wall-clock seconds of eight cores, or of a GPU.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._tabarena_report import PUBLISHED, report
from benchmarks._tables import table_of, task_of
from motifnet.compare import METHODS, Split, find_methods, measure, split_at

EXPERIMENT = Experiment(
    "tabarena",
    ("set", "method", "repeat", "fold"),
    ("rows", "error", "fit_seconds", "seconds", "predict_seconds", "peak_mb", "status"),
)
FULL = Plan(sets=("airfoil", "concrete", "credit_g", "california", "diamonds"))
QUICK = Plan(sets=("airfoil", "concrete"))
LOG = ("california",)
FOLDS, SMALL, MANY, FEW = 3, 2_500, 10, 3
Key = tuple[str, str, int, int]


def main(argv: list[str] | None = None) -> None:
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK, _more)
    path = options.data / PUBLISHED
    published = pd.read_csv(path) if path.exists() else None
    EXPERIMENT.run(
        options,
        _keys(options),
        lambda key: _measure(key, options),
        lambda rows: report(rows, published),
    )


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--methods", nargs="+", default=["fast", "balanced"], help=f"of {', '.join(METHODS)}"
    )
    parser.add_argument(
        "--repeats", type=int, default=MANY, help="most repeats of the cross-validation"
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=3_600.0,
        help="seconds for one fit; a method that needs more is ended",
    )


def _keys(options: Options) -> Iterator[Key]:
    find_methods(options.methods)
    for repeat in range(options.repeats):
        for name in options.sets:
            if repeat < (MANY if len(table_of(name, options.data)) < SMALL else FEW):
                yield from (
                    (name, method, repeat, fold)
                    for fold in range(FOLDS)
                    for method in options.methods
                )


def _measure(key: Key, options: Options) -> Mapping[str, Any]:
    name, method, repeat, fold = key
    split = fold_of(name, table_of(name, options.data), repeat, fold)
    result = measure(
        METHODS[method], split, threads=options.threads, seed=repeat, limit=options.limit
    )
    error = 1 - result.auc if split.classes else result.nrmse * float(np.std(split.y_test))
    seconds = {
        "fit_seconds": result.fit_seconds,
        "seconds": result.cpu_seconds,
        "predict_seconds": result.predict_seconds,
    }
    return {
        "rows": result.rows,
        "error": error,
        **seconds,
        "peak_mb": result.peak_mb,
        "status": result.status,
    }


def fold_of(name: str, table: pd.DataFrame, repeat: int, fold: int) -> Split:
    """Training and test rows of one fold."""
    from sklearn.model_selection import KFold, StratifiedKFold

    task = task_of(name)
    if name in LOG:
        table = table.assign(target=np.log(table["target"]))
    folds = (StratifiedKFold if task == "classification" else KFold)(
        FOLDS, shuffle=True, random_state=repeat
    )
    train, test = list(folds.split(table, table["target"]))[fold]
    return split_at(table, "target", train, test, task=task)


if __name__ == "__main__":  # the processes that fit import this file again
    main()
