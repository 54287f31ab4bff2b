"""Categories: tables of a few columns with a few levels, of known law, against LightGBM and a table
of cell means, over the best possible error.

LightGBM is told which columns are categories and stops early on a fifth of the rows (at most 2,000
trees, rate 0.05), as its users do.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._categories_law import TEST_ROWS, Cells, Law, Vector, frame_of
from benchmarks._categories_report import report
from benchmarks._cell_means import CellMeans
from benchmarks._experiment import Experiment, Options, Plan, options_of
from motifnet import MotifClassifier, MotifRegressor

EXPERIMENT = Experiment(
    "categories",
    ("task", "draw", "n", "preset"),
    (
        "columns",
        "cells",
        "ours",
        "lightgbm",
        "means",
        "covered",
        "claimed",
        "seconds",
        "seconds_lightgbm",
    ),
)
COVERAGE = 0.8
TASKS = ["regression", "classes", "zero-one"]
SIZES = (200, 600, 2_000, 6_000, 20_000)  # one a draw, in turn
FULL = Plan(sizes=SIZES, seeds=range(20))
QUICK = Plan(sizes=SIZES[:3], presets=("fast",), seeds=range(3))
Key = tuple[str, int, int, str]


def main(argv: list[str] | None = None) -> None:
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK, _more)
    EXPERIMENT.run(options, _keys(options), lambda key: measure(key, options.threads), report)


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS)


def _keys(options: Options) -> Iterator[Key]:
    for preset in options.presets:
        for seed in options.seeds:
            n = SIZES[seed % len(SIZES)]
            yield from ((task, seed, n, preset) for task in options.tasks if n in options.sizes)


def measure(key: Key, threads: int) -> dict[str, Any]:
    """All three methods on one draw."""
    task, seed, n, preset = key
    law, rng, classes = Law.draw(seed), np.random.default_rng([13, seed, n]), task == "classes"
    cells, new = law.cells(rng, n), law.cells(rng, TEST_ROWS)
    y = law.target(cells, rng, task)
    start = time.process_time()
    model = (MotifClassifier if classes else MotifRegressor)(
        preset=preset, n_jobs=threads, random_state=seed
    ).fit(frame_of(cells), y)
    seconds = time.process_time() - start
    predicted = (
        model.predict_proba(frame_of(new))[:, 1] if classes else model.predict(frame_of(new))
    )
    covered = (
        ""
        if task != "regression"
        else law.inside(new, model.predict_interval(frame_of(new), COVERAGE))
    )
    start = time.process_time()
    others = {
        "lightgbm": _lightgbm(cells, y, new, classes, threads, seed),
        "means": CellMeans.fit(cells, y, classes).predict(new),
    }
    return {
        "columns": cells.shape[1],
        "cells": len(np.unique(cells, axis=0)),
        "ours": law.ratio(new, predicted, task),
        **{name: law.ratio(new, values, task) for name, values in others.items()},
        "covered": covered,
        "claimed": [row.error for row in model.ledger_ if row.kept][-1],
        "seconds": seconds,
        "seconds_lightgbm": time.process_time() - start,
    }


def _lightgbm(
    cells: Cells, y: Vector, new: Cells, classes: bool, threads: int, seed: int
) -> Vector:
    """Values, or P(y = 1), at new rows."""
    from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping
    from sklearn.model_selection import train_test_split

    fit, stop = train_test_split(
        np.arange(len(y)), test_size=0.2, random_state=seed, stratify=y if classes else None
    )
    settings: dict[str, Any] = {
        "n_estimators": 2_000,
        "learning_rate": 0.05,
        "num_threads": threads,
        "random_state": seed,
        "verbose": -1,
    }
    model = (LGBMClassifier if classes else LGBMRegressor)(**settings)
    X, X_new = (pd.DataFrame(part).add_prefix("c").astype("category") for part in (cells, new))
    model.fit(
        X.iloc[fit],
        y[fit],
        eval_X=X.iloc[stop],
        eval_y=y[stop],
        callbacks=[early_stopping(50, verbose=False)],
    )
    return (
        np.asarray(model.predict_proba(X_new))[:, 1]
        if classes
        else np.asarray(model.predict(X_new))
    )


if __name__ == "__main__":
    main()
