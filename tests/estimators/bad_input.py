"""Tables, fits, networks and files that cases of bad input are about, and what a case is."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.svm import SVR

from motifnet import MotifClassifier, MotifRegressor, Network, mimic, profile
from motifnet.compare import compare
from motifnet.engine import MotifnetError

N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
Y = X[:, 0] + X[:, 1] ** 2 + 0.1 * RNG.normal(size=N)
FRAME = pd.DataFrame(X, columns=list("abc"))
MIXED = FRAME.assign(
    town=np.where(Y > 1, "Bern", "Chur"),
    day=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N), unit="D"),
    flag=Y > 0,
)
LABELS = np.where(Y > 1, "hi", "lo")
LARGE = pd.concat([FRAME.assign(y=Y)] * 2, ignore_index=True).assign(a=RNG.normal(size=2 * N))
HALF = np.arange(N) % 2 == 0


def regressor(**settings: Any) -> MotifRegressor:
    return MotifRegressor(preset="fast", n_jobs=1, **settings)


@cache
def fitted() -> MotifRegressor:
    return regressor().fit(MIXED, Y)


@cache
def classifier() -> MotifClassifier:
    return MotifClassifier(preset="fast", n_jobs=1).fit(FRAME, LABELS)


@cache
def svr() -> SVR:
    return SVR().fit(X, Y)


@cache
def network() -> Network:
    return mimic(svr(), X)


def fit(X: Any = X, y: Any = Y, settings: dict[str, Any] | None = None, **beside: Any) -> Any:
    """Predictions of a fit for its own rows."""
    return regressor(**(settings or {})).fit(X, y, **beside).predict(X)


def classify(y: Any, X: Any = X, **beside: Any) -> Any:
    return MotifClassifier(preset="fast", n_jobs=1).fit(X, y, **beside).predict_proba(X)


def put(value: Any, X: Any = X, row: int = 3, column: int = 1) -> Any:
    changed = np.array(X, dtype=np.result_type(X, value) if not isinstance(value, str) else object)
    changed[row, column] = value
    return changed


def predict(**changed: Any) -> Any:
    return fitted().predict(MIXED.assign(**changed))


def compared(table: Any = LARGE, target: Any = "y", **settings: Any) -> Any:
    return compare(
        table, target, **{"task": "regression", "methods": ["forest"], "splits": 1, **settings}
    )


def objects(*values: Any) -> pd.DataFrame:
    return FRAME.assign(p=pd.Series((list(values) * N)[:N], dtype=object))


class Stubborn:
    """An object that breaks when it is to become an array."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("no array for you")


def graded() -> torch.Tensor:
    return torch.tensor(X, requires_grad=True)


Refused = tuple[Callable[[], Any], type[MotifnetError], str]
Mended = tuple[Callable[[], Any], str | None]


GRID = np.arange(3.0)
ENDS = np.sign(X) * 1.7e308
FEW = 1_200


def lay_out(folder: Path) -> None:
    """The files that cases name."""
    (folder / "file").write_text("x\n")
    for name in ("dir", "dir.onnx", "dir.html", "dir.py"):
        (folder / name).mkdir()
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "a": rng.normal(size=FEW),
            "town": rng.choice(["Bern", "Chur"], FEW),
            "y": rng.normal(size=FEW),
        }
    )
    rows.to_csv(folder / "rows.csv", index=False)
    rows[:50].to_csv(folder / "few.csv", index=False)
    (folder / "twice.csv").write_text("a,a,y\n1,2,3\n")


def stream(
    path: Any = "rows.csv", target: Any = "y", settings: dict[str, Any] | None = None, **beside: Any
) -> MotifRegressor:
    return regressor(**(settings or {})).fit_stream(
        path, target, **{"landmarks": 20, "subsample": True, **beside}
    )


@cache
def compressed() -> MotifRegressor:
    return fitted().compress(max_units=4)


@cache
def quantiles() -> MotifRegressor:
    return regressor(objective="pinball").fit(X, Y)


@cache
def updated() -> Network:
    return network().update(X[:20], Y[:20], ridge=1.0)


def imitation(
    X: Any = LARGE, answer: Any = lambda rows: np.ones(len(rows)), **settings: Any
) -> Network:
    return mimic(answer, X, **settings)


def named(symmetry: Any) -> Any:
    return profile(LARGE.drop(columns="y"), LARGE.y, symmetry=symmetry)
