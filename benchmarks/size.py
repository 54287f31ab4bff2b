"""Size: the compact network of a fit beside the full one and a small one: error on test rows,
parameters, bytes of the file, CPU seconds to predict.

One row a fit. SVR (scikit-learn's at C = 10 on the same encoded rows), RealMLP (after one epoch, as
more do not change it) and CatBoost stand beside them for the time of a prediction alone: of whole
tables, encoding included, but for SVR.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.svm import SVC, SVR

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._size_report import report
from benchmarks._tables import SETS, checked_split, task_of
from motifnet import MotifClassifier, MotifRegressor
from motifnet.compare import METHODS, Method, Setting, Split, scores
from motifnet.motifs import count_parameters

EXPERIMENT = Experiment(
    "size",
    ("set", "split", "preset", "size"),
    ("rows", "columns", "error", "oof", "seconds", "microseconds", "parameters", "bytes"),
)
FULL = Plan(
    presets=("balanced",),
    seeds=range(3),
    sets=(*SETS, "phoneme", "credit_g", "magic_telescope", "bank_marketing"),
)
QUICK = Plan(presets=("fast",), seeds=range(1), sets=("yacht", "energy"))
SIZES = ("compact", "full", "small", "SVR", "RealMLP", "CatBoost")
OTHERS = {"RealMLP": "realmlp", "CatBoost": "catboost"}
PREDICTED, PASSES = 10_000, 3
Key = tuple[str, int, str, str]


def main(argv: list[str] | None = None) -> None:
    """`--seeds` are the splits."""
    options = options_of(
        __doc__.splitlines()[0],
        argv,
        FULL,
        QUICK,
        lambda parser: parser.add_argument(
            "--kinds", nargs="+", default=list(SIZES), help="of networks"
        ),
    )
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _keys(options: Options) -> Iterator[Key]:
    for number in options.seeds:
        for name in options.sets:
            yield from (
                (name, number, preset, size) for preset in options.presets for size in options.kinds
            )


def _measure(key: Key, options: Options) -> dict[str, Any]:
    name, number, preset, size = key
    task, data = task_of(name), checked_split(name, number, options.data, options.cap)
    if size in OTHERS:
        return _other(METHODS[OTHERS[size]], data, options.threads, number)
    make = MotifClassifier if task == "classification" else MotifRegressor
    if size == "SVR":
        return _support_vectors(make(preset="fast", profile=None, n_jobs=options.threads), data)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make(preset=preset, size=size, n_jobs=options.threads, random_state=number).fit(
            data.X, data.y
        )
    seconds = time.process_time() - start
    predict = model.predict if task == "regression" else model.predict_proba
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "m.motif")
        size_of_file = (Path(folder) / "m.motif").stat().st_size
    return {
        "rows": len(data.X),
        "columns": model.model_.d,
        "error": next(iter(scores(data.y_test, predict(data.X_test), data.classes).values())),
        "oof": [row for row in model.ledger_ if row.kept][-1].error,
        "seconds": seconds,
        "microseconds": _microseconds(predict, data.X_test),
        "parameters": count_parameters(model.model_.network),
        "bytes": size_of_file,
    }


def _other(method: Method, data: Split, threads: int, seed: int) -> dict[str, Any]:
    """Seconds of a prediction by another method."""
    build = method.build
    if "pytabkit" in method.needs:
        method = replace(method, build=lambda setting: build(setting).set_params(n_epochs=1))
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predict = method.fit(data.X, data.y, Setting(data.classes, threads, seed)).predict
        seconds = time.process_time() - start
        return {
            "rows": len(data.X),
            "seconds": seconds,
            "microseconds": _microseconds(predict, data.X_test),
        }


def _support_vectors(encoder: Any, data: Split) -> dict[str, Any]:
    """Seconds of a prediction by support vectors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = encoder.fit(data.X, data.y)
    X, X_test = model.encode(data.X), pd.DataFrame(model.encode(data.X_test))
    y, classes = np.asarray(data.y), isinstance(encoder, MotifClassifier)
    sd = 1.0 if classes else float(np.std(y))
    machine = SVC(C=10, probability=True) if classes else SVR(C=10 * sd, epsilon=0.05 * sd)
    start = time.process_time()
    machine.fit(X, y)
    seconds = time.process_time() - start
    predict = machine.predict_proba if classes else machine.predict
    return {
        "rows": len(X),
        "columns": X.shape[1],
        "error": next(iter(scores(data.y_test, predict(X_test.to_numpy()), data.classes).values())),
        "seconds": seconds,
        "microseconds": _microseconds(lambda rows: predict(rows.to_numpy()), X_test),
        "parameters": machine.support_vectors_.size + machine.dual_coef_.size,
    }


def _microseconds(predict: Callable[[Any], Any], X: Any) -> float:
    """CPU time a row, the least of three passes over ten thousand rows."""
    rows = pd.concat([X] * (PREDICTED // len(X) + 1)).iloc[:PREDICTED].reset_index(drop=True)
    took = []
    for _ in range(PASSES):
        start = time.process_time()
        predict(rows)
        took.append(time.process_time() - start)
    return 1e6 * min(took) / len(rows)


if __name__ == "__main__":
    main()
