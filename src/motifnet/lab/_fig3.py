"""Figure 3: rows that lie on a thin set: the error falls at the rate of the set's dimension d, whatever the number D of columns.

Rows are uniform on a sphere of dimension d in a random subspace of R^D, and the function has smoothness β = 1 on it, so that no estimator learns
faster than n^(−2β/(2β + d)) for all such functions. Kernel ridge regression is tuned on the test rows; our network is fitted as it comes, without
being told of the set. With D free columns in place of the set theory would let the error fall like n^(−2β/(2β + D)), which is next to not at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from motifnet.estimators import MotifRegressor
from motifnet.lab._draw import CALM, MEASURED, THEORY, TRAINED, files, log_ticks, panels
from motifnet.lab._facts import Check, Facts
from motifnet.lab._fields import field, sphere
from motifnet.lab._oracle import Trial, best_linear, laplace, slope
from motifnet.profiling import smooth_exponent

NAME, TITLE = "fig3", "Rows on a thin set: the error falls at the rate of its dimension"
BETA, NOISE, TEST = 1.0, 0.45, 1_000
NEAR = 0.2  # how far a slope over hundreds of rows may be from the rate: exponents are those of large n
DIMENSIONS, COLUMNS = (1, 2, 4), (10, 50)
KERNELS = (laplace(0.3), laplace(1.0), laplace(4.0))
KERNEL, NETWORK = "kernel ridge", "network"
COLOURS = {1: CALM, 2: TRAINED, 4: MEASURED}
Case = tuple[int, int]
Errors = dict[str, dict[Case, list[float]]]


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    sizes, seeds = ((125, 350, 1_000), 2) if quick else ((125, 250, 500, 1_000, 2_000), 5)
    cases = [(d, D) for d in DIMENSIONS for D in COLUMNS]
    errors: Errors = {
        KERNEL: {case: _errors(*case, sizes, seeds, _kernel) for case in cases},
        NETWORK: {case: _errors(*case, sizes, 1 if quick else seeds, _network) for case in cases},
    }
    slopes = {name: {case: slope(sizes, e) for case, e in found.items()} for name, found in errors.items()}
    with panels(out, NAME, 1, 3) as axes:
        for axis, letter, name in zip(axes[0], "ab", errors, strict=False):
            _draw_errors(axis, f"{letter}  {name}", sizes, errors[name])
        _draw_slopes(axes[0, 2], slopes)
    values = {"rows": sizes} | {name: {_label(case): e for case, e in found.items()} for name, found in errors.items()}
    exponents = {f"exponents, {name}": {_label(case): r for case, r in found.items()} for name, found in slopes.items()}
    return Facts(NAME, TITLE, quick, _sentences(slopes), _checks(slopes), values | exponents, files(NAME))


def _errors(d: int, D: int, sizes: tuple[int, ...], seeds: int, predicted: Any) -> list[float]:
    """Mean error over seeds for each size."""
    trials = [_trial(d, D, max(sizes), seed) for seed in range(seeds)]
    return [float(np.mean([trial.error(predicted(trial.first(n))) for trial in trials])) for n in sizes]


def _trial(d: int, D: int, n: int, seed: int) -> Trial:
    """The same points, function and noise for every D."""
    rng = np.random.default_rng(seed)
    Z, noise = sphere(n + TEST, d, rng), NOISE * rng.normal(size=n)
    truth = field(BETA, d + 1, rng)(Z)
    X = Z @ np.linalg.qr(rng.normal(size=(D, D)))[0][: d + 1]
    return Trial(X[:n], truth[:n] + noise, X[n:], truth[n:])


def _kernel(trial: Trial) -> Any:
    return best_linear(trial, KERNELS)


def _network(trial: Trial) -> Any:
    return MotifRegressor(preset="fast", n_jobs=1, profile=None).fit(trial.X, trial.y).predict(trial.X_test)


def _checks(slopes: dict[str, dict[Case, float]]) -> tuple[Check, ...]:
    kernel, few, many = slopes[KERNEL], min(COLUMNS), max(COLUMNS)
    rates = [Check(f"kernel ridge, exponent, {_label(case)}", r, rate := _rate(case), rate - NEAR, rate + NEAR) for case, r in kernel.items()]
    same = [
        Check(f"kernel ridge, exponent at D = {many} less D = {few}, d = {d}", kernel[d, many] - kernel[d, few], 0, -0.1, 0.1) for d in DIMENSIONS
    ]
    free = [
        Check(f"network, exponent, {_label(case)}, above that of free columns", r, _rate(case), smooth_exponent(BETA, case[1]), 1.0)
        for case, r in slopes[NETWORK].items()
    ]
    return (*rates, *same, *free)


def _sentences(slopes: dict[str, dict[Case, float]]) -> tuple[str, ...]:
    def told(d: int) -> str:
        each = "; ".join(f"D = {D}: kernel ridge {slopes[KERNEL][d, D]:.2f}, network {slopes[NETWORK][d, D]:.2f}" for D in COLUMNS)
        free = ", ".join(f"{smooth_exponent(BETA, D):.2f}" for D in COLUMNS)
        rate = smooth_exponent(BETA, d)
        return f"On a set of dimension {d} errors fall like n^(−r) with r: {each}; theory says {rate:.2f}, and for free columns {free}."

    return tuple(told(d) for d in DIMENSIONS)


def _rate(case: Case) -> float:
    """2β/(2β + d)."""
    return smooth_exponent(BETA, case[0])


def _label(case: Case) -> str:
    return f"d = {case[0]}, D = {case[1]}"


def _draw_errors(axis: Any, title: str, sizes: tuple[int, ...], errors: dict[Case, list[float]]) -> None:
    for case, values in errors.items():
        first = case[1] == min(COLUMNS)
        axis.plot(sizes, values, "o" if first else "s", color=COLOURS[case[0]], markerfacecolor=None if first else "white", label=_label(case))
        if first:
            axis.plot(sizes, _line(sizes, values, _rate(case)), color=THEORY, linewidth=0.9)
    axis.set(title=f"{title}; lines: theory's slopes", xlabel="rows", ylabel="mean squared error", xscale="log", yscale="log")
    log_ticks(axis)
    axis.set_ylim(bottom=axis.get_ylim()[0] / 4)  # for the legend
    axis.legend(loc="lower left", ncols=2, columnspacing=0.8, handletextpad=0.1)


def _line(sizes: tuple[int, ...], errors: list[float], rate: float) -> Any:
    """The line of this slope that is nearest."""
    logs = np.log(sizes)
    return np.exp(np.mean(np.log(errors)) - rate * (logs - logs.mean()))


def _draw_slopes(axis: Any, slopes: dict[str, dict[Case, float]]) -> None:
    d = np.linspace(0.8, max(DIMENSIONS) + 0.4, 100)
    axis.plot(d, 2 * BETA / (2 * BETA + d), color=THEORY, label="2β/(2β + d)")
    for D, dash in zip(COLUMNS, ("--", ":"), strict=True):
        axis.axhline(smooth_exponent(BETA, D), color=THEORY, linestyle=dash, linewidth=0.9, label=f"2β/(2β + D), D = {D}")
    for name, colour in ((KERNEL, MEASURED), (NETWORK, TRAINED)):
        for D, mark in zip(COLUMNS, "os", strict=True):
            axis.plot(DIMENSIONS, [slopes[name][d_, D] for d_ in DIMENSIONS], mark, color=colour, label=f"{name}, D = {D}")
    axis.set(title="c  exponents", xlabel="dimension of the set, d", ylabel="exponent r of n^(−r)", ylim=(0, 1.4), xticks=DIMENSIONS)
    axis.legend(loc="upper right", fontsize=7)
