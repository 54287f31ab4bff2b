"""Cases for the detectors of the profile: tables without a structure, of many kinds and on both
sides of every threshold, and tables with one.

A case takes its kinds in turn. A detector that a fit runs by itself is asked as the profile asks
it, and as a fit does, on fewer rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks._detector_tables import (
    KINDS,
    Array,
    Generator,
    beside,
    framed,
    heavy_noise,
    normal,
    numbers,
    real,
    real_ranks,
    smooth,
    uniform,
    unit,
)
from motifnet.structure import DETECTORS, STRUCTURE, Finding, Rows, as_rows, run_detector
from motifnet.structure._invariance import TRUTH, invariance


@dataclass(frozen=True)
class Answer:
    """Whether the detector raised its alarm, and the number that it gave."""

    alarm: bool
    value: float


@dataclass(frozen=True)
class Case:
    """`run` takes a kind, a table and a generator; an alarm is wanted where `power` is true."""

    detector: str
    name: str
    power: bool
    kinds: tuple[str, ...]
    run: Callable[[str, pd.DataFrame, Generator], Answer]


def _rows(X: pd.DataFrame, y: Array, rng: Generator) -> Rows:
    return as_rows(X, y, classes=False, most=10_000, seed=int(rng.integers(2**31)))


def _profiled(detector: str, rows: Rows) -> Finding:
    return DETECTORS[detector](rows)


def _in_a_fit(detector: str, rows: Rows) -> Finding:
    return run_detector(detector, rows.first(STRUCTURE[detector][1]))


def _answer(found: Finding) -> Answer:
    return Answer(found.found, found.value)


def _null(
    detector: str, sizes: Sequence[int], fit_share: float = 0.0
) -> Callable[[str, pd.DataFrame, Generator], Answer]:
    """An alarm on a table of a kind without that structure."""

    def run(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
        X, y = KINDS[kind].draw(table, int(rng.choice(sizes)), rng)
        ask = _in_a_fit if rng.random() < fit_share else _profiled
        return _answer(ask(detector, _rows(X, y, rng)))

    return run


# columns alone


def _independent(table: pd.DataFrame, n: int, rng: Generator) -> pd.DataFrame:
    return framed(rng.permuted(real(table, n, rng).to_numpy(), axis=0))


def _clusters(table: pd.DataFrame, n: int, rng: Generator) -> pd.DataFrame:
    return framed(
        3 * rng.standard_normal((5, 4))[rng.integers(0, 5, n)] + rng.standard_normal((n, 4))
    )


def _sphere(table: pd.DataFrame, n: int, rng: Generator) -> pd.DataFrame:
    Z = rng.standard_normal((n, 3))
    return framed(
        Z / np.linalg.norm(Z, axis=1)[:, None] @ np.linalg.qr(rng.standard_normal((20, 20)))[0][:3]
    )


def _bent_sheet(table: pd.DataFrame, n: int, rng: Generator) -> pd.DataFrame:
    Z = rng.random((n, 2))
    return framed(np.cos(Z @ (3 * rng.standard_normal((2, 10))) + rng.uniform(0, 2 * np.pi, 10)))


COLUMNS = {
    "real columns made independent": _independent,
    "uniform columns": uniform(6),
    "normal columns": normal,
    "heavy-tailed columns": KINDS["heavy-tailed columns"].columns,
    "correlated columns": KINDS["correlated columns"].columns,
    "columns of levels": KINDS["columns of levels"].columns,
    "clusters": _clusters,
    "sphere of dimension 2 in 20 columns": _sphere,
    "the sphere beside unrelated columns": beside(_sphere),
    "bent sheet of dimension 2 in 10 columns": _bent_sheet,
    "the sheet beside unrelated columns": beside(_bent_sheet),
}


def _thin(sizes: Sequence[int]) -> Callable[[str, pd.DataFrame, Generator], Answer]:
    def run(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
        X = COLUMNS[kind](table, int(rng.choice(sizes)), rng)
        return _answer(_profiled("intrinsic dimension", _rows(X, rng.standard_normal(len(X)), rng)))

    return run


# jumps and noise that grows


def _other(kind: str, X: pd.DataFrame, rng: Generator) -> tuple[pd.DataFrame, Array]:
    """Unrelated columns beside X where the kind says so, and what one of them adds to the
    target.
    """
    if "beside" not in kind:
        return X, np.zeros(len(X))
    both = beside(lambda table, n, rng: X)(X, len(X), rng)
    return both, np.asarray(np.tanh(both["other"]))


def _jump(kind: str, table: pd.DataFrame, rng: Generator, noise: float = 0.3) -> Answer:
    n, d = 2_000, 3 if "along" in kind else 5
    X = rng.random((n, d))
    w = np.eye(d)[0] if "along a column" in kind else rng.standard_normal(d)
    t = (X - 0.5) @ w
    frame, more = _other(kind, framed(X), rng)
    f = (
        np.sin(3 * X[:, 0])
        + X[:, 1] ** 2
        + 2 * noise * (t > np.quantile(t, rng.uniform(0.3, 0.7)))
        + more
    )
    return _answer(_profiled("singularity", _rows(frame, f + noise * rng.standard_normal(n), rng)))


def _doubling(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
    n, X = 1_000, rng.random((1_000, 5))
    frame, more = _other(kind, framed(X), rng)
    e = rng.standard_normal(n) if "heavy" not in kind else heavy_noise(X, rng)
    y = np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + more + 0.2 * (1 + X[:, 2]) * e
    return _answer(_profiled("heteroscedasticity", _rows(frame, y, rng)))


# symmetries


def _symmetric(X: Array) -> Array:
    return np.asarray(np.sin(4 * X).sum(1) + 2 * X.prod(1) + X.max(1))


def _ranked(X: pd.DataFrame) -> Array:
    """Numbers in (0, 1) of the same order in all columns."""
    Z = X.to_numpy()
    return np.asarray((1 + np.tanh(Z)) / 2 if np.abs(Z).max() > 1 else Z)


SLOPED = ("symmetric but for a slope", "symmetric but for a slope, beside unrelated columns")
SYMMETRIC = {
    "three uniform columns": uniform(3),
    "five uniform columns": uniform(5),
    "three real columns as ranks": real_ranks,
    "three normal columns": lambda table, n, rng: normal(table, n, rng, 3),
    "heavy-tailed columns": lambda table, n, rng: (
        KINDS["heavy-tailed columns"].columns(table, n, rng).iloc[:, :3]
    ),
    "heavy-tailed noise": uniform(3),
    "growing noise": uniform(3),
    "beside unrelated columns": uniform(3),
}


def _exchangeable(
    kind: str, table: pd.DataFrame, rng: Generator, slope: float, sizes: Sequence[int]
) -> tuple[Rows, int]:
    """Rows whose target does not change under exchanges of the first q columns, but for slope · x0;
    and q.
    """
    X = SYMMETRIC[kind](table, int(rng.choice(sizes)), rng)
    Z = _ranked(X)
    frame, more = _other(kind, X, rng)
    sd = 0.5 + Z.mean(1) if "growing" in kind else 1.0
    e = heavy_noise(Z, rng) if kind == "heavy-tailed noise" else rng.standard_normal(len(Z))
    return _rows(frame, _symmetric(Z) + slope * Z[:, 0] + more + 0.1 * sd * e, rng), Z.shape[1]


def _contradicted(
    slope: float, sizes: Sequence[int]
) -> Callable[[str, pd.DataFrame, Generator], Answer]:
    """Whether the truth of the group, which is passed, is contradicted."""

    def run(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
        rows, q = _exchangeable(kind, table, rng, slope, sizes)
        found = invariance(rows, {"permutations": [[f"x{j}"] for j in range(q)]})
        p = float(found.details["tests"][0]["p_true"])
        return Answer(p <= TRUTH, p)

    return run


def _moved(found: Finding) -> set[str]:
    return {name for block in found.setting.get("blocks", []) for name in block}


def _broken(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
    """Whether a group is found where there is none; of a slope along x0 those that move x0."""
    n = int(rng.choice((100, 250, 500, 700)))
    if kind in KINDS:
        X, y = KINDS[kind].draw(table, n, rng)
        rows = _rows(X, y, rng)
    elif kind == "ranks of real columns":
        X = real_ranks(table, n, rng)
        rows = _rows(
            X, smooth(numbers(X), rng) + rng.uniform(0.2, 1) * rng.standard_normal(len(X)), rng
        )
    else:
        rows, _ = _exchangeable(
            "three uniform columns"
            if kind == "symmetric but for a slope"
            else "beside unrelated columns",
            table,
            rng,
            1.0,
            (n,),
        )
    found = _in_a_fit("invariance", rows) if rng.random() < 0.5 else _profiled("invariance", rows)
    return Answer(found.found and (kind not in SLOPED or "x0" in _moved(found)), found.value)


def _triangles(n: int, rng: Generator) -> tuple[pd.DataFrame, Array]:
    """Three points in the plane, whose second coordinates are spread otherwise than the first; f is
    the sum of what they do to each other.
    """
    P = rng.random((n, 3, 2)) * [1, 1.5]
    return framed(P.reshape(n, 6)), np.asarray(
        np.exp(-4 * ((P[:, :, None] - P[:, None]) ** 2).sum(-1)).sum((1, 2))
    )


def _found(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
    """Whether the group is found, and no other."""
    n = 500
    X = rng.random((n, 5))
    wanted = {"x0", "x1", "x2"}
    if kind == "S_3":
        frame, f = framed(X[:, :3]), _symmetric(X[:, :3])
    elif kind == "S_3 beside unrelated columns":
        frame, more = _other(kind, framed(X[:, :3]), rng)
        f = _symmetric(X[:, :3]) + more
    elif kind == "S_3 of four like columns":
        frame, f = framed(X[:, :4]), _symmetric(X[:, :3]) + 2 * X[:, 3]
    elif kind == "S_4 of five like columns":
        frame, f, wanted = (
            framed(X),
            _symmetric(X[:, :4]) + 2 * np.sin(4 * X[:, 4]),
            wanted | {"x3"},
        )
    elif kind == "S_4 of five like columns, one without effect":
        frame, f, wanted = framed(X), _symmetric(X[:, :4]), wanted | {"x3"}
    elif kind == "points in the plane beside unrelated columns":
        points, f = _triangles(n, rng)
        frame, more = _other(kind, points, rng)
        f, wanted = f + more / 2, {f"x{j}" for j in range(6)}
    else:
        Z = rng.standard_normal((n, 3))
        frame, more = _other("beside", framed(Z), rng)
        f, wanted = 2 * np.abs(Z[:, 0]) + np.sin(Z[:, 1]) + Z[:, 2] + more, {"x0"}
    rows = _rows(frame, f + 0.1 * rng.standard_normal(n), rng)
    found = _in_a_fit("invariance", rows) if rng.random() < 0.5 else _profiled("invariance", rows)
    return Answer(found.found and _moved(found) == wanted, found.value)


def _forces(n: int, rng: Generator) -> tuple[pd.DataFrame, Array]:
    """Three points in the plane, and what each of them feels of the other two."""
    P = rng.random((n, 3, 2))
    near = np.exp(-8 * ((P[:, :, None] - P[:, None]) ** 2).sum(-1)) * (1 - np.eye(3))
    return framed(P.reshape(n, 6)), np.asarray((near * (1 + P[:, None, :, 0])).sum(2))


def _along(rows: Rows, rng: Generator) -> Finding:
    return _in_a_fit("invariance", rows) if rng.random() < 0.5 else _profiled("invariance", rows)


def _three_targets(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
    """Whether a group is found of three targets that have none."""
    n = int(rng.choice((100, 250, 500, 700)))
    X = framed(rng.random((n, 6)))
    f = np.stack(
        [smooth(X.to_numpy(), rng) if kind == "smooth" else np.zeros(n) for _ in range(3)], axis=1
    )
    found = _along(_rows(X, f + rng.uniform(0.2, 1) * rng.standard_normal((n, 3)), rng), rng)
    return Answer(found.found, found.value)


def _but_for_a_slope(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
    """Whether a slope of one target, with .3 of its sd, keeps the points from being taken for
    exchangeable.
    """
    X, f = _forces(500, rng)
    f = unit(f) + X.to_numpy()[:, [0]] * [1.0, 0.0, 0.0]
    found = _along(_rows(X, f + 0.3 * rng.standard_normal(f.shape), rng), rng)
    return Answer("x0" not in _moved(found), found.value)


def _three_points(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
    """Whether the points, each with its two columns, are found to move the three targets along."""
    X, f = _forces(500, rng)
    found = _along(_rows(X, f + 0.1 * rng.standard_normal(f.shape), rng), rng)
    return Answer(
        found.setting.get("blocks") == [["x0", "x1"], ["x2", "x3"], ["x4", "x5"]], found.value
    )


# width


def _ridge(noise: float) -> Callable[[str, pd.DataFrame, Generator], Answer]:
    def run(kind: str, table: pd.DataFrame, rng: Generator) -> Answer:
        n, d = int(rng.choice((150, 400, 1_000))), 3
        frame, more = _other(kind, framed(rng.random((n, d))), rng)
        Z = numbers(frame)
        f = Z[:, :d] @ rng.standard_normal(d) if "linear" in kind else smooth(Z[:, :d], rng)
        return _answer(
            _profiled(
                "over-parameterisation",
                _rows(frame, f + more + noise * rng.standard_normal(n), rng),
            )
        )

    return run


BROKEN = (*KINDS, "ranks of real columns", *SLOPED)
FOUND = (
    "S_3",
    "S_3 beside unrelated columns",
    "S_3 of four like columns",
    "S_4 of five like columns",
    "S_4 of five like columns, one without effect",
    "points in the plane beside unrelated columns",
    "absolute value beside unrelated columns",
)
EVEN = tuple(name for name in KINDS if name != "growing noise")
CASES = (
    Case(
        "singularity",
        "found, though the target does not jump",
        False,
        tuple(KINDS),
        _null("singularity", (2_000, 2_400), 0.8),
    ),
    Case(
        "heteroscedasticity",
        "found, though the noise has one size",
        False,
        EVEN,
        _null("heteroscedasticity", (80, 300, 300, 600, 2_000)),
    ),
    Case(
        "intrinsic dimension",
        "found, though rows fill their columns",
        False,
        tuple(COLUMNS)[:7],
        _thin((80, 300, 1_000, 2_400)),
    ),
    Case("invariance", "found, though there is none", False, BROKEN, _broken),
    Case(
        "invariance",
        "contradicted, though it holds",
        False,
        tuple(SYMMETRIC),
        _contradicted(0.0, (100, 250, 500, 700)),
    ),
    Case(
        "over-parameterisation",
        "needs a ridge, though there is no noise",
        False,
        ("smooth", "linear"),
        _ridge(0.0),
    ),
    Case(
        "singularity",
        "jump of 2 sd(noise), n = 2,000",
        True,
        (
            "across a plane",
            "along a column",
            "across a plane, beside unrelated columns",
            "along a column, beside unrelated columns",
        ),
        _jump,
    ),
    Case(
        "heteroscedasticity",
        "noise sd doubles across a column, n = 1,000",
        True,
        ("normal noise", "heavy-tailed noise", "beside unrelated columns"),
        _doubling,
    ),
    Case(
        "intrinsic dimension",
        "two dimensions, n = 1,000",
        True,
        tuple(COLUMNS)[7:],
        _thin((1_000,)),
    ),
    *(Case("invariance", f"found: {kind}, n = 500", True, (kind,), _found) for kind in FOUND),
    Case(
        "invariance",
        "contradicted: broken by 0.3 x₀, n = 500",
        True,
        ("three uniform columns", "beside unrelated columns"),
        _contradicted(0.3, (500,)),
    ),
    Case(
        "over-parameterisation",
        "needs a ridge, noise as large as the function",
        True,
        ("smooth", "smooth, beside unrelated columns"),
        _ridge(1.0),
    ),
    # last, for the number of a case is part of its seed
    Case(
        "invariance",
        "found of three targets, though there is none",
        False,
        ("smooth", "noise only"),
        _three_targets,
    ),
    Case(
        "invariance",
        "found: three targets, points in the plane, n = 500",
        True,
        ("points in the plane",),
        _three_points,
    ),
    Case(
        "invariance",
        "not taken: three targets, equivariant but for a slope, n = 500",
        True,
        ("points in the plane",),
        _but_for_a_slope,
    ),
)
