"""Figure 8: what depth buys. Error against rows for kernel networks with 0, 1 and 2 residual blocks
before their distances.

There are three targets on the cube: rings cos 6(a² + b²), whose distances are those of a radius; a
smooth function with a jump across a circle; a sum of smooth functions of single columns. On the sum
depth has nothing to find, and costs where rows are few. Errors are to the truth, in units of its
standard deviation. The weighted network combines the depths by out-of-fold scores, so that the
wrong one costs little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from motifnet.engine import Matrix
from motifnet.lab._figure import (
    CALM,
    MEASURED,
    THEORY,
    TRAINED,
    Check,
    Facts,
    draw_bars,
    draws,
    files,
    log_axes,
    panels,
    ratio,
)
from motifnet.lab._trials import Errors, Trial, retrained
from motifnet.training import FeatureSettings

NAME, TITLE = "fig8", "What depth buys"
D, NOISE, TEST, DEPTHS = 4, 0.1, 2_000, (0, 1, 2)
CONVEX, WEIGHTED = "convex fit", "weighted"
RINGS, SUM = "rings", "sum of smooth functions"
SETTINGS = FeatureSettings(batch=200)


TARGETS: dict[str, Callable[[Matrix], Matrix]] = {
    RINGS: lambda X: np.cos(6 * (X[:, 0] ** 2 + X[:, 1] ** 2)),
    "jump across a circle": lambda X: (
        np.sin(2 * X[:, 0]) + X[:, 2] * X[:, 3] + 2.0 * (X[:, 0] ** 2 + X[:, 1] ** 2 > 0.5)
    ),
    SUM: lambda X: np.sin(2 * X).sum(1),
}


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    sizes, seeds, depths = (
        ((300, 600), draws(quick, 3), DEPTHS[:2])
        if quick
        else ((300, 700, 1_500), draws(quick, 4), DEPTHS)
    )
    targets = {name: TARGETS[name] for name in (RINGS, SUM)} if quick else TARGETS
    found = {name: _errors(target, sizes, seeds, depths) for name, target in targets.items()}
    with panels(out, NAME, 1, len(targets), legend=True) as axes:
        for axis, (name, errors) in zip(axes[0], found.items(), strict=True):
            _draw(axis, name, sizes, errors)
    values = {
        "rows": sizes,
        **{
            name: {label: e.tolist() for label, e in errors.items()}
            for name, errors in found.items()
        },
    }
    return Facts(
        NAME,
        TITLE,
        quick,
        _sentences(sizes, found),
        tuple(_checks(sizes, found)),
        values,
        files(NAME),
    )


def _errors(
    target: Callable[[Matrix], Matrix],
    sizes: tuple[int, ...],
    seeds: range,
    depths: tuple[int, ...],
) -> Errors:
    """By method."""
    runs = [[_one(target, n, seed, depths) for n in sizes] for seed in seeds]
    return {name: np.array([[run[name] for run in each] for each in runs]) for name in runs[0][0]}


def _one(
    target: Callable[[Matrix], Matrix], n: int, seed: int, depths: tuple[int, ...]
) -> dict[str, float]:
    trial = _trial(target, n, seed)
    found = retrained(trial, [replace(SETTINGS, depth=depth) for depth in depths])
    values = {
        CONVEX: found.convex,
        **dict(zip(map(_label, depths), found.networks, strict=True)),
        WEIGHTED: found.weighted,
    }
    return {
        name: float(np.sqrt(trial.error(predicted)) / trial.truth.std())
        for name, predicted in values.items()
    }


def _trial(target: Callable[[Matrix], Matrix], n: int, seed: int) -> Trial:
    rng = np.random.default_rng(seed)
    X, X_test = rng.uniform(-1, 1, (n, D)), rng.uniform(-1, 1, (TEST, D))
    truth = target(X_test)
    return Trial(X, target(X) + NOISE * truth.std() * rng.normal(size=n), X_test, truth)


def _label(depth: int) -> str:
    return f"L = {depth}"


def _checks(sizes: tuple[int, ...], found: dict[str, Errors]) -> list[Check]:
    """Depth pays on rings and costs on the sum where rows are few; the weights save most of the
    cost.
    """
    flat, deep = _label(0), _label(1)
    few, many = f"{sizes[0]:,} rows", f"{sizes[-1]:,} rows"
    pays, costs = found[RINGS], found[SUM]
    gain = ratio(pays[deep][:, -1], pays[flat][:, -1])
    cost = ratio(costs[deep][:, 0], costs[flat][:, 0])
    spared = ratio(costs[WEIGHTED][:, 0], costs[deep][:, 0])
    return [
        Check.over_seeds(f"{RINGS}, {many}: {deep} / {flat}", gain, None, 0.0, 0.98, 1.0),
        Check.over_seeds(f"{SUM}, {few}: {deep} / {flat}", cost, None, 1.05, np.inf, 1.0),
        Check.over_seeds(f"{SUM}, {few}: weighted / {deep}", spared, None, 0.0, 0.95, 1.0),
    ]


def _sentences(sizes: tuple[int, ...], found: dict[str, Errors]) -> tuple[str, ...]:
    def sentence(name: str, errors: Errors) -> str:
        flat = errors[_label(0)]
        shares = ", ".join(
            f"{label} {ratio(e[:, -1], flat[:, -1]):.2f}"
            for label, e in errors.items()
            if label not in (CONVEX, _label(0))
        )
        return (
            f"{name.capitalize()}, {sizes[-1]:,} rows: error over that of {_label(0)}, ± one "
            f"standard error: {shares}."
        )

    return tuple(sentence(name, errors) for name, errors in found.items())


def _draw(axis: Any, name: str, sizes: tuple[int, ...], errors: Errors) -> None:
    styles = {
        CONVEX: (":", THEORY),
        "L = 0": ("o-", MEASURED),
        "L = 1": ("s-", TRAINED),
        "L = 2": ("^-", CALM),
        WEIGHTED: ("--", "k"),
    }
    for label, (line, colour) in styles.items():
        if label in errors:
            draw_bars(axis, sizes, errors[label], line, color=colour, label=label)
    log_axes(axis, name, "rows", "error to the truth / sd")
