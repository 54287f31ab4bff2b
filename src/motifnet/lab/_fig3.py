"""Figure 3: rows on a thin set. The error falls at the rate of the set's dimension d; a network
need not pay for the number D of columns.

Panel a: rows are uniform on a sphere of dimension d in R^10, and the function has smoothness β = 1
on it. No estimator learns faster than n^(−2β/(2β + d)) for all such functions. Kernel ridge
regression, tuned on the test rows, has this rate: its distances are those of the set.

Panels b and c: the same function of two angles θ₁, θ₂, seen through M harmonics,

    x = Q (cos kθ₁, sin kθ₁, cos kθ₂, sin kθ₂)_{k ≤ M},   Q a random rotation of R^D,   D = 4M

The set has dimension 2 for every D, but it is curled. It has Σ_{k ≤ M} k² times the surface, and
rows with close angles are far apart. A kernel of the distance pays for that. Our network has its
usual settings, and may learn a metric.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    Estimate,
    Facts,
    Values,
    draw_bars,
    draws,
    exponent,
    files,
    log_axes,
    log_ticks,
    panels,
    ratio,
)
from motifnet.lab._trials import (
    KERNEL,
    NETWORK,
    STYLES,
    Errors,
    Predict,
    Trial,
    errors_of,
    field,
    kernel_ridge,
    laplace,
    network,
    sphere,
)
from motifnet.structure import smooth_exponent

NAME, TITLE = "fig3", "Rows on a thin set: what its dimension and its columns cost"
BETA, TEST, COLUMNS, ANGLES = 1.0, 1_000, 10, 2
SPHERE_NOISE, CURLED_NOISE = 0.45, 0.2
NEAR = 0.25  # distance of an exponent over hundreds of rows from the rate, which is of large n
DIMENSIONS, HARMONICS = (1, 2, 4), (1, 5, 9)
kernel = kernel_ridge([laplace(width) for width in (0.3, 1.0, 4.0, 16.0)])
COLOURS = {1: CALM, 2: TRAINED, 4: MEASURED}


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    sizes, rows = (
        ((100, 250, 600), (200, 400, 800))
        if quick
        else ((125, 250, 500, 1_000), (200, 400, 800, 1_600))
    )
    sphere_seeds, curled_seeds = draws(quick, 10 if quick else 12), draws(quick, 3 if quick else 8)
    spheres = {
        d: _errors((_sphere(d, sizes[-1], seed) for seed in sphere_seeds), sizes, kernel)
        for d in DIMENSIONS
    }
    methods = {KERNEL: kernel, NETWORK: network("fast")}
    curves = {
        name: _errors(_curled_trials(HARMONICS[-1], rows[-1], curled_seeds), rows, f)
        for name, f in methods.items()
    }
    at_last_size = {
        name: [
            _errors(_curled_trials(m, rows[-1], curled_seeds), rows[-1:], f) for m in HARMONICS[:-1]
        ]
        for name, f in methods.items()
    }
    columns = {name: np.hstack([*at_last_size[name], curves[name][:, -1:]]) for name in methods}
    with panels(out, NAME, 1, 3) as axes:
        _draw_spheres(axes[0, 0], sizes, spheres)
        _draw_columns(axes[0, 1], rows[-1], columns)
        _draw_curves(axes[0, 2], rows, curves)
    values = {
        "spheres": {"rows": sizes, **{f"d = {d}": e.tolist() for d, e in spheres.items()}},
        "over columns": {
            "rows": rows[-1],
            "D": [_columns(m) for m in HARMONICS],
            **{name: e.tolist() for name, e in columns.items()},
        },
        f"D = {_columns(HARMONICS[-1])}": {
            "rows": rows,
            **{name: e.tolist() for name, e in curves.items()},
        },
    }
    checks = (
        *_sphere_checks(sizes, spheres),
        *_column_checks(columns),
        *_curve_checks(rows, curves),
    )
    return Facts(
        NAME,
        TITLE,
        quick,
        _sentences(sizes, spheres, rows, columns, curves),
        checks,
        values,
        files(NAME),
    )


def curl(angles: Matrix, harmonics: int) -> Matrix:
    """The harmonics of angles with shape (n, 2), with shape (n, 4 · harmonics)."""
    return np.concatenate(
        [wave(k * angles) for k in range(1, harmonics + 1) for wave in (np.cos, np.sin)], axis=1
    )


def _sphere(d: int, n: int, seed: int) -> Trial:
    rng = np.random.default_rng(seed)
    Z, noise = sphere(n + TEST, d, rng), SPHERE_NOISE * rng.normal(size=n)
    truth = field(BETA, d + 1, rng)(Z)
    X = Z @ _rotation(COLUMNS, rng)[: d + 1]
    return Trial(X[:n], truth[:n] + noise, X[n:], truth[n:])


def _curled_trials(harmonics: int, n: int, seeds: Iterable[int]) -> Iterable[Trial]:
    return (_curled(harmonics, n, seed) for seed in seeds)


def _curled(harmonics: int, n: int, seed: int) -> Trial:
    """The same angles, function and noise for every number of harmonics."""
    rng = np.random.default_rng(seed)
    angles, noise = rng.uniform(0, 2 * np.pi, (n + TEST, ANGLES)), CURLED_NOISE * rng.normal(size=n)
    truth = field(BETA, 2 * ANGLES, rng)(np.concatenate([np.cos(angles), np.sin(angles)], axis=1))
    X = curl(angles, harmonics)
    X = X @ _rotation(X.shape[1], rng)
    return Trial(X[:n], truth[:n] + noise, X[n:], truth[n:])


def _rotation(D: int, rng: np.random.Generator) -> Matrix:
    return np.asarray(np.linalg.qr(rng.normal(size=(D, D)))[0])


def _errors(trials: Iterable[Trial], sizes: tuple[int, ...], predict: Predict) -> Values:
    """With shape (seeds, sizes)."""
    return errors_of(predict, ([trial.first(n) for n in sizes] for trial in trials))


def _columns(harmonics: int) -> int:
    return 2 * ANGLES * harmonics


def _sphere_checks(sizes: tuple[int, ...], spheres: dict[int, Values]) -> list[Check]:
    rates = {d: exponent(sizes, errors) for d, errors in spheres.items()}
    near = [
        Check.over_seeds(
            f"kernel ridge on a sphere, exponent, d = {d}",
            r,
            rate := smooth_exponent(BETA, d),
            rate - NEAR,
            rate + NEAR,
            0.0,
        )
        for d, r in rates.items()
    ]
    few, many = min(DIMENSIONS), max(DIMENSIONS)
    gap = Estimate(
        rates[few].value - rates[many].value, float(np.hypot(rates[few].error, rates[many].error))
    )
    theory = smooth_exponent(BETA, few) - smooth_exponent(BETA, many)
    return [
        *near,
        Check.over_seeds(
            f"kernel ridge on a sphere, exponent at d = {few} less d = {many}",
            gap,
            theory,
            0.1,
            theory + NEAR,
            0.0,
        ),
    ]


def _column_checks(columns: Errors) -> list[Check]:
    growth = {name: errors[:, -1] / errors[:, 0] for name, errors in columns.items()}
    ends = f"error at D = {_columns(HARMONICS[-1])} / D = {_columns(HARMONICS[0])}"
    grown, share = ratio(growth[KERNEL], 1.0), ratio(growth[NETWORK], growth[KERNEL])
    return [
        Check.over_seeds(f"kernel ridge, {ends}", grown, None, 2.0, np.inf, 1.0),
        Check.over_seeds(f"{ends}, network / kernel ridge", share, None, 0.0, 0.5, 1.0),
    ]


def _curve_checks(rows: tuple[int, ...], curves: Errors) -> list[Check]:
    D, rate = _columns(HARMONICS[-1]), smooth_exponent(BETA, ANGLES)
    r = exponent(rows, curves[NETWORK])
    return [
        Check.over_seeds(
            f"network, exponent at D = {D}", r, rate, rate - NEAR, np.inf, smooth_exponent(BETA, D)
        )
    ]


def _sentences(
    sizes: tuple[int, ...],
    spheres: dict[int, Values],
    rows: tuple[int, ...],
    columns: Errors,
    curves: Errors,
) -> tuple[str, ...]:
    rates = "; ".join(
        f"d = {d}: {exponent(sizes, e):.2f}, theory {smooth_exponent(BETA, d):.2f}"
        for d, e in spheres.items()
    )
    D, few = _columns(HARMONICS[-1]), _columns(HARMONICS[0])
    grown = {name: ratio(errors[:, -1], errors[:, 0]) for name, errors in columns.items()}
    return (
        f"On spheres the error of kernel ridge falls like n^(−r) with r, ± one standard error: "
        f"{rates}.",
        f"On the curled set of dimension {ANGLES}, {rows[-1]:,} rows, {D} columns in place of "
        f"{few} multiply the error of kernel ridge by "
        f"{grown[KERNEL]:.2f} and that of the network by {grown[NETWORK]:.2f}; there its exponent "
        f"is {exponent(rows, curves[NETWORK]):.2f}, where "
        f"theory says {smooth_exponent(BETA, ANGLES):.2f} for the set and "
        f"{smooth_exponent(BETA, D):.2f} for {D} free columns.",
    )


def _draw_spheres(axis: Any, sizes: tuple[int, ...], spheres: dict[int, Values]) -> None:
    logs = np.log(sizes)
    for d, errors in spheres.items():
        draw_bars(axis, sizes, errors, "o", color=COLOURS[d], label=f"d = {d}")
        line = np.exp(np.log(errors).mean() - smooth_exponent(BETA, d) * (logs - logs.mean()))
        axis.plot(sizes, line, color=THEORY, linewidth=0.9)
    log_axes(
        axis, "a  kernel ridge on spheres; lines: theory's slopes", "rows", "mean squared error"
    )
    axis.legend(loc="lower left")


def _draw_columns(axis: Any, n: int, columns: Errors) -> None:
    for name, errors in columns.items():
        line, colour = STYLES[name]
        draw_bars(axis, [_columns(m) for m in HARMONICS], errors, line, color=colour, label=name)
    axis.set(
        title=f"b  a curled set of dimension {ANGLES}, {n:,} rows",
        xlabel="columns, D",
        ylabel="mean squared error",
        yscale="log",
    )
    log_ticks(axis)
    axis.set_xticks([_columns(m) for m in HARMONICS])
    axis.legend(loc="upper left")


def _draw_curves(axis: Any, rows: tuple[int, ...], curves: Errors) -> None:
    D = _columns(HARMONICS[-1])
    for name, errors in curves.items():
        line, colour = STYLES[name]
        draw_bars(axis, rows, errors, line, color=colour, label=name)
    start = float(curves[NETWORK][:, 0].mean())
    for d, dash in ((ANGLES, "--"), (D, ":")):
        rate = smooth_exponent(BETA, d)
        axis.plot(
            rows,
            start * (np.array(rows) / rows[0]) ** -rate,
            dash,
            color=THEORY,
            label=f"slope −{rate:.2f}, that of {d} dimensions",
        )
    log_axes(axis, f"c  the curled set in {D} columns", "rows", "mean squared error")
    axis.set_xticks(rows, [f"{n:,}" for n in rows])
    axis.minorticks_off()
    axis.set_ylim(bottom=axis.get_ylim()[0] / 3)  # for the legend
    axis.legend(loc="lower left")
