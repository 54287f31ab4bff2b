"""Tables of the kinds that users bring, of known law: one function a kind, from a generator and a
number of rows to columns and target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rng = np.random.Generator
Drawn = tuple[pd.DataFrame, NDArray[Any]]
FIXED = 5  # seed of what belongs to a law, such as the effects of levels


@dataclass(frozen=True)
class Archetype:
    """A law, its number of training rows, and whether its target is a class. `beyond`: new rows lie
    beyond those of the fit.
    """

    draw: Callable[[Rng, int], Drawn]
    n: int
    classes: bool = False
    beyond: bool = False


def _numbers(X: NDArray[np.float64], prefix: str = "x") -> pd.DataFrame:
    return pd.DataFrame(X).add_prefix(prefix)


def _wave(X: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2])


def _chance(rng: Rng, score: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(rng.random(len(score)) < 1 / (1 + np.exp(-score)))


def _levels(rng: Rng, n: int) -> Drawn:
    effect = np.random.default_rng(FIXED).normal(size=500)
    level = rng.integers(0, 500, n)
    return pd.DataFrame({"shop": [f"s{i}" for i in level]}), effect[level] + rng.normal(size=n)


def _rare(rng: Rng, n: int) -> Drawn:
    X = rng.normal(size=(n, 5))
    return _numbers(X), _chance(rng, 1.2 * X[:, 0] + np.abs(X[:, 1]) - 6.2)


def _counts(rng: Rng, n: int) -> Drawn:
    X = rng.uniform(-1, 1, (n, 4))
    return _numbers(X), np.where(rng.random(n) < 0.6, 0, rng.poisson(np.exp(1 + _wave(X)))).astype(
        float
    )


def _lognormal(rng: Rng, n: int) -> Drawn:
    X = rng.uniform(-1, 1, (n, 4))
    return _numbers(X), np.exp(1.5 * _wave(X) + 0.5 * rng.normal(size=n))


def _outliers(rng: Rng, n: int) -> Drawn:
    X = rng.uniform(-1, 1, (n, 4))
    return _numbers(X), _wave(X) + 0.2 * rng.standard_t(2.2, n)


def _linear(rng: Rng, n: int) -> Drawn:
    X = rng.normal(size=(n, 50))
    return _numbers(X), X @ np.random.default_rng(FIXED).normal(size=50) / 7 + rng.normal(size=n)


def _thirty(rng: Rng, n: int) -> Drawn:
    X = rng.normal(size=(n, 3))
    return _numbers(X), X @ [1.0, 0.5, 0.0] + 0.3 * rng.normal(size=n)


def _wide(rng: Rng, n: int) -> Drawn:
    X = rng.normal(size=(n, 200))
    return _numbers(X), np.sin(2 * X[:, 7]) + X[:, 100] + 0.3 * rng.normal(size=n)


def _xor(rng: Rng, n: int) -> Drawn:
    bits = rng.integers(0, 2, (n, 6))
    return _numbers(bits.astype(float), "bit"), (
        bits[:, 0] ^ bits[:, 1] ^ bits[:, 2]
    ) + 0.3 * rng.normal(size=n)


def _ordinal(rng: Rng, n: int) -> Drawn:
    marks = rng.integers(1, 6, (n, 4))
    return _numbers(marks.astype(float), "mark"), np.minimum(
        marks[:, 0], marks[:, 1]
    ) + 0.3 * marks[:, 2] + rng.normal(size=n)


def _unbalanced(rng: Rng, n: int) -> Drawn:
    X = rng.normal(size=(n, 4))
    scores = np.stack(
        [np.full(n, 3.0), 1.5 * X[:, 0] + X[:, 1] ** 2 - 0.5, 1.5 * X[:, 2]]
    ) + rng.gumbel(size=(3, n))
    return _numbers(X), np.array(["usual", "seldom", "rare"])[scores.argmax(0)]


def _missing(rng: Rng, n: int) -> Drawn:
    X = rng.normal(size=(n, 4))
    gone = rng.random(n) < 0.3
    y = X[:, 0] + np.sin(2 * X[:, 1]) + 1.5 * gone + 0.3 * rng.normal(size=n)
    X[gone, 0] = np.nan
    return _numbers(X), y


def _ids(rng: Rng, n: int) -> Drawn:
    X = rng.uniform(-1, 1, (n, 3))
    table = _numbers(X)
    table.insert(0, "customer", [f"C{i:07d}" for i in rng.permutation(10**7)[:n]])
    return table, _wave(X) + 0.2 * rng.normal(size=n)


def _daily(rng: Rng, n: int) -> Drawn:
    minutes = rng.integers(0, 365 * 24 * 60, n)
    hour, x = minutes / 60 % 24, rng.normal(size=n)
    when = pd.Timestamp("2025-01-01") + pd.to_timedelta(minutes, unit="min")
    return pd.DataFrame({"when": when, "x": x}), np.sin(
        2 * np.pi * hour / 24
    ) + 0.5 * x + 0.3 * rng.normal(size=n)


def _trend(rng: Rng, n: int) -> Drawn:
    t, x = np.sort(rng.uniform(0, 1, n)), rng.uniform(0, 1, n)
    return pd.DataFrame({"t": t, "x": x}), 10 * t + np.sin(6 * x) + 0.3 * rng.normal(size=n)


def _additive(rng: Rng, n: int) -> Drawn:
    X = rng.uniform(-1, 1, (n, 8))
    return _numbers(X), np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + np.exp(X[:, 2]) + X[
        :, 3
    ] + 0.3 * rng.normal(size=n)


def _mixed(rng: Rng, n: int) -> Drawn:
    kind, X = rng.integers(0, 5, n), rng.uniform(-1, 1, (n, 3))
    slope = np.array([-1.0, -0.5, 0.0, 1.0, 2.0])[kind]
    table = _numbers(X)
    table["kind"] = np.array(["a", "b", "c", "d", "e"])[kind]
    return table, slope * X[:, 0] + np.sin(3 * X[:, 1]) + 0.3 * rng.normal(size=n)


ARCHETYPES = {
    "500 levels alone": Archetype(_levels, 5_000),
    "1 % events": Archetype(_rare, 5_000, classes=True),
    "zero-heavy counts": Archetype(_counts, 2_000),
    "lognormal": Archetype(_lognormal, 1_000),
    "outliers": Archetype(_outliers, 1_000),
    "linear, p = 50": Archetype(_linear, 200),
    "30 rows": Archetype(_thirty, 30),
    "2 of 200 columns": Archetype(_wide, 500),
    "xor of bits": Archetype(_xor, 1_000),
    "ordinal, equal rows": Archetype(_ordinal, 1_500),
    "unbalanced classes": Archetype(_unbalanced, 2_000, classes=True),
    "missing that tells": Archetype(_missing, 2_000),
    "unique ids": Archetype(_ids, 1_000),
    "daily cycle": Archetype(_daily, 2_000),
    "trend beyond": Archetype(_trend, 1_000, beyond=True),
    "additive": Archetype(_additive, 1_000),
    "slope by category": Archetype(_mixed, 1_500),
}
