"""Twins: what a change of how equal rows are treated does to tables that have some, and to tables
that have none.

The same splits and seeds under every label, so that a table without equal rows must give the same
test error. `nudged`: equal rows moved apart by 1e-7 standard deviations, so that no row equals
another.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._tables import CLASSIFICATION, checked_split
from benchmarks._twins_report import report
from motifnet import MotifClassifier, MotifRegressor
from motifnet.compare import scores

EXPERIMENT = Experiment(
    "twins", ("set", "split", "preset", "nudged"), ("repeated", "error", "claimed", "seconds")
)
WITH_TWINS = "wine_red"
WITHOUT = ("airfoil", "energy", "yacht", "kin8nm", "abalone", "credit_g")
SPLITS_WITHOUT = 2
FULL = Plan(presets=("balanced",), seeds=range(5), sets=(WITH_TWINS, *WITHOUT))
QUICK = Plan(presets=("fast",), seeds=range(1), sets=(WITH_TWINS, "yacht"))
NUDGE = 1e-7
Key = tuple[str, int, str, int]


def main(argv: list[str] | None = None) -> None:
    """`--seeds` are the splits."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _keys(options: Options) -> Iterator[Key]:
    for preset in options.presets:
        for name in options.sets:
            for number in options.seeds:
                if name == WITH_TWINS:
                    yield from ((name, number, preset, nudged) for nudged in (0, 1))
                elif number < SPLITS_WITHOUT:
                    yield name, number, preset, 0


def _measure(key: Key, options: Options) -> dict[str, Any]:
    name, number, preset, nudged = key
    classes, data = name in CLASSIFICATION, checked_split(name, number, options.data, options.cap)
    X = nudge(data.X, number) if nudged else data.X
    start = time.process_time()
    model = (MotifClassifier if classes else MotifRegressor)(
        preset=preset, n_jobs=options.threads, random_state=number
    ).fit(X, data.y)
    predicted = model.predict_proba(data.X_test) if classes else model.predict(data.X_test)
    return {
        "repeated": int(X.assign(target=data.y).duplicated().sum()),
        "error": next(iter(scores(data.y_test, predicted, data.classes).values())),
        "claimed": [row.error for row in model.ledger_ if row.kept][-1],
        "seconds": time.process_time() - start,
    }


def nudge(X: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Numbers of all rows moved by about 1e-7 standard deviations."""
    moved = X.astype(float)
    return moved + NUDGE * moved.std().to_numpy() * np.random.default_rng([14, seed]).normal(
        size=moved.shape
    )


if __name__ == "__main__":
    main()
