"""Curves: bands that hold at most points, and classes whose error vanishes.

Above, functional linear regression on `make_curve_regression`. The band of level 0.9 may leave out
b on a tenth of the domain. The panels show a draw, the share of bands that hold, and their width,
with the number of components of AIC, with one more, and with two, which are too few: the bias is
then above the width. With one component the width has a closed form, 2σ z_{0.95} / (κ₁ n/10)^½.

Below, two classes of Gaussian curves with θ_j = j⁻² and mean differences μ_j = 1.2 j^(−decay). With
a decay of 1.2 the sum Σ_j μ_j²/θ_j diverges and the error can vanish; with 3 it cannot. The panels
show errors, profiles of separability, and their exponents of growth.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from motifnet.further.functional import (
    FunctionalClassifier,
    FunctionalLinearRegressor,
    bayes_error_of_classes,
    make_curve_classes,
    make_curve_regression,
    separability_profile,
)
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
    files,
    log_ticks,
    panels,
    ratio,
)

NAME, TITLE = "functional", "Curves: bands that hold at most points, and errors that vanish"
MISS, NORMAL = 0.1, 1.6449  # the quantile .95 of the normal distribution
RULES: dict[str | int, tuple[str, str]] = {
    "aic": ("o-", MEASURED),
    "aic+1": ("D-", TRAINED),
    2: ("s-", CALM),
}
BANDS = (100, 200, 500)
DECAYS = {1.2: ("o-", TRAINED), 3.0: ("s-", MEASURED)}
NEW = 2_000


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    sizes, seeds = ((50, 200), draws(quick, 6)) if quick else ((50, 100, 200, 400), draws(quick, 8))
    bands = _bands(draws(quick, 25 if quick else 100))
    errors = {decay: _errors(decay, sizes, seeds) for decay in DECAYS}
    profiles = {decay: _profiles(decay, seeds) for decay in DECAYS}
    with panels(out, NAME, 2, 3) as axes:
        _draw_example(axes[0, 0], draws(quick, 1)[0])
        _draw_bands(axes[0, 1], axes[0, 2], bands)
        _draw_errors(axes[1, 0], sizes, errors)
        _draw_profiles(axes[1, 1], axes[1, 2], profiles)
    drawn = {"rows": BANDS, "class rows": sizes} | {
        str(decay): values.tolist() for decay, values in errors.items()
    }
    checks = (*_band_checks(bands), *_class_checks(sizes, errors, profiles))
    sentences = (*_band_sentences(bands), *_class_sentences(sizes, errors, profiles))
    return Facts(NAME, TITLE, quick, sentences, checks, drawn, files(NAME))


def _bands(seeds: range) -> dict[str | int, Values]:
    """By rule, with shape (seeds, sizes, 2): whether the band holds, and its width."""
    return {
        rule: np.array([[_band(rule, n, seed) for n in BANDS] for seed in seeds]) for rule in RULES
    }


def _band(rule: str | int, n: int, seed: int) -> tuple[float, float]:
    X, y, grid, coef = make_curve_regression(n, random_state=[n, seed])
    lower, upper = FunctionalLinearRegressor(rule, grid=grid).fit(X, y).confidence_band(miss=MISS)
    outside = np.trapezoid(((coef < lower) | (coef > upper)).astype(float), grid)
    return float(outside <= MISS), float((upper - lower).mean())


def _errors(decay: float, sizes: tuple[int, ...], seeds: range) -> Values:
    """With shape (seeds, sizes)."""
    return np.array([[_error(decay, n, seed) for n in sizes] for seed in seeds])


def _error(decay: float, n: int, seed: int) -> float:
    X, y, grid = make_curve_classes(n, decay, random_state=[n, seed])
    new, truth, _ = make_curve_classes(NEW, decay, random_state=[n, seed, 1])
    model = FunctionalClassifier(derivative=0, grid=grid).fit(X, y)
    return float(np.mean(model.predict(new) != truth))


def _profiles(decay: float, seeds: range) -> Values:
    """Ŝ(r) of 400 curves, with shape (seeds, 40)."""
    return np.array(
        [
            separability_profile(*make_curve_classes(400, decay, random_state=[400, seed])).values
            for seed in seeds
        ]
    )


def _true_profile(decay: float) -> Values:
    return np.asarray(1.44 * (np.arange(1.0, 41) ** (2 - 2 * decay)).cumsum())


def _exponents(profiles: Values) -> Values:
    """log₂ S(40)/S(20), with the shape of the first axes."""
    return np.asarray(np.log2(profiles[..., -1] / profiles[..., 19]))


def _closed_form() -> Check:
    """The width of the band with one component."""
    X, y, grid, _ = make_curve_regression(200, random_state=0)
    model = FunctionalLinearRegressor(1, grid=grid).fit(X, y)
    lower, upper = model.confidence_band(miss=MISS)
    expected = 2 * model.noise_std_ * NORMAL / np.sqrt(model.eigenvalues_[0] * 200 * MISS)
    width = float((upper - lower).mean())
    return Check.near("width of the band with one component", width, expected, 0.02)


def _band_checks(bands: dict[str | int, Values]) -> tuple[Check, ...]:
    held = {rule: Estimate.of(values[:, -1, 0]) for rule, values in bands.items()}
    infinite = float("inf")
    return (
        Check.over_seeds(
            "500 curves: bands of AIC + 1 that hold", held["aic+1"], 0.9, 0.85, infinite, 0
        ),
        Check.over_seeds("500 curves: bands of AIC that hold", held["aic"], 0.9, 0.8, infinite, 0),
        Check.over_seeds(
            "500 curves: bands of two components that hold", held[2], None, 0, 0.5, 0.9
        ),
        Check.over_seeds(
            "width at 500 curves / width at 100, AIC + 1",
            ratio(bands["aic+1"][:, 2, 1], bands["aic+1"][:, 0, 1]),
            None,
            0,
            0.75,
            1.0,
        ),
        _closed_form(),
    )


def _class_checks(
    sizes: tuple[int, ...], errors: dict[float, Values], profiles: dict[float, Values]
) -> tuple[Check, ...]:
    fall = ratio(errors[1.2][:, -1], errors[1.2][:, 0])
    over = Estimate.of(errors[3.0][:, -1] - bayes_error_of_classes(3.0))
    growth = {decay: float(_exponents(_true_profile(decay))) for decay in DECAYS}
    return (
        Check.over_seeds(
            f"decay 1.2: error at {sizes[-1]} curves / at {sizes[0]}", fall, None, 0, 0.75, 1.0
        ),
        Check.over_seeds(
            f"decay 3: error above Bayes, {sizes[-1]} curves", over, 0.0, -0.03, 0.1, 0.234
        ),
        *(
            Check.over_seeds(
                f"decay {decay:g}: exponent of growth of the profile, 400 curves",
                Estimate.of(_exponents(profiles[decay])),
                growth[decay],
                growth[decay] - 0.25,
                growth[decay] + 0.25,
                {1.2: 0.0, 3.0: 1.0}[decay],
            )
            for decay in DECAYS
        ),
    )


def _band_sentences(bands: dict[str | int, Values]) -> tuple[str, ...]:
    held = {rule: Estimate.of(values[:, -1, 0]) for rule, values in bands.items()}
    count = len(bands["aic"])
    return (
        f"Of {count} bands at 500 curves, {held['aic']:.2f} hold with the components of AIC and "
        f"{held['aic+1']:.2f} with one more; nominal is 0.9. With two components "
        f"{held[2]:.2f} hold: a band that is narrow by bias is of no use.",
        "The guarantee is one of length. It says nothing about a single point.",
    )


def _class_sentences(
    sizes: tuple[int, ...], errors: dict[float, Values], profiles: dict[float, Values]
) -> tuple[str, ...]:
    ends = {decay: Estimate.of(values[:, -1]) for decay, values in errors.items()}
    bayes = {decay: bayes_error_of_classes(decay) for decay in DECAYS}
    growth = {decay: Estimate.of(_exponents(values)) for decay, values in profiles.items()}
    return (
        f"At {sizes[-1]} curves the error is {ends[1.2]:.3f} where the smallest possible one is "
        f"{bayes[1.2]:.3f}, and {ends[3.0]:.3f} where it is {bayes[3.0]:.3f}.",
        "The profile tells both apart from 400 curves: its exponent of growth is "
        f"{growth[1.2]:.2f} and {growth[3.0]:.2f}.",
    )


def _draw_example(axis: Any, seed: int) -> None:
    X, y, grid, coef = make_curve_regression(500, random_state=[500, seed])
    model = FunctionalLinearRegressor(grid=grid).fit(X, y)
    model.plot(axis)
    axis.plot(grid, coef, "--", color=THEORY, label="truth")
    axis.set(title="a  one draw, 500 curves")
    axis.legend(loc="upper left")


def _draw_bands(shares: Any, widths: Any, bands: dict[str | int, Values]) -> None:
    for rule, (line, colour) in RULES.items():
        label = "two components" if rule == 2 else str(rule)
        draw_bars(shares, BANDS, bands[rule][..., 0], line, color=colour, label=label)
        draw_bars(widths, BANDS, bands[rule][..., 1], line, color=colour, label=label)
    shares.axhline(0.9, linestyle=":", color=THEORY)
    shares.set(title="b  share of bands that hold", xlabel="curves", ylim=(-0.05, 1.05))
    widths.set(title="c  width", xlabel="curves", ylim=(0, None))
    shares.legend(loc="center right")


def _draw_errors(axis: Any, sizes: tuple[int, ...], errors: dict[float, Values]) -> None:
    for decay, (line, colour) in DECAYS.items():
        draw_bars(axis, sizes, errors[decay], line, color=colour, label=f"decay {decay:g}")
        axis.axhline(bayes_error_of_classes(decay), linestyle=":", color=colour)
    axis.set(title="d  error, and Bayes error", xlabel="curves", xscale="log", yscale="log")
    log_ticks(axis)
    axis.legend(loc="lower left")


def _draw_profiles(axis: Any, growth: Any, profiles: dict[float, Values]) -> None:
    r = np.arange(1, 41)
    for place, (decay, (line, colour)) in enumerate(DECAYS.items()):
        axis.plot(r, profiles[decay].mean(0), line[1:], color=colour, label=f"decay {decay:g}")
        axis.plot(r, _true_profile(decay), ":", color=THEORY)
        exponents = _exponents(profiles[decay])
        draw_bars(growth, [place], exponents[:, None], line[0], color=colour)
        growth.plot(place, _exponents(_true_profile(decay)), "_", color=THEORY, markersize=18)
    axis.set(title="e  profile of separability, and truth", xlabel="components", ylabel="S(r)")
    axis.legend(loc="upper left")
    growth.set(title="f  exponent of growth, and truth", xlim=(-0.5, 1.5), ylim=(-0.3, 1.1))
    growth.set_xticks([0, 1], [f"decay {decay:g}" for decay in DECAYS])
