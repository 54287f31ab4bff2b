"""Figure 2: the phase diagram: how much faster a network learns a function that jumps, by the
smoothness α of the surface and β of the pieces.

The map is the exponent of a network less that of any method that is linear in y. It has three
phases: a tie of all methods, networks limited by the pieces, networks limited by the surface. At
some points of the plane the figure measures the error of our network over that of kernel ridge
regression tuned on the test rows, with two columns and random functions of exactly these
smoothnesses. The ratio should stay near one in a tie and fall with n elsewhere. Rows of a seed are
nested: the first 250 of 1,000 are those of 250.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from motifnet.lab._figure import (
    CALM,
    MEASURED,
    THEORY,
    TRAINED,
    Check,
    Facts,
    Values,
    draw_bars,
    draws,
    exponent,
    files,
    panels,
    ratio,
)
from motifnet.lab._trials import (
    Trial,
    errors_of,
    field,
    gaussian,
    kernel_ridge,
    laplace,
    network,
)
from motifnet.structure import phase, singularity_exponents

NAME, TITLE = "fig2", "The phase diagram of functions that jump"
METHODS = ("network", "linear_known_direction", "linear", "wavelet")
TABLE = {  # (α, β, D): exponents of the methods
    (2.0, 2.0, 2): (0.667, 0.400, 0.333, 0.500),
    (1.0, 1.0, 2): (0.500, 0.333, 0.333, 0.500),
    (2.0, 2.0, 5): (0.333, 0.250, 0.167, 0.200),
    (3.0, 3.0, 3): (0.600, 0.375, 0.250, 0.333),
    (2.0, 0.3, 2): (0.231, 0.231, 0.231, 0.231),
}
POINTS = {(2.0, 0.3): CALM, (0.5, 1.0): "0.5", (2.0, 1.0): TRAINED, (2.0, 2.0): MEASURED}
QUICK_POINTS = ((2.0, 0.3), (0.5, 1.0), (2.0, 2.0))
KERNELS = (gaussian(0.05), gaussian(0.15), laplace(0.2), laplace(1.0))
JUMP, PIECES, SURFACE, NOISE, TEST = 1.5, 0.5, 0.15, 0.2, 2_000
TIE = 0.1  # by which errors may differ in a tie: estimators of one rate differ in their constants
Point = tuple[float, float]
Ratios = dict[Point, Values]  # network over kernel ridge, with shape (seeds, sizes)


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    sizes, seeds = (
        ((250, 1_000), draws(quick, 3)) if quick else ((250, 500, 1_000), draws(quick, 8))
    )
    ratios = {point: _ratios(point, sizes, seeds) for point in (QUICK_POINTS if quick else POINTS)}
    with panels(out, NAME, 1, 3) as axes:
        _draw_map(axes[0, 0], "a", 2, ratios)
        _draw_map(axes[0, 1], "b", 5, {})
        _draw_ratios(axes[0, 2], sizes, ratios)
    values = {
        "rows": sizes,
        "network / linear": {_label(point): r.tolist() for point, r in ratios.items()},
    }
    return Facts(
        NAME,
        TITLE,
        quick,
        _sentences(sizes, ratios),
        (*_table_checks(), *_checks(sizes, ratios)),
        values,
        files(NAME),
    )


def _ratios(point: Point, sizes: tuple[int, ...], seeds: Iterable[int]) -> Values:
    trials = [[_trial(point, sizes[-1], seed).first(n) for n in sizes] for seed in seeds]
    return np.asarray(errors_of(network("fast"), trials) / errors_of(kernel_ridge(KERNELS), trials))


def _trial(point: Point, n: int, seed: int) -> Trial:
    """A function with pieces of smoothness β that jumps across the graph of one of smoothness α."""
    rng = np.random.default_rng(seed)
    surface, pieces = field(point[0], 1, rng), field(point[1], 2, rng)
    X = rng.uniform(size=(n + TEST, 2))
    truth = PIECES * pieces(X) + JUMP * (X[:, 1] > 0.5 + SURFACE * surface(X[:, :1]))
    return Trial(X[:n], truth[:n] + NOISE * rng.normal(size=n), X[n:], truth[n:])


def _gain(point: Point, D: int) -> float:
    """The exponent of a network less that of methods that are linear in y."""
    r = singularity_exponents(*point, D)
    return r["network"] - r["linear"]


def _table_checks() -> list[Check]:
    checks = []
    for (alpha, beta, D), expected in TABLE.items():
        found = singularity_exponents(alpha, beta, D)
        checks += [
            Check(
                f"exponent of {name.replace('_', ' ')}, α = {alpha:g}, β = {beta:g}, D = {D}",
                found[name],
                r,
                r - 1e-3,
                r + 1e-3,
            )
            for name, r in zip(METHODS, expected, strict=True)
        ]
    return checks


def _checks(sizes: tuple[int, ...], ratios: Ratios) -> list[Check]:
    tie, best = (choose(ratios, key=lambda point: _gain(point, 2)) for choose in (min, max))
    gain, rows = _gain(best, 2), f"{sizes[-1]:,} rows"
    above = f"network / linear at {_label(best)}, over that in the tie at {_label(tie)}, {rows}"
    return [
        *(
            Check.over_seeds(
                f"network / linear in a tie, {_label(point)}, {rows}",
                ratio(values[:, -1], 1.0),
                1.0,
                1 - TIE,
                1 + TIE,
            )
            for point, values in ratios.items()
            if _gain(point, 2) < 1e-9
        ),
        Check.over_seeds(
            f"network / linear where the gain is largest, {_label(best)}, {rows}",
            ratio(ratios[best][:, -1], 1.0),
            None,
            0.0,
            0.9,
            1.0,
        ),
        Check.over_seeds(
            above, ratio(ratios[best][:, -1], ratios[tie][:, -1]), None, 0.0, 0.9, 1.0
        ),
        Check.over_seeds(
            f"exponent by which network / linear falls, {_label(best)}",
            exponent(sizes, ratios[best]),
            gain,
            0.05,
            gain + 0.2,
            0.0,
        ),
    ]


def _sentences(sizes: tuple[int, ...], ratios: Ratios) -> tuple[str, ...]:
    def sentence(point: Point, values: Values) -> str:
        first, last = (ratio(values[:, k], 1.0) for k in (0, -1))
        gain = _gain(point, 2)
        limit = "the surface" if phase(*point, 2) == "boundary-limited" else "the pieces"
        theory = (
            "theory sees a tie"
            if gain < 1e-9
            else f"theory for the worst case lets the ratio fall like n^(−{gain:.2f}), limited by "
            f"{limit}"
        )
        return (
            f"{_label(point)}: network / linear is {first:.2f} at {sizes[0]:,} rows and "
            f"{last:.2f} at {sizes[-1]:,}; {theory}."
        )

    return tuple(sentence(point, values) for point, values in ratios.items())


def _label(point: Point) -> str:
    return f"α = {point[0]:g}, β = {point[1]:g}"


def _draw_map(axis: Any, letter: str, D: int, ratios: Ratios) -> None:
    alphas = betas = np.linspace(0.05, 4, 200)
    gains = np.array([[_gain((a, b), D) for a in alphas] for b in betas])
    image = axis.imshow(
        gains, origin="lower", extent=(0.05, 4, 0.05, 4), vmin=0, cmap="viridis", aspect="auto"
    )
    axis.figure.colorbar(image, ax=axis)
    # on this line pieces and surface limit equally
    axis.plot(alphas, alphas * D / (2 * (D - 1)), color="white", linewidth=1)
    axis.contour(alphas, betas, gains, [1e-6], colors="white", linestyles="dashed", linewidths=1)
    if D == 2:
        for name, (x, y) in {
            "tie": (3.4, 0.2),
            "pieces limit": (3.2, 1.6),
            "surface limits": (1.5, 3.2),
        }.items():
            axis.text(x, y, name, color="white", fontsize=8, ha="center")
    for point, values in ratios.items():
        axis.plot(*point, "o", color=POINTS[point], markeredgecolor="white", markersize=7)
        axis.annotate(
            f"{ratio(values[:, -1], 1.0).value:.2f}",
            point,
            (0, 6),
            ha="center",
            textcoords="offset points",
            color="white",
        )
    axis.grid(False)
    axis.set(
        title=f"{letter}  exponent, network − linear, {D} columns",
        xlabel="smoothness of the surface, α",
        ylabel="smoothness of the pieces, β",
    )
    axis.set(xlim=(0.05, 4), ylim=(0.05, 4))


def _draw_ratios(axis: Any, sizes: tuple[int, ...], ratios: Ratios) -> None:
    for point, values in ratios.items():
        gain = _gain(point, 2)
        theory = f"n^(−{gain:.2f})" if gain > 1e-9 else "a tie"
        draw_bars(
            axis,
            sizes,
            values,
            "o-",
            color=POINTS[point],
            label=f"{_label(point)}: theory {theory}",
        )
    axis.axhline(1, color=THEORY, linewidth=0.8)
    axis.set(
        title="c  error of network / best linear",
        xlabel="rows",
        ylabel="ratio",
        xscale="log",
        ylim=(0.5, 1.55),
    )
    axis.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axis.minorticks_off()
    axis.legend(loc="upper left")
