"""Rows and targets that estimators of other libraries are fitted on, and what a case of them is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401

N, D = 160, 4
_RNG, _RNG_COUNTS = np.random.default_rng(0), np.random.default_rng(1)
X = np.round(np.clip(_RNG.normal(size=(N, D)), -3, 3), 6)
X[:, 3] = _RNG.integers(0, 3, N)
POSITIVE = np.abs(X) + 0.1
GAPS = np.where(_RNG.random((N, D)) < 0.1, np.nan, X)
VALUE = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 3] + 0.1 * _RNG.normal(size=N)
COUNTS = _RNG_COUNTS.integers(0, 4, (N, D)).astype(float)
GRID = np.round(X)  # rows as far as one another, and equal ones
COUNT = np.round(np.exp(0.5 * X[:, 0] + 0.2 * X[:, 3])).astype(float)
TWO = np.array(["no", "yes"])[(VALUE > 0.2).astype(int)]
THREE = np.array(["a", "b", "c"])[np.digitize(VALUE, [-0.3, 0.8])]
SEVERAL = np.column_stack([VALUE, np.cos(X[:, 2])])
FRAME = pd.DataFrame(X, columns=list("abcd")).assign(
    colour=_RNG.choice(
        np.array(["red", "green", "blue", "rare"], dtype=object), N, p=[0.4, 0.3, 0.25, 0.05]
    ),
    size=_RNG.choice(np.array(["s", "m"]), N),
)
LEVELS = FRAME[["colour", "size"]]
HOLES = LEVELS.mask(np.random.default_rng(0).random(LEVELS.shape) < 0.1)
CATEGORIES = FRAME.astype({"colour": "category", "size": "category"})
LEVEL_VALUE = VALUE + 2.0 * (FRAME["colour"] == "red") - (FRAME["size"] == "s") * X[:, 1]


@dataclass(frozen=True)
class Case:
    """An estimator, the rows and targets that it is fitted on, and the traits of its network."""

    make: Callable[[], Any]
    X: Any = None
    y: Any = None
    smooth: bool = True
    tolerance: float = 1e-10
    library: str = "scikit-learn"
    method: str | None = None

    def rows(self) -> Any:
        return X if self.X is None else self.X


def value(make: Callable[[], Any], **traits: Any) -> Case:
    return Case(make, y=VALUE, **traits)


def two(make: Callable[[], Any], **traits: Any) -> Case:
    return Case(make, y=TWO, **traits)


def three(make: Callable[[], Any], **traits: Any) -> Case:
    return Case(make, y=THREE, **traits)


def columns(make: Callable[[], Any], **traits: Any) -> Case:
    return Case(make, **{"y": VALUE, **traits})
