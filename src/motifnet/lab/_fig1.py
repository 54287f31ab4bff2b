"""Figure 1: a function that jumps across a curve, and what each method makes of it.

    f(x) = 1{x₂ > ½ + ⅕ sin 2πx₁} + 0.3 x₂ cos 3x₁        noise of sd 0.2

Kernel ridge regression and tensor splines are linear in y. They get the width and ridge that are
best on the test rows. Boosted trees and a multilayer perceptron with three layers of 48 units
(Adam, early stopping on a tenth of the rows) have their usual settings. Our network is the
transferred convex fit, retrained with one residual block: four networks in parallel, without trees.
Linear methods blur the jump over a band that shrinks like n^(−1/(D+1)); nonlinear ones need not.
"""

from __future__ import annotations

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
    draw_bars,
    draws,
    exponent,
    files,
    log_axes,
    panels,
    ratio,
    slope,
)
from motifnet.lab._trials import (
    KERNEL,
    NETWORK,
    Errors,
    Features,
    Trial,
    best_linear,
    gaussian,
    laplace,
    retrained,
)
from motifnet.structure import singularity_exponents
from motifnet.tables import Sample
from motifnet.teachers import BoostedTrees
from motifnet.training import FeatureSettings

NAME, TITLE = "fig1", "A function that jumps, and what each method makes of it"
NOISE, GRID = 0.2, 60
KERNELS = (gaussian(0.05), gaussian(0.1), laplace(0.2), laplace(0.4))
KNOTS = (8, 12, 18)
SPLINES, TREES, MLP = "splines", "trees", "multilayer perceptron"
STYLES = {
    KERNEL: ("o-", MEASURED),
    SPLINES: ("v-", "0.5"),
    TREES: ("s-", CALM),
    MLP: ("^-", "#8a5aa8"),
    NETWORK: ("D-", TRAINED),
}
SETTINGS = FeatureSettings(
    profiles=("laplace1", "laplace2", "matern32", "matern52", "gaussian"), depth=1, batch=250
)


def target(X: Matrix) -> Matrix:
    """f at rows with shape (n, 2)."""
    return (X[:, 1] > _curve(X[:, 0])) + 0.3 * X[:, 1] * np.cos(3 * X[:, 0])


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    sizes, seeds = (
        ((250, 2_000), draws(quick, 3)) if quick else ((250, 500, 1_000, 2_000), draws(quick, 8))
    )
    maps = [[_fits(_trial(n, seed)) for n in sizes] for seed in seeds]
    errors = {
        name: np.array([[_error(fits[name]) for fits in each] for each in maps]) for name in STYLES
    }
    with panels(out, NAME, 2, 3) as axes:
        shown = {"the truth": target(_grid())} | {
            name: maps[0][-1][name] for name in (KERNEL, TREES, MLP, NETWORK)
        }
        for axis, letter, (name, values) in zip(axes.flat, "abcde", shown.items(), strict=False):
            _draw_map(
                axis,
                f"{letter}  {name}" + (f", {sizes[-1]:,} rows" if letter > "a" else ""),
                values,
            )
        _draw_errors(axes[1, 2], sizes, errors)
    drawn = {"rows": sizes, **{name: e.tolist() for name, e in errors.items()}}
    return Facts(
        NAME, TITLE, quick, _sentences(sizes, errors), _checks(sizes, errors), drawn, files(NAME)
    )


def _curve(x: Matrix) -> Matrix:
    return np.asarray(0.5 + 0.2 * np.sin(2 * np.pi * x))


def _grid() -> Matrix:
    """Test rows with shape (60², 2); they are also the pixels of the maps."""
    ticks = (np.arange(GRID) + 0.5) / GRID
    return np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)


def _trial(n: int, seed: int) -> Trial:
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n, 2))
    return Trial(X, target(X) + NOISE * rng.normal(size=n), _grid(), target(_grid()))


def _error(values: Matrix) -> float:
    """Mean squared error at the grid."""
    return float(np.mean((values - target(_grid())) ** 2))


def _fits(trial: Trial) -> dict[str, Matrix]:
    """Predictions at the grid by method."""
    trees = BoostedTrees().fit(Sample.plain(trial.X, trial.y[:, None]), seed=0)
    return {
        KERNEL: best_linear(trial, KERNELS),
        SPLINES: best_linear(trial, map(_tensor_splines, KNOTS)),
        TREES: trees.predict(trial.X_test)[:, 0],
        MLP: _perceptron(trial),
        NETWORK: retrained(trial, [SETTINGS]).networks[0],
    }


