"""Synthetic tables with one known structure each, and for jumps how far the reported boundary is
from the true one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.structure import Finding

Array = NDArray[np.float64]
Drawn = tuple[Array, Array]
NOISE = 0.1


@dataclass(frozen=True)
class Structured:
    """`draw(rng, n)`: X with shape (n, d) and f(X), with shape (n,) or (n, q); `height`: the last
    column at which f jumps, of the first; `wanted`: the ratio.
    """

    name: str
    wanted: float
    draw: Callable[[np.random.Generator, int], Drawn]
    height: Callable[[Array], Array] | None = None


def _level(a: Array) -> Array:
    return np.full_like(a, 0.4)


def _wave(a: Array) -> Array:
    return 0.5 + 0.2 * np.sin(2 * np.pi * a)


def _axis(rng: np.random.Generator, n: int) -> Drawn:
    X = rng.random((n, 4))
    return X, np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.8 * (X[:, 3] > 0.4)


def _curved(rng: np.random.Generator, n: int) -> Drawn:
    X = rng.random((n, 2))
    return X, (X[:, 1] > _wave(X[:, 0])) + 0.3 * X[:, 1] * np.cos(3 * X[:, 0])


def _sphere(rng: np.random.Generator, n: int) -> Drawn:
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((50, 3)))[0].T
    Z = rng.standard_normal((n, 3))
    Z /= np.linalg.norm(Z, axis=1)[:, None]
    return Z @ axes, np.sin(4 * Z[:, 0]) * np.cos(3 * Z[:, 1]) + Z[:, 2]


def _plane(rng: np.random.Generator, n: int) -> Drawn:
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((50, 2)))[0].T
    Z = rng.uniform(-1, 1, (n, 2))
    return Z @ axes, np.sin(4 * Z[:, 0]) * np.cos(3 * Z[:, 1]) + Z[:, 0]


def _symmetric(rng: np.random.Generator, n: int) -> Drawn:
    X = rng.random((n, 4))
    return X, np.sin(4 * X).sum(1) + 2 * X.prod(1) + X.max(1)


def _equivariant(rng: np.random.Generator, n: int) -> Drawn:
    X = rng.random((n, 4))
    others = [np.delete(X, j, axis=1) for j in range(4)]
    return X, np.stack(
        [
            np.sin(4 * X[:, j]) + 2 * rest.prod(1) + X[:, j] * rest.max(1)
            for j, rest in enumerate(others)
        ],
        axis=1,
    )


def _forces(rng: np.random.Generator, n: int) -> Drawn:
    """What each of three points in the plane feels of the other two."""
    P = rng.random((n, 3, 2))
    near = np.exp(-8 * ((P[:, :, None] - P[:, None]) ** 2).sum(-1))
    return P.reshape(n, 6), (near * (1 + P[:, None, :, 0])).sum(2) - near[:, range(3), range(3)] * (
        1 + P[:, :, 0]
    )


def _cloud(rng: np.random.Generator, n: int) -> Drawn:
    """The energy of four points in the plane."""
    P = rng.random((n, 4, 2))
    near = np.exp(-8 * ((P[:, :, None] - P[:, None]) ** 2).sum(-1))
    return P.reshape(n, 8), near.sum((1, 2)) / 2 + P[:, :, 0].max(1)


def _ring(rng: np.random.Generator, n: int) -> Drawn:
    """Each of four targets tells its column and the next."""
    X = rng.random((n, 4))
    return X, np.sin(5 * X) + 2 * X * np.roll(X, -1, axis=1)


STRUCTURED = (
    Structured("A-i, jump along a column", 1.0, _axis, _level),
    Structured("A-i, curved jump", 1.0, _curved, _wave),
    Structured("A-ii, plane in 50 columns", 0.9, _plane),
    Structured("A-ii, sphere in 50 columns", 0.9, _sphere),
    Structured("A-iii, S_4", 0.5, _symmetric),
    Structured("A-iii, S_4 of points in the plane", 0.7, _cloud),
    Structured("A-iii, four targets, S_4", 0.7, _equivariant),
    Structured("A-iii, four targets, shifts", 0.7, _ring),
    Structured("A-iii, three targets, points in the plane", 0.7, _forces),
)


def boundary_distance(case: Structured, X: Array, found: Finding) -> float:
    """Median distance of the reported boundary from the true one along the last column; NaN where
    none is reported.
    """
    if case.height is None or not found.found:
        return float("nan")
    details, grid, distances = found.details, np.linspace(0, 1, 1_001), []
    for a in np.linspace(0.02, 0.98, 97):
        values = {f"x{j}": np.full_like(grid, 0.5) for j in range(X.shape[1])} | {
            "x0": np.full_like(grid, a),
            f"x{X.shape[1] - 1}": grid,
        }
        if "weights" in details:
            z = {
                name: (v - X[:, int(name[1:])].mean()) / X[:, int(name[1:])].std()
                for name, v in values.items()
            }
            t = sum(w["weight"] * z[w["column"]] ** w["power"] for w in details["weights"])
        else:
            t = values[details["columns"][0]]
        crossings = grid[np.flatnonzero(np.diff(np.sign(t - details["threshold"])))]
        distances.append(np.abs(crossings - case.height(np.array([a]))).min(initial=1))
    return float(np.median(distances))
