"""Cases for the detectors of the profile: real columns with simulated targets that have no structure, and targets with a known one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from motifnet.profiling import DETECTORS, Finding, Rows, as_rows

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """Whether the detector raised its alarm, and the number that it gave."""

    alarm: bool
    value: float


@dataclass(frozen=True)
class Case:
    """`run` takes a table and a generator; an alarm is wanted where `power` is true."""

    detector: str
    name: str
    power: bool
    run: Callable[[pd.DataFrame, np.random.Generator], Answer]


def _find(detector: str, X: pd.DataFrame | Array, y: Array, rng: np.random.Generator) -> Finding:
    rows = as_rows(X, y, classes=False, most=10_000, seed=int(rng.integers(2**31)))
    return DETECTORS[detector](rows)


def _answer(found: Finding) -> Answer:
    return Answer(bool(found.found), found.value)


def encoded(table: pd.DataFrame, rows: int, rng: np.random.Generator) -> Rows:
    """At most `rows` rows of a table as a fit would see them."""
    X = table.drop(columns="target")
    return as_rows(X, np.arange(len(X), dtype=float), classes=False, most=rows, seed=int(rng.integers(2**31)))


def smooth_target(X: Array, rng: np.random.Generator, waves: int = 50) -> Array:
    """A draw from a Gaussian process of two to five columns, by random waves, with noise of 0.2 to 1 times its sd."""
    columns = rng.choice(X.shape[1], min(X.shape[1], int(rng.integers(2, 6))), replace=False)
    W = rng.standard_normal((len(columns), waves)) / rng.uniform(1.0, 3.0) / np.sqrt(len(columns))
    f = np.cos(X[:, columns] @ W + rng.uniform(0, 2 * np.pi, waves)) @ rng.standard_normal(waves)
    return np.asarray(f / max(f.std(), 1e-12) + rng.uniform(0.2, 1.0) * rng.standard_normal(len(X)))


def _null(detector: str) -> Callable[[pd.DataFrame, np.random.Generator], Answer]:
    def run(table: pd.DataFrame, rng: np.random.Generator) -> Answer:
        rows = encoded(table, 2_000, rng)
        kept = rows.X[:, rows.numeric] if rows.numeric.sum() > 1 else rows.X
        return _answer(_find(detector, kept, smooth_target(kept, rng), rng))

    return run


def _independent(table: pd.DataFrame, rng: np.random.Generator) -> Answer:
    rows = encoded(table, 2_000, rng)
    X = rng.permuted(rows.X[:, rows.numeric], axis=0)
    return _answer(_find("intrinsic dimension", X, X[:, 0], rng))


def _three(table: pd.DataFrame, rng: np.random.Generator, n: int = 500) -> Array:
    """Three real columns as ranks in (0, 1), so that they are distributed alike, and still depend on each other in the order of their rows."""
    rows = encoded(table, n, rng)
    columns = rng.choice(np.flatnonzero(rows.numeric), 3, replace=rows.numeric.sum() < 3)
    Z = rows.X[:, columns] + 1e-6 * rng.standard_normal((rows.n, 3))
    return np.asarray(rankdata(Z, axis=0) / (rows.n + 1))


def _symmetric(X: Array) -> Array:
    return np.asarray(np.sin(4 * X).sum(1) + 2 * X.prod(1) + X.max(1))


def _broken_null(table: pd.DataFrame, rng: np.random.Generator) -> Answer:
    X = _three(table, rng)
    return _answer(_find("invariance", X, smooth_target((X - 0.5) * 12**0.5, rng), rng))


def _invariant(X: Array, slope: float, rng: np.random.Generator) -> Finding:
    return _find("invariance", X, _symmetric(X) + slope * X[:, 0] + 0.1 * rng.standard_normal(len(X)), rng)


def _least_p(found: Finding) -> float:
    """The p-value of the truth of the full permutation group."""
    return min((t["p_true"] for t in found.details.get("tests", []) if t["group"] == "S_3"), default=1.0)


def _true_null(table: pd.DataFrame, rng: np.random.Generator) -> Answer:
    p = _least_p(_invariant(_three(table, rng), 0.0, rng))
    return Answer(p <= 0.05, p)


def _jump(table: pd.DataFrame, rng: np.random.Generator, n: int = 3_000, d: int = 5, noise: float = 0.3) -> Answer:
    X, w = rng.random((n, d)), rng.standard_normal(d)
    t = (X - 0.5) @ w
    f = np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + 2 * noise * (t > np.quantile(t, rng.uniform(0.3, 0.7)))
    return _answer(_find("singularity", X, f + noise * rng.standard_normal(n), rng))


def _sphere(table: pd.DataFrame, rng: np.random.Generator, n: int = 1_000) -> Answer:
    Z = rng.standard_normal((n, 3))
    X = Z / np.linalg.norm(Z, axis=1)[:, None] @ np.linalg.qr(rng.standard_normal((20, 20)))[0][:3]
    return _answer(_find("intrinsic dimension", X, X[:, 0], rng))


def _unbroken(table: pd.DataFrame, rng: np.random.Generator) -> Answer:
    return _answer(_invariant(rng.random((500, 3)), 0.0, rng))


def _break(table: pd.DataFrame, rng: np.random.Generator) -> Answer:
    p = _least_p(_invariant(rng.random((500, 3)), 0.3, rng))
    return Answer(p <= 0.05, p)


def _doubling(table: pd.DataFrame, rng: np.random.Generator, n: int = 2_000, d: int = 5) -> Answer:
    X = rng.random((n, d))
    f = np.sin(3 * X[:, 0]) + X[:, 1] ** 2
    return _answer(_find("heteroscedasticity", X, f + 0.2 * (1 + X[:, 2]) * rng.standard_normal(n), rng))


CASES = (
    Case("singularity", "smooth target on real columns, n = 2,000", False, _null("singularity")),
    Case("heteroscedasticity", "noise of one size on real columns, n = 2,000", False, _null("heteroscedasticity")),
    Case("intrinsic dimension", "real columns made independent, n = 2,000", False, _independent),
    Case("invariance", "found, though the target is not symmetric, n = 500", False, _broken_null),
    Case("invariance", "contradicted, though the target is symmetric, n = 500", False, _true_null),
    Case("singularity", "jump of 2 sd(noise) across a plane, D = 5, n = 3,000", True, _jump),
    Case("heteroscedasticity", "noise sd doubles across a column, n = 2,000", True, _doubling),
    Case("intrinsic dimension", "sphere of dimension 2 in D = 20, n = 1,000", True, _sphere),
    Case("invariance", "S_3 holds and is found, n = 500", True, _unbroken),
    Case("invariance", "S_3 broken by 0.3 x₀ and contradicted, n = 500", True, _break),
)