def _perceptron(trial: Trial, seed: int = 0) -> Matrix:
    from sklearn.neural_network import MLPRegressor

    stop = {"early_stopping": True, "n_iter_no_change": 40, "max_iter": 600}
    return np.asarray(
        MLPRegressor(hidden_layer_sizes=(48, 48, 48), random_state=seed, **stop)
        .fit(trial.X, trial.y)
        .predict(trial.X_test)
    )


def _tensor_splines(knots: int) -> Features:
    """Products of cubic B-splines of both columns."""
    from sklearn.preprocessing import SplineTransformer

    basis = SplineTransformer(knots, knots=np.linspace(0, 1, knots)[:, None]).fit([[0.0], [1.0]])

    def products(X: Matrix) -> Matrix:
        return np.asarray(
            np.einsum("ni,nj->nij", basis.transform(X[:, :1]), basis.transform(X[:, 1:])).reshape(
                len(X), -1
            )
        )

    return Features(products)


def _checks(sizes: tuple[int, ...], errors: Errors) -> tuple[Check, ...]:
    n, ours = f"{sizes[-1]:,} rows", errors[NETWORK]
    rates = singularity_exponents(2, 2, 2)
    faster = Estimate.of(
        [slope(sizes, a) - slope(sizes, b) for a, b in zip(ours, errors[KERNEL], strict=True)]
    )
    shares = {name: ratio(ours[:, -1], errors[name][:, -1]) for name in (KERNEL, SPLINES)}
    return (
        *(
            Check.over_seeds(f"{n}: error of the network / {name}", share, None, 0.0, 0.9, 1.0)
            for name, share in shares.items()
        ),
        Check.over_seeds(
            "exponent of the network less that of kernel ridge",
            faster,
            rates["network"] - rates["linear"],
            0.05,
            1.0,
            0.0,
        ),
    )


def _sentences(sizes: tuple[int, ...], errors: Errors) -> tuple[str, ...]:
    theory = singularity_exponents(2, 2, 2)
    shares = ", ".join(
        f"{ratio(errors[NETWORK][:, -1], errors[name][:, -1]):.2f} times that of {name}"
        for name in STYLES
        if name != NETWORK
    )
    rates = ", ".join(f"{name} {exponent(sizes, errors[name]):.2f}" for name in STYLES)
    return (
        f"At {sizes[-1]:,} rows the network has an error of "
        f"{Estimate.of(errors[NETWORK][:, -1]):.4f} (mean of {len(errors[NETWORK])} seeds ± one "
        f"standard error), {shares}; kernel ridge and splines are tuned on the test rows.",
        f"Errors fall like n^(−r) with r: {rates}; theory, for the worst function with α = β = 2: "
        f"{theory['linear']:.2f} for what is linear in y, {theory['network']:.2f} for networks.",
    )


def _draw_map(axis: Any, title: str, values: Matrix) -> None:
    axis.imshow(
        values.reshape(GRID, GRID),
        origin="lower",
        extent=(0, 1, 0, 1),
        vmin=-0.3,
        vmax=1.3,
        cmap="cividis",
    )
    ticks = np.linspace(0, 1, 100)
    axis.grid(False)
    error = _error(values)
    if error:
        axis.plot(ticks, _curve(ticks), "--", color="white", linewidth=0.7)
    axis.set(title=title + (f": error {error:.4f}" if error else ""), xlabel="x₁", ylabel="x₂")


def _draw_errors(axis: Any, sizes: tuple[int, ...], errors: Errors) -> None:
    for name, (line, colour) in STYLES.items():
        draw_bars(axis, sizes, errors[name], line, color=colour, label=name)
    for key, dash in (("linear", ":"), ("network", "--")):
        rate = singularity_exponents(2, 2, 2)[key]
        axis.plot(
            sizes,
            1.15
            * max(e[:, 0].mean() for e in errors.values())
            * (np.array(sizes) / sizes[0]) ** -rate,
            dash,
            color=THEORY,
            label=f"slope −{rate:.2f}",
        )
    log_axes(axis, "f  error to the truth", "rows", "mean squared error")
    axis.set_ylim(bottom=axis.get_ylim()[0] / 4)  # for the legend
    axis.legend(loc="lower left", ncols=2)
