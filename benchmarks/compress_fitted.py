"""Fitted models of other libraries, compressed: `mimic(model).compress()` against the model's own
`predict`.

Models: SVR with more than 1,500 support vectors and a Gaussian process on 3,000 rows, both behind a
scaler, and LightGBM with 500 trees. Training rows are at most `--cap` of four fifths of a table, R²
is that on the other fifth, which no fit and no compression sees. Kernel machines carry their rows
to distil on; trees are given those of their fit, and three numbers of units, for the curve. Seconds
are CPU seconds of one thread for 100,000 raw rows, ten times those of 10,000, test rows repeated:
the model and the network in turns, in one process, three times; the ratio is the median of the
three. A row is appended to OUT/compress_fitted/compress_fitted.csv as soon as it is there, and is
not measured again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from benchmarks._compress_fitted_report import report
from benchmarks._kept_rows import append, kept
from benchmarks._tables import arguments, split, version
from motifnet import Network, mimic
from motifnet.compress import Scaled, Task, units_of
from motifnet.compress._distillation import Distillation
from motifnet.engine import Matrix, single_threaded

SETS = ("california", "kin8nm", "cpu_act", "power", "abalone")
TIMED, PART, ROUNDS, TUNED = 100_000, 10, 3, 500
CURVE = (32, 128, 512)
KEY = ["set", "cap", "model", "asked"]


@dataclass(frozen=True)
class Row:
    """One model on one table, compressed to what was asked: "knee", or a number of units.

    size: support vectors, rows or trees of the model; r2, seconds: its own; small_r2,
    small_seconds: of the compressed network; fidelity: R² of the network to the model; ratio:
    seconds / small_seconds; made_in: CPU seconds of `mimic` and `compress`.
    """

    set: str
    cap: int
    model: str
    asked: str
    rows: int
    columns: int
    size: int
    units: int
    r2: float
    small_r2: float
    fidelity: float
    seconds: float
    small_seconds: float
    ratio: float
    made_in: float
    version: str


def main(argv: list[str] | None = None) -> None:
    options = _options(argv)
    folder = options.out / "compress_fitted"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "compress_fitted.csv"
    if options.fresh:
        path.unlink(missing_ok=True)
    torch.set_num_threads(1)
    with single_threaded():
        for name in options.sets:
            for model in options.models:
                done = kept(path, KEY)
                wanted = [a for a in _asked(model) if (name, options.cap, model, a) not in done]
                if wanted:
                    for row in _measured(name, model, wanted, options):
                        append(path, [f.name for f in fields(Row)], astuple(row))
                        print(
                            f"{row.set} {row.model} {row.asked}: {row.units} units, R² "
                            f"{row.r2:.4f} {row.small_r2:.4f}, {row.ratio:.1f}×",
                            flush=True,
                        )
    rows = pd.read_csv(path, dtype={"asked": str})
    text = report(rows[(rows.cap == options.cap) & rows.set.isin(options.sets)])
    (folder / "compress_fitted.md").write_text(text)
    print(text)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = arguments((__doc__ or "").splitlines()[0], SETS)
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="names of models")
    parser.add_argument("--split", type=int, default=0, help="number of the random split")
    return parser.parse_args(argv)


def _asked(model: str) -> list[str]:
    return ["knee"] if model != "LightGBM" else list(map(str, CURVE))


def _measured(name: str, model: str, wanted: list[str], options: argparse.Namespace) -> list[Row]:
    data = split(name, options.data, options.split, options.cap)
    train, test = _numbers(data.train), _numbers(data.test)
    X, T = train.drop(columns="target").to_numpy(), test.drop(columns="target").to_numpy()
    y, t = train["target"].to_numpy(), test["target"].to_numpy()
    mean, sd = y.mean(), y.std()
    fitted = MODELS[model](X, (y - mean) / sd)
    t = (t - mean) / sd
    own, many = fitted.predict(T), np.resize(T, (TIMED // PART, T.shape[1]))
    rows = []
    for asked, small, made_in in (
        _students(mimic(fitted, X), wanted, X) if model == "LightGBM" else _at_knee(fitted, X)
    ):
        seconds, small_seconds, ratio = _in_turns(fitted.predict, small, many)
        values = small(T)[:, 0]
        scores = r2_score(t, own), r2_score(t, values), r2_score(own, values)
        size = (len(X), T.shape[1], _size(fitted), units_of(small.module))
        rows.append(
            Row(
                name,
                options.cap,
                model,
                asked,
                *size,
                *scores,
                seconds,
                small_seconds,
                ratio,
                made_in,
                version(),
            )
        )
    return rows


def _at_knee(fitted: Any, X: Matrix) -> Iterator[tuple[str, Network, float]]:
    start = time.process_time()
    small = mimic(fitted, X).compress()
    yield "knee", small, time.process_time() - start


def _students(
    network: Network, wanted: list[str], X: Matrix
) -> Iterator[tuple[str, Network, float]]:
    """Of each size, with the seconds of that size alone; what `trade_off` goes through."""
    scaled = Scaled.of(Task(network.module, network.d, X))
    work = Distillation.of(scaled.task)
    for asked in wanted:
        start = time.process_time()
        student = work.student(int(asked))[0]
        yield asked, Network(scaled.back(student), network.d), time.process_time() - start


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    return pd.get_dummies(table).astype(np.float64)


def _in_turns(
    one: Callable[[Matrix], Any], other: Callable[[Matrix], Any], X: Matrix
) -> tuple[float, float, float]:
    """CPU seconds of both for all rows, the least of each, and the median of their ratios."""
    pairs = PART * np.array([[_seconds(one, X), _seconds(other, X)] for _ in range(ROUNDS)])
    return (
        float(pairs[:, 0].min()),
        float(pairs[:, 1].min()),
        float(np.median(pairs[:, 0] / pairs[:, 1])),
    )


def _seconds(predict: Callable[[Matrix], Any], X: Matrix) -> float:
    predict(X[:1_000])
    start = time.process_time()
    predict(X)
    return time.process_time() - start


def _machine(X: Matrix, y: Matrix) -> Any:
    return make_pipeline(StandardScaler(), SVR(C=10.0, epsilon=0.01)).fit(X, y)


def _process(X: Matrix, y: Matrix) -> Any:
    """One length scale a column, from the marginal likelihood of 500 rows; with it a fit on all."""
    start = ConstantKernel(1.0) * RBF(np.full(X.shape[1], 3.0), (1e-1, 1e3)) + WhiteKernel(
        0.1, (1e-4, 1e1)
    )
    few = make_pipeline(StandardScaler(), GaussianProcessRegressor(start)).fit(X[:TUNED], y[:TUNED])
    return make_pipeline(
        StandardScaler(), GaussianProcessRegressor(few[-1].kernel_, optimizer=None)
    ).fit(X, y)


def _trees(X: Matrix, y: Matrix) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(
        n_estimators=500, learning_rate=0.05, min_child_samples=5, n_jobs=1, verbose=-1
    ).fit(X, y)


MODELS: dict[str, Callable[[Matrix, Matrix], Any]] = {
    "SVR": _machine,
    "Gaussian process": _process,
    "LightGBM": _trees,
}


def _size(fitted: Any) -> int:
    """Support vectors, rows, or trees."""
    if hasattr(fitted, "booster_"):
        return int(fitted.booster_.num_trees())
    last = fitted[-1]
    return len(last.support_vectors_) if hasattr(last, "support_vectors_") else len(last.X_train_)


if __name__ == "__main__":
    main()
