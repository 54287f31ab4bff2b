"""Figure 4: the quotient space shrinks with the group, and the error with it.

A function of q points that does not change under their q! exchanges is a function on the quotient
[0, 1]^q / S_q, the sorted rows. A grid of K cells a side has K^q cells. The quotient leaves
C(K + q − 1, q) of them, one part in q! as K grows. So n rows are worth up to |G| n (Tahmasebi,
Jegelka 2023), and the error falls by up to |G|^(2β/(2β + q)) ≤ |G|. Sorting makes kinks where two
points meet, so the gain is smaller.

Panel b: kernel ridge regression, tuned on the test rows, on the original rows and on the sorted
ones, for q = 2 to 5 points. Panel c: the same function of five points, of which the first k are
sorted; only the group S_k of k! exchanges changes. Our network has its usual settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import comb, factorial
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
    panels,
    ratio,
)
from motifnet.lab._trials import (
    KERNEL,
    NETWORK,
    STYLES,
    Errors,
    Trial,
    errors_of,
    gaussian,
    kernel_ridge,
    network,
)
from motifnet.structure import permutations, smooth_exponent

NAME, TITLE = "fig4", "The quotient space shrinks with the group, and the error with it"
POINTS, GRIDS, SIZES = (2, 3, 4, 5), (5, 10, 20), (50, 100, 200)
ORDERS = tuple(factorial(q) for q in POINTS)
SORTED = (1, 2, 3, 4, 5)  # of five points
GROUPS, GROUP_ROWS = tuple(factorial(k) for k in SORTED), 100
NOISE, TEST, BETA = 0.1, 1_000, 2.0
kernel = kernel_ridge([gaussian(width) for width in (0.25, 0.5, 1.0, 2.0)])
COLOURS = {50: CALM, 100: TRAINED, 200: MEASURED}
Pairs = dict[int, dict[int, Values]]  # rows → points → errors with shape (seeds, 2): plain, sorted


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    curve_sizes = (50, 100, 200, 400, 800) if quick else (50, 100, 200, 400, 800, 1_600)
    pair_seeds, group_seeds, curve_seeds = (
        draws(quick, count) for count in ((20, 10, 3) if quick else (40, 30, 8))
    )
    covered = {q: [_covered(q, K) for K in GRIDS] for q in POINTS[:-1]}
    pairs = {n: {q: errors_of(kernel, _pairs(q, n, pair_seeds)) for q in POINTS} for n in SIZES}
    groups = {
        name: errors_of(f, _groups(GROUP_ROWS, group_seeds))
        for name, f in {KERNEL: kernel, NETWORK: network("fast")}.items()
    }
    plain, invariant = _curves(4, curve_sizes, curve_seeds)
    worth = _worth(curve_sizes, plain, invariant[curve_sizes.index(SIZES[1])]) / SIZES[1]
    with panels(out, NAME, 2, 2) as axes:
        _draw_covered(axes[0, 0], covered)
        _draw_ratios(axes[0, 1], pairs)
        _draw_groups(axes[1, 0], groups)
        _draw_curves(axes[1, 1], curve_sizes, plain, invariant)
    values = {
        "points": POINTS,
        "cells, quotient / cube": {str(q): v for q, v in covered.items()},
        "error, plain / invariant": {
            f"{n} rows": [_gain(pairs[n][q]).value for q in POINTS] for n in SIZES
        },
        f"five points, {GROUP_ROWS} rows": {
            "size of the group": GROUPS,
            **{name: e.tolist() for name, e in groups.items()},
        },
        "curves of four points": {"rows": curve_sizes, "plain": plain, "invariant": invariant},
        "rows that 100 invariant rows are worth, over 100": worth if np.isfinite(worth) else None,
    }
    checks = (*_count_checks(covered), *_pair_checks(pairs), *_group_checks(groups))
    return Facts(
        NAME,
        TITLE,
        quick,
        _sentences(pairs, groups, worth, curve_sizes),
        checks,
        values,
        files(NAME),
    )


def _covered(q: int, K: int) -> float:
    """The share of cells that the quotient map of S_q leaves of a grid with K cells a side, by
    counting.
    """
    grid = np.stack(np.meshgrid(*[(np.arange(K) + 0.5) / K] * q), -1).reshape(-1, q)
    return len(np.unique(_sorted(grid, q), axis=0)) / K**q


def _sorted(X: Matrix, k: int) -> Matrix:
    """On the quotient by the exchanges of the first k columns."""
    return permutations([[j] for j in range(k)], X.shape[1]).quotient(X) if k > 1 else X


def _target(X: Matrix) -> Matrix:
    return np.sin(4 * X).sum(1) + 2 * X.prod(1) + X.max(1)


def _trials(q: int, n: int, seed: int, sorted_points: Iterable[int]) -> tuple[Trial, ...]:
    """The same rows with the first k points sorted, for each k of `sorted_points`."""
    rng = np.random.default_rng(seed)
    X, X_test = rng.random((n, q)), rng.random((TEST, q))
    y, truth = _target(X) + NOISE * rng.normal(size=n), _target(X_test)
    return tuple(Trial(_sorted(X, k), y, _sorted(X_test, k), truth) for k in sorted_points)


def _pairs(q: int, n: int, seeds: Iterable[int]) -> Iterable[tuple[Trial, ...]]:
    return (_trials(q, n, seed, (1, q)) for seed in seeds)


def _groups(n: int, seeds: Iterable[int]) -> Iterable[tuple[Trial, ...]]:
    return (_trials(SORTED[-1], n, seed, SORTED) for seed in seeds)


def _curves(
    q: int, sizes: tuple[int, ...], seeds: Iterable[int]
) -> tuple[list[float], list[float]]:
    """Errors of both fits for each size."""
    whole = list(_pairs(q, max(sizes), seeds))
    errors = [
        errors_of(kernel, ([trial.first(n) for trial in pair] for pair in whole)).mean(0)
        for n in sizes
    ]
    return [float(e[0]) for e in errors], [float(e[1]) for e in errors]


def _worth(sizes: tuple[int, ...], plain: list[float], error: float) -> float:
    """The rows at which the plain curve reaches an error; infinite where it does not."""
    if error < min(plain):
        return float("inf")
    return float(np.exp(np.interp(-np.log(error), -np.log(plain), np.log(sizes))))


def _gain(errors: Values) -> Estimate:
    """Plain over sorted."""
    return ratio(errors[:, 0], errors[:, 1])


def _count_checks(covered: dict[int, list[float]]) -> list[Check]:
    return [
        Check(
            f"cells left of a grid of {K}^{q}",
            share,
            exact := comb(K + q - 1, q) / K**q,
            exact * (1 - 1e-9),
            exact * (1 + 1e-9),
            no_effect=1.0,
        )
        for q, shares in covered.items()
        for K, share in zip(GRIDS, shares, strict=True)
    ]


def _pair_checks(pairs: Pairs) -> list[Check]:
    def one(n: int, q: int) -> Check:
        what = f"kernel ridge, plain / invariant, {q} points, {n} rows"
        return Check.over_seeds(
            what, _gain(pairs[n][q]), _factor(q), factorial(q) ** 0.25, 1.3 * factorial(q), 1.0
        )

    few, many = POINTS[0], POINTS[-1]
    growth = [
        Check.over_seeds(
            f"plain / invariant at {n} rows, {many} points over {few}",
            ratio(
                pairs[n][many][:, 0] / pairs[n][many][:, 1],
                pairs[n][few][:, 0] / pairs[n][few][:, 1],
            ),
            _factor(many) / _factor(few),
            1.5,
            factorial(many) / factorial(few),
            1.0,
        )
        for n in SIZES
    ]
    return [*(one(n, q) for n in SIZES for q in POINTS), *growth]


def _group_checks(groups: Errors) -> list[Check]:
    rate = smooth_exponent(BETA, SORTED[-1])
    falls = [
        Check.over_seeds(
            f"{name}, five points: exponent of |G|", exponent(GROUPS, errors), rate, least, 1.0, 0.0
        )
        for (name, errors), least in zip(groups.items(), (0.25, 0.05), strict=True)
    ]
    whole = ratio(groups[NETWORK][:, -1], groups[NETWORK][:, 0])
    return [
        *falls,
        Check.over_seeds(
            f"network, five points: error with all {GROUPS[-1]} exchanges / with none",
            whole,
            None,
            0.0,
            0.8,
            1.0,
        ),
    ]


def _factor(q: int) -> float:
    """|G|^(2β/(2β + q))."""
    return factorial(q) ** smooth_exponent(BETA, q)


def _sentences(
    pairs: Pairs, groups: Errors, worth: float, sizes: tuple[int, ...]
) -> tuple[str, ...]:
    n, q = SIZES[-1], POINTS[-1]
    rows = f"{100 * worth:,.0f}" if np.isfinite(worth) else f"more than {sizes[-1]:,}"
    falls = ", ".join(f"{name} {exponent(GROUPS, e):.2f}" for name, e in groups.items())
    return (
        f"With {q} points and {n} rows kernel ridge has {_gain(pairs[n][q]):.1f} times the error "
        "on rows as they come of that on sorted rows; "
        f"{_factor(q):.1f} is the factor |G|^(2β/(2β + q)) of a target with β = {BETA:g}, and |G| "
        f"= {factorial(q)}.",
        f"Of the same five points, {GROUP_ROWS} rows, the error falls with the group like "
        f"|G|^(−r), ± one standard error: {falls}; theory allows "
        f"{smooth_exponent(BETA, SORTED[-1]):.2f}. With all {GROUPS[-1]} exchanges the network has "
        f"{ratio(groups[NETWORK][:, -1], groups[NETWORK][:, 0]):.2f} times the error that it has "
        "with none.",
        f"Of four points, 100 sorted rows are worth {rows} rows as they come; theory allows up to "
        f"100 |G| = {100 * factorial(4):,}.",
    )


def _draw_covered(axis: Any, covered: dict[int, list[float]]) -> None:
    K = np.arange(min(GRIDS), max(GRIDS) + 1)
    for (q, shares), colour in zip(covered.items(), (CALM, TRAINED, MEASURED), strict=True):
        axis.plot(K, [comb(k + q - 1, q) / k**q for k in K], color=THEORY, linewidth=0.9)
        axis.axhline(1 / factorial(q), color=colour, linestyle=":", linewidth=0.9)
        axis.plot(GRIDS, shares, "o", color=colour, label=f"{q} points; dotted: 1/{q}!")
    axis.set(
        title="a  cells left by the quotient",
        xlabel="cells a side",
        ylabel="share of the cells of the cube",
        yscale="log",
        ylim=(0.03, 2.5),
    )
    axis.set_xticks(GRIDS)
    axis.set_yticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"], minor=False)
    axis.minorticks_off()
    axis.legend(loc="upper right")


def _draw_ratios(axis: Any, pairs: Pairs) -> None:
    axis.fill_between(
        ORDERS, [g**0.25 for g in ORDERS], ORDERS, color="0.93", zorder=0, label="|G|^¼ to |G|"
    )
    axis.plot(
        ORDERS, [_factor(q) for q in POINTS], color=THEORY, label=f"|G|^(2β/(2β + q)), β = {BETA:g}"
    )
    for n, found in pairs.items():
        gains = [_gain(found[q]) for q in POINTS]
        bars = [2 * gain.error for gain in gains]
        axis.errorbar(
            ORDERS,
            [gain.value for gain in gains],
            yerr=bars,
            fmt="o-",
            capsize=2,
            color=COLOURS[n],
            label=f"{n} rows",
        )
    log_axes(
        axis,
        "b  kernel ridge, q = 2 to 5 points",
        "size of the group, |G| = q!",
        "error, plain / sorted",
    )
    axis.legend(loc="upper left", fontsize=7)


def _draw_groups(axis: Any, groups: Errors) -> None:
    for name, errors in groups.items():
        line, colour = STYLES[name]
        draw_bars(axis, GROUPS, errors, line, color=colour, label=name)
    rate, start = smooth_exponent(BETA, SORTED[-1]), float(groups[KERNEL][:, 0].mean())
    axis.plot(
        GROUPS,
        start * np.array(GROUPS, dtype=float) ** -rate,
        "--",
        color=THEORY,
        label=f"slope −{rate:.2f}",
    )
    log_axes(
        axis, f"c  five points, {GROUP_ROWS} rows", "size of the group, |G|", "mean squared error"
    )
    axis.legend(loc="lower left", fontsize=7)


def _draw_curves(
    axis: Any, sizes: tuple[int, ...], plain: list[float], invariant: list[float]
) -> None:
    axis.plot(sizes, plain, "o-", color=MEASURED, label="rows as they come")
    axis.plot(sizes, invariant, "s-", color=TRAINED, label="sorted rows")
    start, error = SIZES[1], invariant[sizes.index(SIZES[1])]
    end = min(_worth(sizes, plain, error), sizes[-1])
    axis.annotate(
        "", (end, error), (start, error), arrowprops={"arrowstyle": "->", "color": THEORY}
    )
    axis.text(1.1 * start, error, f"{end / start:.1f} times the rows", va="bottom", color=THEORY)
    log_axes(axis, "d  four points, kernel ridge", "rows", "mean squared error")
    axis.legend(loc="lower left", fontsize=7)
