"""Whole distributions against six peers: the dev tables of regression, three random splits each.

    balanced, fast   `predict_distribution` of our presets
    ngboost          NGBoost, normal law (Duan et al. 2020)
    catboost         CatBoost with RMSEWithUncertainty
    quantiles        21 quantile regressions by LightGBM
    cqr              conformalised quantile regression by MAPIE around LightGBM (Romano et al. 2019)
    gp               Gaussian process with a length scale a column, by scikit-learn
    ensemble         deep ensemble of five perceptrons (Lakshminarayanan et al. 2017)

A fifth of the rows is for the test, at most `TEST_ROWS` of them are scored; `--cap` bounds the
training rows. Packages: `pip install "motifnet[distributions]"` has ngboost, catboost and mapie,
the others are there. A method whose package is not installed is left out, with a sentence.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks._distribution_peers import PEERS
from benchmarks._distribution_peers_report import OURS, report
from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._split import Split
from benchmarks._tables import ALL as TABLES
from benchmarks._tables import CLASSIFICATION, split
from benchmarks.distribution import MEASURED, scores
from motifnet import MotifRegressor

REGRESSION = tuple(name for name in TABLES if name not in CLASSIFICATION)
METHODS = (*OURS, *PEERS)
TEST_ROWS = 2_000
EXPERIMENT = Experiment(
    "peers",
    ("set", "split", "method"),
    ("train_rows", "test_rows", "sd", *MEASURED, "fit_seconds", "predict_seconds", "seconds"),
)
FULL = Plan(seeds=range(3), sets=REGRESSION)
QUICK = Plan(seeds=range(1), sets=("yacht", "airfoil"))


def main(argv: list[str] | None = None) -> None:
    """`--seeds` are the numbers of the splits."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK, _more)
    options.out = options.out / "distribution"
    warnings.simplefilter("ignore")  # of twins in the tables, of bounds that peers arrive at
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _more(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(cap=500)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)


def _keys(options: Options) -> Iterator[tuple[str, int, str]]:
    there = [name for name in options.methods if name not in PEERS or not PEERS[name].missing]
    for name in sorted({*options.methods} - {*there}):
        print(f"{name} is left out: it needs the package {PEERS[name].module}.")
    for number in options.seeds:
        for name in options.sets:
            yield from ((name, number, method) for method in there)


def _measure(key: tuple[str, int, str], options: Options) -> dict[str, Any]:
    name, number, method = key
    data = split(name, options.data, number, options.cap)
    data = Split(data.train, data.test[:TEST_ROWS])
    fit = PEERS[method].fit if method in PEERS else partial(_ours, preset=method)
    start = time.process_time()
    predict = fit(data, number, options.threads)
    fitted = time.process_time()
    found = predict()
    done = time.process_time()
    y = data.test["target"].to_numpy(dtype=float)
    return {
        "train_rows": len(data.train),
        "test_rows": len(y),
        "sd": float(y.std()),
        **scores(found, y),
        "fit_seconds": fitted - start,
        "predict_seconds": done - fitted,
        "seconds": done - start,
    }


def _ours(data: Split, seed: int, threads: int, *, preset: str) -> Callable[[], Any]:
    model = MotifRegressor(preset=preset, n_jobs=threads, random_state=seed)
    model.fit(data.train[data.columns], data.train["target"])
    return partial(model.predict_distribution, data.test[data.columns])


if __name__ == "__main__":
    main()
