"""Tables of which nothing can be learned for new rows, and new rows of the same law.

    groups     rows in groups of ten share x and y but for noise: what was seen of a group says all about its other rows, nothing about a new group
    category   the same, but a column of as many levels as groups gives the group away
    time       y wanders, mean reverting within three of its 200 periods, and x tells the period: rows beside it, earlier or later, say all,
               those far before it nothing
    noise      y is noise; numbers, a category with 3 to 2,000 levels, and in every fourth table groups whose effect both give away

Classes are the signs of y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NEW_GROUPS, OF_GROUP = 200, 10
PERIODS, NEW_PERIODS, PERSISTENCE = 200, 45, 0.7
NOISE_ROWS = (60, 6_000)
TABLES = 40
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Rows of a fit with their groups or times, and new rows with their groups."""

    X: pd.DataFrame
    y: Vector
    new_X: pd.DataFrame
    new_y: Vector
    groups: NDArray[np.int64] | None = None
    time: NDArray[np.int64] | None = None
    new_groups: NDArray[np.int64] | None = None


def draw(experiment: str, seed: int, n: int) -> Case:
    """A table of n rows."""
    return MAKERS[experiment](np.random.default_rng([11, seed, n]), seed, n)


def noise_rows(seed: int) -> int:
    """The number of rows of a noise table, from 60 to 6,000 in equal ratios."""
    low, high = NOISE_ROWS
    return round(low * (high / low) ** (seed % TABLES / (TABLES - 1)))


def _groups(rng: np.random.Generator, seed: int, n: int) -> Case:
    g, new, level = _members(rng, n)
    codes = rng.normal(size=(len(level), 6))
    X, new_X = (
        pd.DataFrame(codes[of] + 0.05 * rng.normal(size=(len(of), 6))).add_prefix("x")
        for of in (g, new)
    )
    return Case(
        X, _observed(rng, level[g]), new_X, _observed(rng, level[new]), groups=g, new_groups=new
    )


def _category(rng: np.random.Generator, seed: int, n: int) -> Case:
    g, new, level = _members(rng, n)
    X, new_X = (
        pd.DataFrame(rng.normal(size=(len(of), 2)))
        .add_prefix("x")
        .assign(level=[f"g{i}" for i in of])
        for of in (g, new)
    )
    return Case(
        X, _observed(rng, level[g]), new_X, _observed(rng, level[new]), groups=g, new_groups=new
    )


def _time(rng: np.random.Generator, seed: int, n: int) -> Case:
    level = np.empty(PERIODS + NEW_PERIODS)
    level[0] = rng.normal()
    for t in range(1, len(level)):
        level[t] = PERSISTENCE * level[t - 1] + np.sqrt(1 - PERSISTENCE**2) * rng.normal()
    when = np.arange(n) * PERIODS // n
    new = PERIODS + np.arange(NEW_GROUPS * OF_GROUP) * NEW_PERIODS // (NEW_GROUPS * OF_GROUP)
    X, new_X = (
        pd.DataFrame(rng.normal(size=(len(t), 2))).add_prefix("x").assign(when=t.astype(float))
        for t in (when, new)
    )
    return Case(X, _observed(rng, level[when]), new_X, _observed(rng, level[new]), time=when)


def _noise(rng: np.random.Generator, seed: int, n: int) -> Case:
    total = n + NEW_GROUPS * OF_GROUP
    levels, numbers = (3, 20, 200, 2_000)[seed % 4], int(rng.integers(1, 6))
    X, y, groups = (
        pd.DataFrame(rng.normal(size=(total, numbers))).add_prefix("x"),
        rng.normal(size=total),
        None,
    )
    X["level"] = [f"l{i}" for i in rng.integers(0, levels, total)]
    if seed % 4 == 3:
        groups, new, level = _members(rng, n)
        of = np.concatenate([groups, new])
        X["near"], X["level"] = rng.normal(size=len(level))[of], [f"g{i}" for i in of]
        y = _observed(rng, level[of])
    return Case(X[:n], y[:n], X[n:].reset_index(drop=True), y[n:], groups=groups)


def _members(
    rng: np.random.Generator, n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Vector]:
    """The groups of n rows, those of new rows, and the level of each group."""
    count = n // OF_GROUP
    return (
        np.arange(n) % count,
        count + np.arange(NEW_GROUPS * OF_GROUP) % NEW_GROUPS,
        rng.normal(size=count + NEW_GROUPS),
    )


def _observed(rng: np.random.Generator, level: Vector) -> Vector:
    return level + 0.3 * rng.normal(size=len(level))


MAKERS = {
    "groups": _groups,
    "stream": _groups,
    "compress": _groups,
    "category": _category,
    "time": _time,
    "noise": _noise,
}
