"""Stack: is the best single part, or the average of all, to be kept where out-of-fold errors hardly
differ? Both rules on the parts of the same fits.

    least      the smaller out-of-fold error decides
    average    the average stands, unless its loss exceeds that of the best single part by more than a standard error of their difference, by rows

The parts are those that a fit ends with, whatever rule it follows itself; `kept` is what it kept.
One row a fit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._stack_report import report
from benchmarks._tables import CLASSIFICATION, checked_split
from motifnet import MotifClassifier, MotifRegressor
from motifnet.compare import Split, scores
from motifnet.pipeline._goal import Goal, ScoredCandidate
from motifnet.pipeline._prepare import Prepared
from motifnet.pipeline._run import Run
from motifnet.tables import as_table

EXPERIMENT = Experiment(
    "stack",
    ("set", "split", "preset"),
    (
        "difference",
        "standard_error",
        "single_oof",
        "average_oof",
        "kept",
        "single",
        "stack",
        "least",
        "average",
        "best_part",
        "seconds",
    ),
)
FULL = Plan(
    presets=("balanced",),
    seeds=range(10),
    sets=("concrete", "energy", "yacht", "airfoil", "saratoga", "credit_g"),
)
QUICK = Plan(presets=("fast",), seeds=range(2), sets=("yacht", "energy"))
Key = tuple[str, int, str]


class _Parts:
    """Keeps what the fit ran on, through the hook that the estimators have for it."""

    ready: Prepared
    run: Run

    def _keep_for_bands(self, ready: Prepared, run: Run) -> None:
        self.ready, self.run = ready, run


class Regressor(_Parts, MotifRegressor):
    """The regressor, with the parts of its fit."""


class Classifier(_Parts, MotifClassifier):
    """The classifier, with the parts of its fit."""


def main(argv: list[str] | None = None) -> None:
    """`--seeds` are the splits."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _keys(options: Options) -> Iterator[Key]:
    for number in options.seeds:
        yield from ((name, number, preset) for preset in options.presets for name in options.sets)


def _measure(key: Key, options: Options) -> dict[str, Any]:
    name, number, preset = key
    classes, data = name in CLASSIFICATION, checked_split(name, number, options.data, options.cap)
    start = time.process_time()
    model = (Classifier if classes else Regressor)(
        preset=preset, n_jobs=options.threads, random_state=number
    ).fit(data.X, data.y)
    return {**compare(model, data), "seconds": time.process_time() - start}


def compare(model: Any, data: Split) -> dict[str, Any]:
    """Test errors of the best single part, the stack, and what either rule takes."""
    run, goal = model.run, model.run.goal
    parts = [*run.kernels, *run.others]
    single = min((goal.score([part]) for part in parts), key=lambda scored: scored.error)
    stack = goal.score(parts) if len(parts) > 1 else single
    difference, standard_error = paired(goal, single, stack)
    X = model.ready.encoder.transform(as_table(data.X_test, schema=model.ready.schema))
    errors = {
        name: _test_error(goal, scored, X, data)
        for name, scored in (("kept", run.history.best), ("single", single), ("stack", stack))
    }
    return {
        "difference": difference,
        "standard_error": standard_error,
        "single_oof": single.error,
        "average_oof": stack.error,
        **errors,
        "least": errors["stack" if stack.error < single.error else "single"],
        "average": errors["stack" if average_stands(difference, standard_error) else "single"],
        "best_part": single.parts[0].name,
    }


def average_stands(difference: float, standard_error: float) -> bool:
    """The rule."""
    return difference <= standard_error


def paired(goal: Goal, single: ScoredCandidate, stack: ScoredCandidate) -> tuple[float, float]:
    """Mean loss of the stack less that of the single part on the rows that both score, and its
    standard error.
    """
    difference = goal.losses(stack) - goal.losses(single)
    there = np.isfinite(difference)
    w, d = goal.sample.weight[there], difference[there]
    w = w / w.sum()
    return float(w @ d), float(np.sqrt((w**2) @ (d - w @ d) ** 2))


def _test_error(goal: Goal, scored: ScoredCandidate, X: Any, data: Split) -> float:
    return next(iter(scores(data.y_test, goal.teacher(scored)(X), data.classes).values()))


if __name__ == "__main__":
    main()
