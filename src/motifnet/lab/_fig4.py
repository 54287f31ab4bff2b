"""Figure 4: the quotient space shrinks with the number q of points, and the error with it.

A function of q points that does not change under their q! exchanges is one on the quotient [0, 1]^q / S_q, the sorted rows. A grid of K cells a side
has K^q cells of which C(K + q − 1, q) are left, one part in q! as K grows. So n rows are worth up to |G| n (Tahmasebi, Jegelka 2023), and the error
falls by up to |G|^(2β/(2β + q)) ≤ |G|. Sorting itself makes kinks where two points meet, so that not all of it is gained. Kernel ridge regression
on rows as they come and on sorted rows, both tuned on the test rows; our network on both beside it.
"""

from __future__ import annotations

from math import comb, factorial
from pathlib import Path
from typing import Any

import numpy as np

from motifnet.estimators import MotifRegressor
from motifnet.lab._draw import CALM, MEASURED, THEORY, TRAINED, files, log_ticks, panels
from motifnet.lab._facts import Check, Facts
from motifnet.lab._oracle import Trial, best_linear, gaussian
from motifnet.profiling import permutations, smooth_exponent
from motifnet.tables import Matrix

NAME, TITLE = "fig4", "The quotient space shrinks with the number of points, and the error with it"
POINTS, GRIDS, SIZES = (2, 3, 4, 5), (5, 10, 20), (50, 100, 200)
NOISE, TEST, BETA = 0.1, 1_000, 2.0
KERNELS = tuple(gaussian(width) for width in (0.25, 0.5, 1.0, 2.0))
COLOURS = {50: CALM, 100: TRAINED, 200: MEASURED}
Ratios = dict[int, list[float]]


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    seeds, curve_sizes = (6, (50, 100, 200, 400, 800)) if quick else (20, (50, 100, 200, 400, 800, 1_600))
    covered = {q: [_covered(q, K) for K in GRIDS] for q in POINTS[:-1]}
    ratios = {n: [_ratio(q, n, seeds) for q in POINTS] for n in SIZES}
    networks = [_ratio(q, SIZES[-1], 1 if quick else 5, network=True) for q in POINTS]
    plain, invariant = _curves(4, curve_sizes, 2 if quick else 5)
    worth = _worth(curve_sizes, plain, invariant[curve_sizes.index(SIZES[1])]) / SIZES[1]
    with panels(out, NAME, 1, 3) as axes:
        _draw_covered(axes[0, 0], covered)
        _draw_ratios(axes[0, 1], ratios, networks)
        _draw_curves(axes[0, 2], curve_sizes, plain, invariant)
    values = {
        "points": POINTS,
        "cells, quotient / cube": {str(q): v for q, v in covered.items()},
        "error, plain / invariant": {f"{n} rows": v for n, v in ratios.items()} | {f"network, {SIZES[-1]} rows": networks},
        "curves of four points": {"rows": curve_sizes, "plain": plain, "invariant": invariant},
        "rows that 100 invariant rows are worth, over 100": worth if np.isfinite(worth) else None,
    }
    return Facts(NAME, TITLE, quick, _sentences(ratios, networks, worth, curve_sizes), _checks(covered, ratios, networks), values, files(NAME))


def _covered(q: int, K: int) -> float:
    """Cells that the quotient map of S_q leaves of a grid with K cells a side, as a share, counted."""
    grid = np.stack(np.meshgrid(*[(np.arange(K) + 0.5) / K] * q), -1).reshape(-1, q)
    return len(np.unique(_sorted(grid), axis=0)) / K**q


def _sorted(X: Matrix) -> Matrix:
    return permutations([[j] for j in range(X.shape[1])], X.shape[1]).quotient(X)


def _target(X: Matrix) -> Matrix:
    return np.sin(4 * X).sum(1) + 2 * X.prod(1) + X.max(1)


def _trials(q: int, n: int, seed: int) -> tuple[Trial, Trial]:
    """Rows as they come, and sorted."""
    rng = np.random.default_rng(seed)
    X, X_test = rng.random((n, q)), rng.random((TEST, q))
    y, truth = _target(X) + NOISE * rng.normal(size=n), _target(X_test)
    return Trial(X, y, X_test, truth), Trial(_sorted(X), y, _sorted(X_test), truth)


def _error(trial: Trial, network: bool) -> float:
    if not network:
        return trial.error(best_linear(trial, KERNELS))
    return trial.error(MotifRegressor(preset="fast", n_jobs=1).fit(trial.X, trial.y).predict(trial.X_test))


def _ratio(q: int, n: int, seeds: int, *, network: bool = False) -> float:
    """Error of the plain fit over that of the invariant one, each a mean over seeds."""
    errors = np.mean([[_error(trial, network) for trial in _trials(q, n, seed)] for seed in range(seeds)], axis=0)
    return float(errors[0] / errors[1])


def _curves(q: int, sizes: tuple[int, ...], seeds: int) -> tuple[list[float], list[float]]:
    """Errors of both fits for each size."""
    whole = [_trials(q, max(sizes), seed) for seed in range(seeds)]
    errors = [np.mean([[_error(trial.first(n), False) for trial in pair] for pair in whole], axis=0) for n in sizes]
    return [float(e[0]) for e in errors], [float(e[1]) for e in errors]


