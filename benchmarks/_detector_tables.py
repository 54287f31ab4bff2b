"""Columns, targets and noise of simulated tables for the detectors.

Columns are real ones or drawn; a target f is computed from the columns as an array; noise may be
heavy-tailed or grow along the first column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from motifnet.structure import as_rows

Array = NDArray[np.float64]
Generator = np.random.Generator
WAVES, HEAVY = 50, 3  # random waves of a smooth function; degrees of freedom of heavy tails


@dataclass(frozen=True)
class Kind:
    """A sort of table: `columns` takes a real table, n and a generator; `target` makes f of the
    columns as numbers; `noise` draws its noise.
    """

    name: str
    columns: Callable[[pd.DataFrame, int, Generator], pd.DataFrame]
    target: Callable[[Array, Generator], Array]
    noise: Callable[[Array, Generator], Array]

    def draw(self, table: pd.DataFrame, n: int, rng: Generator) -> tuple[pd.DataFrame, Array]:
        """X and y, with noise of 0.2 to 1 times the sd of f."""
        X = self.columns(table, n, rng)
        Z = numbers(X)
        return X, self.target(Z, rng) + rng.uniform(0.2, 1.0) * self.noise(Z, rng)


def numbers(X: pd.DataFrame) -> Array:
    """The columns as standardised numbers; a level counts as its place in the order of levels."""
    Z = np.column_stack(
        [
            X[c] if pd.api.types.is_numeric_dtype(X[c]) else pd.factorize(X[c], sort=True)[0]
            for c in X
        ]
    ).astype(float)
    return np.asarray((Z - Z.mean(0)) / np.maximum(Z.std(0), 1e-12))


def framed(X: Array) -> pd.DataFrame:
    """An array as a data frame with columns x0, x1, …"""
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])


def real(table: pd.DataFrame, n: int, rng: Generator) -> pd.DataFrame:
    """The numeric columns of a real table, at most six of them, on at most n rows."""
    rows = as_rows(
        table.drop(columns="target"),
        np.arange(len(table), dtype=float),
        classes=False,
        most=n,
        seed=int(rng.integers(2**31)),
    )
    columns = np.flatnonzero(rows.numeric) if rows.numeric.sum() > 1 else np.arange(rows.d)
    return framed(rows.X[:, rng.permutation(columns)[:6]])


def real_ranks(table: pd.DataFrame, n: int, rng: Generator) -> pd.DataFrame:
    """Three real columns as ranks in (0, 1): distributed alike, and dependent as they were."""
    Z = numbers(real(table, n, rng))
    Z = Z[:, rng.choice(Z.shape[1], 3, replace=Z.shape[1] < 3)] + 1e-6 * rng.standard_normal(
        (len(Z), 3)
    )
    return framed(rankdata(Z, axis=0) / (len(Z) + 1))


def uniform(d: int) -> Callable[[pd.DataFrame, int, Generator], pd.DataFrame]:
    """d independent uniform columns."""
    return lambda table, n, rng: framed(rng.random((n, d)))


def normal(table: pd.DataFrame, n: int, rng: Generator, d: int = 4) -> pd.DataFrame:
    """Independent normal columns."""
    return framed(rng.standard_normal((n, d)))


def heavy(table: pd.DataFrame, n: int, rng: Generator, d: int = 4) -> pd.DataFrame:
    """Independent columns with heavy tails."""
    return framed(rng.standard_t(HEAVY, (n, d)))


def correlated(table: pd.DataFrame, n: int, rng: Generator) -> pd.DataFrame:
    """Four normal columns, of which the first two are correlated by 0.9."""
    X = rng.standard_normal((n, 4))
    X[:, 1] = 0.9 * X[:, 0] + np.sqrt(1 - 0.9**2) * X[:, 1]
    return framed(X)


def with_levels(table: pd.DataFrame, n: int, rng: Generator) -> pd.DataFrame:
    """Three uniform columns, one of three levels and one of seven whole numbers."""
    X = framed(rng.random((n, 3)))
    return X.assign(town=rng.choice(["a", "b", "c"], n), grade=rng.integers(0, 7, n))


def beside(
    columns: Callable[[pd.DataFrame, int, Generator], pd.DataFrame],
) -> Callable[[pd.DataFrame, int, Generator], pd.DataFrame]:
    """The columns with an unrelated one of another distribution and one of levels behind them."""

    def run(table: pd.DataFrame, n: int, rng: Generator) -> pd.DataFrame:
        X = columns(table, n, rng)
        return X.assign(
            other=rng.exponential(size=len(X)), town=rng.choice(["a", "b", "c"], len(X))
        )

    return run


def smooth(Z: Array, rng: Generator) -> Array:
    """A draw from a Gaussian process of two to five of the columns, by random waves, with sd 1."""
    columns = rng.choice(Z.shape[1], min(Z.shape[1], int(rng.integers(2, 6))), replace=False)
    W = rng.standard_normal((len(columns), WAVES)) / rng.uniform(1.0, 3.0) / np.sqrt(len(columns))
    return unit(
        np.cos(Z[:, columns] @ W + rng.uniform(0, 2 * np.pi, WAVES)) @ rng.standard_normal(WAVES)
    )


def nothing(Z: Array, rng: Generator) -> Array:
    """No function at all."""
    return np.zeros(len(Z))


def linear(Z: Array, rng: Generator) -> Array:
    """A linear function of all columns."""
    return unit(Z @ rng.standard_normal(Z.shape[1]))


def kinked(Z: Array, rng: Generator) -> Array:
    """The largest of three planes, and a kink along a column: continuous, not smooth."""
    return unit((Z @ rng.standard_normal((Z.shape[1], 3))).max(1) + np.abs(Z[:, 0] - 0.3))


def even_noise(Z: Array, rng: Generator) -> Array:
    """Normal noise of one size."""
    return rng.standard_normal(len(Z))


def heavy_noise(Z: Array, rng: Generator) -> Array:
    """Noise with heavy tails."""
    return np.asarray(rng.standard_t(HEAVY, len(Z)) / HEAVY**0.5)


def growing_noise(Z: Array, rng: Generator) -> Array:
    """Normal noise of which the sd triples along the first column."""
    return np.asarray((0.5 + rankdata(Z[:, 0]) / len(Z)) * rng.standard_normal(len(Z)))


def unit(f: Array) -> Array:
    """f in units of its sd."""
    return np.asarray(f / max(f.std(), 1e-12))


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("smooth, real columns", real, smooth, even_noise),
        Kind("smooth, normal columns", normal, smooth, even_noise),
        Kind("linear", uniform(4), linear, even_noise),
        Kind("kinks", uniform(3), kinked, even_noise),
        Kind("noise only", uniform(4), nothing, even_noise),
        Kind("heavy-tailed noise", normal, smooth, heavy_noise),
        Kind("heavy-tailed columns", heavy, smooth, even_noise),
        Kind("correlated columns", correlated, smooth, even_noise),
        Kind("columns of levels", with_levels, smooth, even_noise),
        Kind("growing noise", uniform(4), smooth, growing_noise),
    )
}
