"""Honesty: where nothing can be learned for new rows, does any score claim that something was?
Below and above 1,200, 4,000 and 12,000 rows.

    claimed      1 − error² of the ledger's last kept row (regression, in units of the sd), 1 − log loss / entropy of the classes; `stage`: the most
                 that any row of the ledger claims, kept or not
    evidence     the same share explained, of the out-of-fold predictions on the rows that have one; of compression, on the rows that judge
    new          the share explained of new rows, and the share of them inside 90 % intervals, or sets of classes
    shift        the error that `check_shift` expects on the new rows, over the error measured there

The tables are those of `_honesty_cases`. `stream` reads the table of `groups` from a file;
`compress` gives a network rows of new groups as judges, and what it then claims is held against
further groups. What says which rows belong together is passed wherever a function takes it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._experiment import Experiment, Options, Plan, accepted, options_of
from benchmarks._honesty_cases import TABLES, Case, Vector, draw, noise_rows
from benchmarks._honesty_report import report
from motifnet import MotifClassifier, MotifRegressor
from motifnet.compress._distillation import Distillation
from motifnet.engine import UsageError
from motifnet.pipeline._compress import model_task

EXPERIMENT = Experiment(
    "honesty",
    ("experiment", "task", "n", "preset", "seed"),
    ("claimed", "stage", "evidence", "new", "covered", "shift", "stages", "seconds"),
)
COVERAGE = 0.9
# numbers of draws of each experiment, and the fewest rows it makes sense for
DRAWS = {"groups": 20, "stream": 20, "time": 20, "noise": TABLES, "category": 5, "compress": 20}
MIN_ROWS = {"stream": 1_600, "compress": 1_600}
FULL = Plan(sizes=(400, 1_600, 5_000, 15_000))
QUICK = Plan(sizes=(400, 1_600), presets=("fast",), seeds=range(1))
Key = tuple[str, str, int, str, int]


def main(argv: list[str] | None = None) -> None:
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK, _more)
    EXPERIMENT.run(options, _keys(options), lambda key: measure(key, options.threads), report)


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--experiments", nargs="+", choices=list(DRAWS), default=list(DRAWS))
    parser.add_argument(
        "--tasks", nargs="+", choices=["regression", "classes"], default=["regression", "classes"]
    )


def _keys(options: Options) -> Iterator[Key]:
    for name in options.experiments:
        seeds = (
            range(DRAWS[name])
            if options.seeds is None
            else [seed for seed in options.seeds if seed < DRAWS[name]]
        )
        tasks = [task for task in options.tasks if name != "noise" or task == "regression"]
        for n in [0] if name == "noise" else options.sizes:
            if n and n < MIN_ROWS.get(name, 0):
                continue
            for preset in options.presets:
                yield from (
                    (name, task, n or noise_rows(seed), preset, seed)
                    for task in tasks
                    for seed in seeds
                )


def measure(key: Key, threads: int) -> dict[str, Any]:
    """Fit, and hold what the fit claims against new rows."""
    name, task, n, preset, seed = key
    case, classes = draw(name, seed, n), task == "classes"
    start = time.process_time()
    model = (MotifClassifier if classes else MotifRegressor)(
        preset=preset, n_jobs=threads, random_state=seed
    )
    y, new_y = (_target(v, classes) for v in (case.y, case.new_y))
    if name == "stream":
        _fit_stream(model, case, y)
    else:
        model.fit(case.X, y, groups=case.groups, time=case.time)
    if name == "compress":
        return {**_compressed(model, case, new_y, classes), "seconds": time.process_time() - start}
    found = {**_claims(model, y, classes), **_on_new_rows(model, case, new_y, classes)}
    return {**found, "seconds": time.process_time() - start}


def _target(y: Vector, classes: bool) -> Vector:
    return np.where(y > 0, "up", "down") if classes else y


def _fit_stream(model: Any, case: Case, y: Vector) -> None:
    groups = accepted(model.fit_stream, groups="group") or {"drop": ["group"]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        case.X.assign(group=case.groups, target=y).to_csv(path, index=False)
        model.fit_stream(path, "target", **groups)


def _claims(model: Any, y: Vector, classes: bool) -> dict[str, Any]:
    ledger = [(row.stage, _share(row.error, y, classes), row.kept) for row in model.ledger_]
    evidence = model._evidence
    return {
        "claimed": [share for _, share, kept in ledger if kept][-1],
        "stage": max(share for _, share, _ in ledger),
        "evidence": ""
        if evidence is None
        else _explained(evidence.observed, evidence.predicted, classes),
        "stages": "; ".join(
            f"{stage} {share:.2f}{'' if kept else ' (left)'}" for stage, share, kept in ledger
        ),
    }


def _share(error: float, y: Vector, classes: bool) -> float:
    """The share explained that an error of the ledger claims."""
    return 1 - error / _entropy(np.unique(y, return_counts=True)[1]) if classes else 1 - error**2


def _entropy(counts: np.ndarray) -> float:
    p = counts / counts.sum()
    return float(-(p * np.log(p)).sum())


def _explained(observed: Vector, predicted: Vector, classes: bool) -> float:
    """1 − loss / loss of the best constant, on the rows that have a prediction; with shape (n, q),
    one-hot for classes.
    """
    there = np.isfinite(predicted).all(1)
    observed, predicted = observed[there], predicted[there]
    if classes:
        return 1 - _log_loss(observed, predicted) / _entropy(observed.sum(0))
    return 1 - float(
        ((observed - predicted) ** 2).sum() / ((observed - observed.mean(0)) ** 2).sum()
    )


def _log_loss(observed: Vector, predicted: Vector) -> float:
    return float(-np.log(np.maximum((observed * predicted).sum(1), 1e-15)).mean())


def _outcome(model: Any, X: Any, y: Vector, classes: bool) -> tuple[Vector, Vector, float]:
    """Observed and predicted with shape (n, q), and the error in the unit of the ledger."""
    if classes:
        observed, predicted = (
            (y[:, None] == np.array(model.classes_)).astype(float),
            model.predict_proba(X),
        )
        return observed, predicted, _log_loss(observed, predicted)
    observed, predicted = y[:, None], model.predict(X)[:, None]
    return (
        observed,
        predicted,
        float(np.sqrt(((observed - predicted) ** 2).mean())) / model.model_.info.target_sd[0],
    )


def _on_new_rows(model: Any, case: Case, y: Vector, classes: bool) -> dict[str, Any]:
    observed, predicted, error = _outcome(model, case.new_X, y, classes)
    if classes:
        inside = (model.predict_set(case.new_X, COVERAGE) & (observed > 0)).any(1)
    else:
        low, high = model.predict_interval(case.new_X, COVERAGE).T
        inside = (low <= y) & (y <= high)
    expected = model.check_shift(case.new_X).error
    shift = "" if expected is None else expected.after / error
    return {
        "new": _explained(observed, predicted, classes),
        "covered": float(inside.mean()),
        "shift": shift,
    }


def _compressed(model: Any, case: Case, y: Vector, classes: bool) -> dict[str, Any]:
    """Half of the new groups judge a small network, the others say what that judgement is worth."""
    assert case.new_groups is not None
    judges = case.new_groups < np.median(case.new_groups)
    groups = accepted(model.compress, groups=case.new_groups[judges])
    try:
        small = model.compress(case.new_X[judges], y[judges], max_units=64, **groups)
    except UsageError as nothing:  # where the fit ends with little more than a constant
        return {"stages": str(nothing)}
    observed, predicted, _ = _outcome(small, case.new_X[~judges], y[~judges], classes)
    explained = _explained(observed, predicted, classes)
    return {
        **_claims(small, y[judges], classes),
        "evidence": _of_judges(model, small, case, judges, y[judges], classes),
        "new": explained,
    }


def _of_judges(
    model: Any, small: Any, case: Case, judges: np.ndarray, y: Vector, classes: bool
) -> float:
    """What the last row of the ledger claims, against the best constant on the rows that judged it
    in place of the sd of the fit's target.
    """
    assert case.new_groups is not None
    task = model_task(model.model_, model.encode(case.new_X[judges]), y, 0, case.new_groups[judges])
    observed = Distillation.of(task).yardstick.y
    assert observed is not None and task.scale is not None
    error = small.ledger_[-1].error
    return (
        1 - error / _entropy(observed.sum(0))
        if classes
        else 1 - float((error * task.scale[0]) ** 2 / observed.var())
    )


if __name__ == "__main__":
    main()
