"""Real curves: networks on curves against what else there is.

Regression: fat of 215 samples of meat from their spectra (tecator; 172 random ones to fit, 43 to
test, 20 splits), and the log of the annual precipitation of 35 stations from their daily mean
temperatures (canadian_weather; leave one out). Classes: five phonemes from log-periodograms (the
given parts), sex from heights between 1 and 18 years (growth; 70 to fit, 23 to test, 50 splits),
and fat above 20 % (tecator, the same splits).

The front layer was designed on other targets and splits of the same data: water and protein of
tecator, latitude of weather, adult height of growth, and splits 100 to 105 of the rest.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._functional_methods import CLASSES, REGRESSION
from benchmarks._functional_report import report
from motifnet.engine import Matrix

EXPERIMENT = Experiment(
    "functional", ("set", "split", "method"), ("error", "n_test", "wrong", "seconds")
)
SPLITS = {"tecator": 20, "weather": 35, "phoneme": 1, "growth": 50, "tecator_fat20": 20}
FULL = Plan(seeds=range(100), sets=tuple(SPLITS))
QUICK = Plan(seeds=range(2), sets=("tecator", "growth"))
METHODS = {"tecator": REGRESSION, "weather": REGRESSION}
TEST_SHARE = {"tecator": 43, "growth": 23, "tecator_fat20": 43}
Data = tuple[Matrix, Any, Matrix]
Key = tuple[str, int, str]


def main(argv: list[str] | None = None) -> None:
    """`--seeds` are the splits; `--methods` names some of the methods."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK, _add_methods)
    EXPERIMENT.run(options, _keys(options), lambda key: _measure(key, options.data), report)


def _add_methods(parser: argparse.ArgumentParser) -> None:
    names = [*dict.fromkeys([*REGRESSION, *CLASSES])]
    parser.add_argument("--methods", nargs="+", choices=names, default=names)


def _keys(options: Options) -> Iterator[Key]:
    for name in options.sets:
        for method in METHODS.get(name, CLASSES):
            if method in options.methods:
                for split in options.seeds:
                    if split < SPLITS[name]:
                        yield name, split, method


def _measure(key: Key, folder: Path) -> dict[str, Any]:
    name, split, method = key
    X, y, grid = _data(name, folder)
    train, test = _split(name, split, folder)
    start = time.process_time()
    predict = METHODS.get(name, CLASSES)[method]
    predicted = np.asarray(predict(X[train], y[train], X[test], grid, split))
    seconds = time.process_time() - start
    if name in METHODS:
        error, wrong = float(np.sqrt(np.mean((predicted - y[test]) ** 2))), ""
    else:
        flags = predicted != y[test]
        # a letter before the digits, so that no reader takes them for a number
        error, wrong = float(flags.mean()), "w" + "".join("01"[int(flag)] for flag in flags)
    return {"error": error, "n_test": len(test), "wrong": wrong, "seconds": seconds}


@cache
def _data(name: str, folder: Path) -> Data:
    file = {"weather": "canadian_weather", "tecator_fat20": "tecator"}.get(name, name)
    table = pd.read_csv(folder / "functional" / f"{file}.csv.gz")
    prefix = {"tecator": "absorbance_", "canadian_weather": "temperature_"}.get(
        file, {"growth": "height_", "phoneme": "log_periodogram_"}.get(file, "")
    )
    found = [column for column in table.columns if column.startswith(prefix)]
    grid = np.array([float(column.removeprefix(prefix)) for column in found])
    rain = table.filter(like="precipitation_")
    y = {
        "tecator": lambda: table.fat,
        "tecator_fat20": lambda: (table.fat > 20).astype(int),
        "weather": lambda: np.log(rain.sum(axis=1)),
        "growth": lambda: table.sex,
        "phoneme": lambda: table["class"],
    }[name]()
    return table[found].to_numpy(float), y.to_numpy(), grid


def _split(name: str, split: int, folder: Path) -> tuple[Any, Any]:
    y = _data(name, folder)[1]
    if name == "phoneme":
        part = pd.read_csv(folder / "functional" / "phoneme.csv.gz").part
        return np.flatnonzero(part == "learn"), np.flatnonzero(part == "test")
    if name == "weather":
        return np.delete(np.arange(len(y)), split), np.array([split])
    rows = np.random.default_rng(split).permutation(len(y))
    return rows[TEST_SHARE[name] :], rows[: TEST_SHARE[name]]


if __name__ == "__main__":
    main()
