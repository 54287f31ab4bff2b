"""Predictors that are seen through `predict` alone: `mimic(predict, X)` of a forest of 500 trees
and support vectors, averaged.

At most `--cap` rows of four random fifths of a table fit the predictor, and are the X that `mimic`
is given; the other fifth, which neither sees, are the fresh rows on which fidelity, R² of the
network against the predictor, is measured. Small tables have few of either. A row is appended to
OUT/black_box/black_box.csv as soon as it is there, and is not measured again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from benchmarks._kept_rows import append, kept
from benchmarks._tables import arguments, split, version
from motifnet.compress import units_of
from motifnet.engine import Matrix
from motifnet.estimators._black_box import imitate

SETS = ("airfoil", "energy", "abalone", "concrete", "kin8nm")
GOAL = 0.99
KEY = ["set", "cap", "split"]


@dataclass(frozen=True)
class Row:
    """One table. fidelity: R² to the predictor on fresh rows; told: what the certificate says;
    box_r2, r2: of both to y on fresh rows.
    """

    set: str
    cap: int
    split: int
    rows: int
    columns: int
    fresh: int
    fidelity: float
    told: str
    box_r2: float
    r2: float
    units: int
    box_seconds: float
    seconds: float
    made_in: float
    version: str


def main(argv: list[str] | None = None) -> None:
    options = _options(argv)
    folder = options.out / "black_box"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "black_box.csv"
    if options.fresh:
        path.unlink(missing_ok=True)
    torch.set_num_threads(1)
    for name in options.sets:
        if (name, options.cap, options.split) not in kept(path, KEY):
            row = _measured(name, options)
            append(path, [f.name for f in fields(Row)], astuple(row))
            print(f"{name}: fidelity {row.fidelity:.4f}", flush=True)
    rows = pd.read_csv(path)
    text = report(rows[(rows.cap == options.cap) & rows.set.isin(options.sets)])
    (folder / "black_box.md").write_text(text)
    print(text)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = arguments((__doc__ or "").splitlines()[0], SETS)
    parser.add_argument("--split", type=int, default=0, help="number of the random split")
    return parser.parse_args(argv)


def black_box(X: Matrix, y: Matrix) -> Callable[[Matrix], Matrix]:
    """The average of a forest and of support vectors."""
    forest = RandomForestRegressor(500, random_state=0, n_jobs=1).fit(X, y)
    machine = make_pipeline(StandardScaler(), SVR(C=10.0, epsilon=0.05)).fit(X, y)
    return lambda rows: (forest.predict(rows) + machine.predict(rows)) / 2


def _measured(name: str, options: argparse.Namespace) -> Row:
    data = split(name, options.data, options.split, options.cap)
    train, test = (pd.get_dummies(part).astype(np.float64) for part in (data.train, data.test))
    X, T = (part.drop(columns="target").to_numpy() for part in (train, test))
    mean, sd = train["target"].mean(), train["target"].std()
    y, t = ((part["target"].to_numpy() - mean) / sd for part in (train, test))
    predict = black_box(X, y)
    start = time.process_time()
    network = imitate(predict, X, n_jobs=1)
    made_in = time.process_time() - start
    box_values, box_seconds = _timed(predict, T)
    values, seconds = _timed(lambda rows: network(rows)[:, 0], T)
    scores = (
        r2_score(box_values, values),
        str(getattr(network.certificate, "note", "")),
        r2_score(t, box_values),
        r2_score(t, values),
    )
    size = name, options.cap, options.split, len(X), X.shape[1], len(T)
    return Row(*size, *scores, units_of(network.module), box_seconds, seconds, made_in, version())


def _timed(predict: Callable[[Matrix], Matrix], T: Matrix) -> tuple[Matrix, float]:
    """Values, and CPU seconds for 10,000 rows."""
    start = time.process_time()
    predict(np.resize(T, (10_000, T.shape[1])))
    return predict(T), time.process_time() - start


def report(rows: pd.DataFrame) -> str:
    """Markdown."""
    head = "| set | split | rows | columns | fresh rows | fidelity R² | R² of the predictor | R² of the network | s | s of the network | made in s |"
    lines = [head, "| --- |" + " ---: |" * 10]
    for row in rows.itertuples():
        lines.append(
            f"| {row.set} | {row.split} | {row.rows:,} | {row.columns} | {row.fresh:,} | "
            f"{row.fidelity:.4f} | {row.box_r2:.4f} | {row.r2:.4f} | "
            f"{row.box_seconds:.2f} | {row.seconds:.2f} | {row.made_in:.0f} |"
        )
    text = "A forest of 500 trees and SVR, averaged, seen through `predict`. R² on fresh rows; CPU seconds of one thread for 10,000 rows."
    verdict = f"Fidelity at least {GOAL:g} on **{(rows.fidelity >= GOAL).sum()} of {len(rows)}**; least {rows.fidelity.min():.4f}."
    return "\n".join(["# Black box", "", text, "", *lines, "", verdict, ""])


if __name__ == "__main__":
    main()
