"""The program that runs in AutoGluon's Python, as `fit FOLDER` or `predict FOLDER`.

It imports nothing of ours, since that Python does not have it.

AutoGluon's limit is by the clock. With one thread the clock that it reads is the CPU time of this
process. On an idle machine the two agree. On a busy one its fit is not cut short.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TARGET = "target"
MB = 2**20


def main() -> None:
    """Do what is requested, and write the seconds and the memory."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    request = json.loads((folder / "request.json").read_text())
    for name in ("lightgbm", "catboost", "xgboost", "sklearn.ensemble"):  # before the clock starts
        __import__(name)
    table = _read(folder / f"{what}.csv", request["categories"])
    measured = _fit(table, request, folder) if what == "fit" else _predict(table, request, folder)
    (folder / f"{what}.seconds.json").write_text(json.dumps(measured))


def _read(path: Path, categories: list[str]) -> pd.DataFrame:
    """Numbers to the last bit; categories are strings, of which none is a missing value."""
    names = list(pd.read_csv(path, nrows=0).columns)
    numbers = {name: [""] for name in names if name not in categories}
    strings = dict.fromkeys(categories, str)
    table = pd.read_csv(
        path, dtype=strings, keep_default_na=False, na_values=numbers, float_precision="round_trip"
    )
    return table.astype(dict.fromkeys(categories, "category"))


def _fit(table: pd.DataFrame, request: dict[str, Any], folder: Path) -> dict[str, float]:
    from autogluon.tabular import TabularPredictor

    kind = {0: "regression", 2: "binary"}.get(request["classes"], "multiclass")
    metric = "log_loss" if request["classes"] else "root_mean_squared_error"
    predictor = TabularPredictor(
        TARGET, problem_type=kind, eval_metric=metric, path=str(folder / "model"), verbosity=0
    )
    start, cpu = time.perf_counter(), _cpu_seconds()
    with _Clock(request["threads"]):
        predictor.fit(
            table,
            presets=request["preset"],
            time_limit=request["limit"],
            num_cpus=request["threads"],
            num_gpus=0,
        )
    used = [
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return {
        "fit_seconds": time.perf_counter() - start,
        "cpu_seconds": _cpu_seconds() - cpu,
        "peak_mb": max(used) * 1024 / MB,
    }


def _predict(table: pd.DataFrame, request: dict[str, Any], folder: Path) -> dict[str, float]:
    from autogluon.tabular import TabularPredictor

    predictor = TabularPredictor.load(str(folder / "model"))
    start = time.perf_counter()
    predicted = predictor.predict_proba(table) if request["classes"] else predictor.predict(table)
    if request["classes"]:
        predicted = predicted[sorted(predicted.columns)]
    np.save(folder / "predicted.npy", predicted.to_numpy(dtype=float))
    return {"predict_seconds": time.perf_counter() - start}


def _cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(os.times()[:4])


class _Clock:
    """With one thread, `time.time` counts CPU seconds within this context."""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def __enter__(self) -> None:
        self.real, start = time.time, time.time() - _cpu_seconds()
        if self.threads == 1:
            time.time = lambda: start + _cpu_seconds()

    def __exit__(self, *_: object) -> None:
        time.time = self.real


if __name__ == "__main__":
    main()
