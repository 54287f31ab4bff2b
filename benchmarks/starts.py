"""What the teacher is worth: one architecture and one trainer from several starts, test error
against CPU seconds.

    teacher      the transferred teacher: a tuned SVR's kernel read from its network (network "gaussian"), or the grid of the library's own kernel
                 ridge regression (network "mixture"), with the map of the trainer
    generic      rate 1 / median distance, λ = .01, with the map of the trainer
    no map       the same, and the map starts as the identity
    bad          eight times that rate, λ = 1
    projected    random weights, Adam on all inner parameters, last layer in closed form
    end to end   random weights, AdamW on all weights; of its learning rates the one with the least test error counts, and only its seconds

A row is one training of so many steps with a schedule of its own, so that the rows of a start are
its error against its seconds, each at a budget that it was made for. Seconds are CPU seconds of
training and the solution of the last layer; those of the teacher stand beside them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import _starts_train as train
from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._starts_figure import picture
from benchmarks._starts_report import report
from benchmarks._tables import table_of
from motifnet.compare import nrmse, split_table
from motifnet.engine import Matrix
from motifnet.kernels import CAPACITY, median_distances
from motifnet.losses import Objective
from motifnet.pipeline._goal import RegressionGoal
from motifnet.pipeline._prepare import prepare
from motifnet.pipeline._presets import PRESETS
from motifnet.tables import Sample, as_table
from motifnet.training import FeatureSettings, Start, solve_whole, train_feature_layers

EXPERIMENT = Experiment(
    "starts",
    ("set", "split", "cap", "network", "start", "steps"),
    ("error", "seconds", "teacher_seconds", "teacher_error", "setting"),
)
SETS = (
    "concrete",
    "energy",
    "airfoil",
    "kin8nm",
    "abalone",
    "cpu_act",
    "elevators",
    "power",
    "yacht",
    "wine_red",
)
FULL = Plan(seeds=range(5), sets=SETS)
QUICK = Plan(seeds=range(1), sets=("yacht",))
NETWORKS = {"gaussian": ("gaussian",), "mixture": ("laplace1", "laplace2", "gaussian")}
STEPS = (0, 5, 10, 20, 40, 80, 160)
STARTS = {
    "teacher": STEPS,
    "generic": STEPS,
    "no map": STEPS,
    "bad": STEPS,
    "projected": (0, 20, 80, 320),
    "end to end": (80, 320, 1280),
}
RATES = (0.003, 0.03)
MEDIAN_ROWS = 300
Key = tuple[str, int, int, str, str, int]


@dataclass(frozen=True)
class Task:
    """A split of a table as the trainings see it: encoded rows, standardised target, medians of
    distances, encoded test rows and their target.
    """

    sample: Sample
    medians: dict[int, float]
    X_test: Matrix
    y_test: Matrix
    mean: float
    sd: float

    def error(self, predicted: Matrix) -> float:
        """nRMSE of predictions in standardised units."""
        return nrmse(self.y_test, predicted[:, 0] * self.sd + self.mean)


def main(argv: list[str] | None = None) -> None:
    """`--seeds` are the splits."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK, _more)
    torch.set_num_threads(options.threads)
    if not options.report_only:
        _warm_up()
    EXPERIMENT.run(
        options,
        _keys(options),
        partial(_measure, options=options),
        partial(_report, folder=options.out / EXPERIMENT.name),
    )


