"""Figure 8: what depth buys: error against rows for kernel networks with 0, 1 and 2 residual blocks before their distances.

Three targets on the cube: a composition of folds |a + b| − 1/2, a smooth function with a jump across a circle, and a sum of smooth functions of
single columns, where depth has nothing to find. Errors are to the truth, in units of its standard deviation; the parallel network weighs the three
depths by honest scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from motifnet.lab._draw import CALM, MEASURED, THEORY, TRAINED, files, log_ticks, panels
from motifnet.lab._facts import Check, Facts
from motifnet.retrain import InnerSettings, cross_tune, starts_of
from motifnet.stacking import fit_nnls_stack
from motifnet.tables import Matrix, Sample
from motifnet.teachers import KernelRidge

NAME, TITLE = "fig8", "What depth buys"
D, NOISE, DEPTHS = 4, 0.1, (0, 1, 2)
CONVEX, WEIGHTED = "convex fit", "weighted"
Errors = dict[str, list[float]]


def _fold(a: Matrix, b: Matrix) -> Matrix:
    return np.abs(a + b) - 0.5


TARGETS: dict[str, Callable[[Matrix], Matrix]] = {
    "composition of folds": lambda X: _fold(_fold(X[:, 0], X[:, 1]), _fold(X[:, 2], X[:, 3])),
    "jump across a circle": lambda X: np.sin(2 * X[:, 0]) + X[:, 2] * X[:, 3] + 2.0 * (X[:, 0] ** 2 + X[:, 1] ** 2 > 0.5),
    "sum of smooth functions": lambda X: np.sin(2 * X).sum(1),
}


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    sizes, seeds = ((300, 600), 1) if quick else ((500, 2_000, 8_000), 3)
    settings = InnerSettings(steps=40, batch=300) if quick else InnerSettings()
    found = {name: _errors(target, sizes, seeds, settings) for name, target in TARGETS.items()}
    with panels(out, NAME, 1, len(TARGETS), legend=True) as axes:
        for axis, (name, errors) in zip(axes[0], found.items(), strict=True):
            _draw(axis, name, sizes, errors)
    return Facts(NAME, TITLE, quick, _sentences(sizes, found), tuple(_checks(sizes, found)), {"rows": sizes, **found}, files(NAME))


def _errors(target: Callable[[Matrix], Matrix], sizes: tuple[int, ...], seeds: int, settings: InnerSettings) -> Errors:
    """Mean error over seeds for each size."""
    runs = [[_one(target, n, seed, settings) for seed in range(seeds)] for n in sizes]
    return {name: [float(np.mean([run[name] for run in each])) for each in runs] for name in runs[0][0]}


def _one(target: Callable[[Matrix], Matrix], n: int, seed: int, settings: InnerSettings) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    X, X_test = rng.uniform(-1, 1, (n, D)), rng.uniform(-1, 1, (2_000, D))
    truth, size = target(X_test), target(X_test).std()
    y = target(X) + NOISE * size * rng.normal(size=n)
    sample = Sample.plain(X, ((y - y.mean()) / y.std())[:, None])
    convex = KernelRidge().fit(sample, seed=seed)
    starts = starts_of(convex, settings.profiles)
    tuned = [cross_tune(sample, starts, replace(settings, depth=depth), seed=seed) for depth in DEPTHS]
    values = {CONVEX: convex.predict(X_test), **{_label(L): fitted.predict(X_test) for L, fitted in zip(DEPTHS, tuned, strict=True)}}
    weights = fit_nnls_stack([fitted.oof for fitted in tuned], sample.y, sample.weight, sample.folds).weights
    values[WEIGHTED] = np.asarray(sum(w * values[_label(L)] for w, L in zip(weights, DEPTHS, strict=True)))
    return {name: float(np.sqrt(np.mean((v[:, 0] * y.std() + y.mean() - truth) ** 2)) / size) for name, v in values.items()}


def _label(depth: int) -> str:
    return f"L = {depth}"


def _checks(sizes: tuple[int, ...], found: dict[str, Errors]) -> list[Check]:
    """The parallel network is not worse than the best depth, by more than the noise of its weights."""
    checks = []
    for name, errors in found.items():
        best = min(errors[_label(depth)][-1] for depth in DEPTHS)
        checks.append(Check(f"{name}, {sizes[-1]} rows: weighted / best depth", errors[WEIGHTED][-1] / best, 1.0, 0.0, 1.05))
    return checks


def _sentences(sizes: tuple[int, ...], found: dict[str, Errors]) -> tuple[str, ...]:
    def sentence(name: str, errors: Errors) -> str:
        flat = errors[_label(0)][-1]
        best = min(DEPTHS, key=lambda depth: errors[_label(depth)][-1])
        share = errors[_label(best)][-1] / flat
        gain = "no depth does better than none" if best == 0 else f"{_label(best)} has {share:.2f} times the error of L = 0"
        return f"{name.capitalize()}, {sizes[-1]:,} rows: {gain}; weighed by honest scores {errors[WEIGHTED][-1] / flat:.2f} times."

    return tuple(sentence(name, errors) for name, errors in found.items())


def _draw(axis: Any, name: str, sizes: tuple[int, ...], errors: Errors) -> None:
    styles = {CONVEX: (":", THEORY), "L = 0": ("o-", MEASURED), "L = 1": ("s-", TRAINED), "L = 2": ("^-", CALM), WEIGHTED: ("--", "k")}
    for label, (line, colour) in styles.items():
        axis.plot(sizes, errors[label], line, color=colour, label=label)
    axis.set(title=name, xlabel="rows", ylabel="error to the truth / sd", xscale="log", yscale="log")
    log_ticks(axis)