def _worth(sizes: tuple[int, ...], plain: list[float], error: float) -> float:
    """The rows at which the plain curve reaches an error; infinite where it does not."""
    if error < min(plain):
        return float("inf")
    return float(np.exp(np.interp(-np.log(error), -np.log(plain), np.log(sizes))))


def _checks(covered: dict[int, list[float]], ratios: Ratios, networks: list[float]) -> tuple[Check, ...]:
    counts = [
        Check.near(f"cells left of a grid of {K}^{q}", share, comb(K + q - 1, q) / K**q, 1e-9)
        for q, shares in covered.items()
        for K, share in zip(GRIDS, shares, strict=True)
    ]
    within = [
        Check(f"kernel ridge, plain / invariant, {q} points, {n} rows", r, _factor(q), factorial(q) ** 0.25, 1.3 * factorial(q))
        for n, values in ratios.items()
        for q, r in zip(POINTS, values, strict=True)
    ]
    gains = [
        Check(f"plain / invariant at {n} rows, least growth by a point", float(np.diff(v).min()), 1.0, 0.0, float(factorial(POINTS[-1])))
        for n, v in ratios.items()
    ]
    return (
        *counts,
        *within,
        *gains,
        Check(f"network, plain / invariant, {POINTS[-1]} points", networks[-1], _factor(POINTS[-1]), 1.0, float(factorial(POINTS[-1]))),
    )


def _factor(q: int) -> float:
    """|G|^(2β/(2β + q))."""
    return factorial(q) ** smooth_exponent(BETA, q)


def _sentences(ratios: Ratios, networks: list[float], worth: float, sizes: tuple[int, ...]) -> tuple[str, ...]:
    n, q = SIZES[-1], POINTS[-1]
    rows = f"as many as {100 * worth:,.0f}" if np.isfinite(worth) else f"more than {sizes[-1]:,}"
    return (
        f"With {q} points and {n} rows kernel ridge has {ratios[n][-1]:.1f} times the error on rows as they come of that on sorted rows, the network "
        f"{networks[-1]:.1f} times; {_factor(q):.1f} is the factor |G|^(2β/(2β + q)) of a target with β = {BETA:g}, and |G| = {factorial(q)}.",
        f"Of four points, 100 sorted rows are worth {rows} rows as they come; theory allows up to 100 |G| = {100 * factorial(4):,}.",
    )


def _draw_covered(axis: Any, covered: dict[int, list[float]]) -> None:
    K = np.arange(min(GRIDS), max(GRIDS) + 1)
    for (q, shares), colour in zip(covered.items(), (CALM, TRAINED, MEASURED), strict=True):
        axis.plot(K, [comb(k + q - 1, q) / k**q for k in K], color=THEORY, linewidth=0.9)
        axis.axhline(1 / factorial(q), color=colour, linestyle=":", linewidth=0.9)
        axis.plot(GRIDS, shares, "o", color=colour, label=f"{q} points; dotted: 1/{q}!")
    axis.set(title="a  cells left by the quotient", xlabel="cells a side", ylabel="share of the cells of the cube", yscale="log", ylim=(0.03, 2.5))
    axis.set_xticks(GRIDS)
    axis.legend(loc="upper right")


def _draw_ratios(axis: Any, ratios: Ratios, networks: list[float]) -> None:
    orders = [factorial(q) for q in POINTS]
    axis.fill_between(orders, [g**0.25 for g in orders], orders, color="0.93", zorder=0, label="|G|^¼ to |G|")
    axis.plot(orders, [_factor(q) for q in POINTS], color=THEORY, label=f"|G|^(2β/(2β + q)), β = {BETA:g}")
    for n, values in ratios.items():
        axis.plot(orders, values, "o-", color=COLOURS[n], label=f"kernel ridge, {n} rows")
    axis.plot(orders, networks, "D--", color="k", label=f"network, {SIZES[-1]} rows")
    axis.set(title="b  error of plain / invariant fit", xlabel="size of the group, |G| = q!", ylabel="ratio of errors", xscale="log", yscale="log")
    log_ticks(axis)
    axis.legend(loc="upper left", fontsize=7)


def _draw_curves(axis: Any, sizes: tuple[int, ...], plain: list[float], invariant: list[float]) -> None:
    axis.plot(sizes, plain, "o-", color=MEASURED, label="rows as they come")
    axis.plot(sizes, invariant, "s-", color=TRAINED, label="sorted rows")
    start, error = SIZES[1], invariant[sizes.index(SIZES[1])]
    end = min(_worth(sizes, plain, error), sizes[-1])
    axis.annotate("", (end, error), (start, error), arrowprops={"arrowstyle": "->", "color": THEORY})
    axis.text((start * end) ** 0.5, error, f"{end / start:.1f} times the rows", ha="center", va="bottom", color=THEORY)
    axis.set(title="c  four points, kernel ridge", xlabel="rows", ylabel="mean squared error", xscale="log", yscale="log")
    log_ticks(axis)
    axis.legend(loc="lower left", fontsize=7)