def _more(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(cap=1500)
    parser.add_argument(
        "--networks",
        nargs="+",
        default=list(NETWORKS),
        choices=list(NETWORKS),
        help="architectures",
    )
    parser.add_argument(
        "--starts",
        nargs="+",
        default=list(STARTS),
        choices=list(STARTS),
        help="where trainings start",
    )


def _report(rows: Any, folder: Path) -> str:
    picture(rows, folder / "starts.svg")
    return report(rows)


def _keys(options: Options) -> Iterator[Key]:
    for number in options.seeds:
        for name in options.sets:
            for network in options.networks:
                for start in options.starts:
                    yield from (
                        (name, number, options.cap, network, start, steps)
                        for steps in STARTS[start]
                    )


def _measure(key: Key, options: Options) -> dict[str, Any]:
    name, number, cap, network, start, steps = key
    task, settings = (
        task_of_split(name, number, cap, options.data),
        FeatureSettings(NETWORKS[network], steps=steps),
    )
    if start == "end to end":
        return min(
            (_end_to_end(task, settings, rate, number) for rate in RATES),
            key=lambda row: row["error"],
        )
    if start != "teacher":
        return run(task, start, settings, number)
    (of_teacher, predict), seconds = teacher_of(name, number, cap, options.data, network)
    return {
        **run(task, start, settings, number, of_teacher),
        "teacher_seconds": seconds,
        "teacher_error": task.error(predict(task.X_test)),
    }


def run(
    task: Task, start: str, settings: FeatureSettings, number: int, of_teacher: Start | None = None
) -> dict[str, Any]:
    """Test error and CPU seconds of one training whose last layer is in closed form."""
    began, seed = time.process_time(), [number, 1]
    generic = train.generic_start(settings.profiles, task.medians)
    if start == "projected":
        inner = train.train_projected(task.sample, generic, settings, seed)
    else:
        chosen = {
            "teacher": of_teacher,
            "bad": train.bad_start(settings.profiles, task.medians),
        }.get(start, generic)
        assert chosen is not None
        inner = train_feature_layers(
            task.sample,
            chosen,
            replace(settings, map_share=0.0) if start == "no map" else settings,
            seed,
        )
    model = solve_whole(task.sample, inner, CAPACITY)
    seconds = time.process_time() - began
    return {"error": task.error(model.predict(task.X_test)), "seconds": seconds}


def _end_to_end(task: Task, settings: FeatureSettings, rate: float, number: int) -> dict[str, Any]:
    began = time.process_time()
    network = train.EndToEnd(
        task.sample,
        train.generic_start(settings.profiles, task.medians),
        settings,
        rate,
        [number, 1],
    ).train()
    seconds = time.process_time() - began
    return {
        "error": task.error(network.predict(task.X_test)),
        "seconds": seconds,
        "setting": f"rate {rate:g}",
    }


@lru_cache(maxsize=1)
def task_of_split(name: str, number: int, cap: int, data: Path) -> Task:
    """Split `number` of a table, encoded as the estimators encode it."""
    split = split_table(table_of(name, data), "target", task="regression", seed=number, cap=cap)
    ready = prepare(
        split.X,
        split.y,
        None,
        None,
        None,
        task="regression",
        objective=Objective(),
        preset=PRESETS["fast"],
        seed=number,
    )
    X_test = ready.encoder.transform(as_table(split.X_test, schema=ready.schema))
    assert isinstance(ready.goal, RegressionGoal)
    return Task(
        ready.sample,
        _medians(ready.sample, number),
        X_test,
        split.y_test,
        float(ready.goal.mean[0]),
        float(ready.goal.sd[0]),
    )


def _medians(sample: Sample, number: int) -> dict[int, float]:
    return median_distances(
        torch.as_tensor(
            sample.X[np.sort(np.random.default_rng(number).permutation(sample.n)[:MEDIAN_ROWS])]
        )
    )


@lru_cache(maxsize=2)
def teacher_of(
    name: str, number: int, cap: int, data: Path, network: str
) -> tuple[train.Teacher, float]:
    """The teacher of an architecture, and its CPU seconds."""
    task, began = task_of_split(name, number, cap, data), time.process_time()
    teacher = (
        train.fit_svr(task.sample, number)
        if network == "gaussian"
        else train.fit_ridge(task.sample, task.medians, NETWORKS[network], number)
    )
    return teacher, time.process_time() - began


def _warm_up() -> None:
    """What is loaded at the first call is in no row."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    sample = Sample.plain(X, np.sin(X[:, :1]))
    task = Task(sample, _medians(sample, 0), X, np.sin(X[:, 0]), 0.0, 1.0)
    train.fit_svr(sample, 0)
    for start in ("generic", "projected"):
        run(task, start, FeatureSettings(steps=2), 0)
    _end_to_end(task, FeatureSettings(steps=2), RATES[0], 0)


if __name__ == "__main__":
    main()
