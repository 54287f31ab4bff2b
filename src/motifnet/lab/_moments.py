"""Figure of moments: what instruments are worth, for the mean, a quantile, and when they are weak.

    Z ~ U(−3, 3)²,  e ~ N(0, 1),  X = a Z₁ + e/2 + N(0, .1²),  y = f(X) + σ(X) e

X depends on e, so that a regression of y on X does not estimate f. With a = ½ and linear f its
slope is off by

    Cov(X, e)/Var X = ½ / (3a² + ¼ + .1²) = .495

and X has correlation (3a² / Var X)^½ = .862 with the best function of Z. As a falls the first stage
fades, and the band has to widen. The quantile design has f = sin x and σ = 1 + .4 tanh x, so that
the structural quantile is f + σ Φ⁻¹(τ).
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

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
    files,
    panels,
    ratio,
)
from motifnet.moments import ConditionalMomentRegressor, SieveTSLS

NAME, TITLE = "moments", "Instruments: the mean, a quantile, and weak ones"
STRENGTHS = (0.5, 0.25, 0.12, 0.06, 0.0)
LEVEL, COVERAGE, ROWS, CENTERS = 0.75, 0.9, 1_000, 100
GRID = np.linspace(-1.8, 1.8, 61)[:, None]
VARIANCE = 3 * 0.5**2 + 0.25 + 0.01


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    seeds = draws(quick, 3 if quick else 10)
    with warnings.catch_warnings(action="ignore"):  # weak instruments are the subject
        measured = [_measure(seed) for seed in seeds]
    values = {name: np.array([each[name] for each in measured]) for name in measured[0]}
    with panels(out, NAME, 1, 3) as axes:
        _draw_fit(axes[0, 0], measured[0], "a  the mean, one sample", np.sin(GRID[:, 0]), "")
        _draw_fit(axes[0, 1], measured[0], "b  the .75-quantile", _quantile(), "quantile ")
        draw_bars(axes[0, 2], STRENGTHS, values["widths"], color=TRAINED)
        axes[0, 2].set(
            title="c  width of the 90 % band",
            xlabel="strength a of the instrument",
            ylabel="mean width",
            yscale="log",
        )
    drawn = {name: values[name].tolist() for name in ("errors", "widths", "ranks", "coverage")}
    return Facts(NAME, TITLE, quick, _sentences(values), _checks(values), drawn, files(NAME))


def _sample(seed: int, strength: float = 0.5) -> tuple[Matrix, Matrix, Matrix]:
    """X with shape (n, 1), e and Z."""
    rng = np.random.default_rng(seed)
    Z, e = rng.uniform(-3, 3, (ROWS, 2)), rng.normal(size=ROWS)
    x = strength * Z[:, 0] + e / 2 + 0.1 * rng.normal(size=ROWS)
    return x[:, None], e, Z


def _quantile() -> Matrix:
    x = GRID[:, 0]
    return np.asarray(np.sin(x) + (1 + 0.4 * np.tanh(x)) * ndtri(LEVEL))


def _measure(seed: int) -> dict[str, Matrix]:
    """Fits on the grid, and their errors, of one draw."""
    X, e, Z = _sample(seed)
    x = X[:, 0]
    found: dict[str, Matrix] = {}
    for kind, y, truth in (
        ("", np.sin(x) + e, np.sin(GRID[:, 0])),
        ("quantile ", np.sin(x) + (1 + 0.4 * np.tanh(x)) * e, _quantile()),
    ):
        model = ConditionalMomentRegressor(
            "quantile" if kind else "iv", n_centers=CENTERS, level=LEVEL
        )
        found[f"{kind}direct"] = model.fit(X, y, X).predict(GRID)  # a regression
        model.fit(X, y, Z)
        found[f"{kind}ours"] = model.predict(GRID)
        found[f"{kind}band"] = model.predict_band(GRID, COVERAGE)
        low, high = found[f"{kind}band"].T
        found[f"{kind}coverage"] = np.mean((low <= truth) & (truth <= high))
        found[f"{kind}errors"] = np.array(
            [np.mean((found[f"{kind}{name}"] - truth) ** 2) for name in ("ours", "direct")]
        )
    slopes = [SieveTSLS("linear").fit(X, x + e, V).coefficients_[1] - 1 for V in (Z, X)]
    weak = [_weak(seed, strength) for strength in STRENGTHS]
    return found | {
        "slopes": np.array(slopes),
        "correlation": SieveTSLS("linear").fit(X, x + e, Z).identification_.correlations[0],
        "widths": np.array([width for width, _ in weak]),
        "ranks": np.array([rank for _, rank in weak]),
    }


def _weak(seed: int, strength: float) -> tuple[float, float]:
    """The mean width of the band, and the effective rank."""
    X, e, Z = _sample(seed, strength)
    model = ConditionalMomentRegressor(n_centers=CENTERS).fit(X, np.sin(X[:, 0]) + e, Z)
    width = np.diff(model.predict_band(GRID / 2, COVERAGE)).mean()
    return float(width), model.identification_.effective_rank


def _checks(values: dict[str, Any]) -> tuple[Check, ...]:
    error, quantile = (
        ratio(values[name][:, 0], values[name][:, 1]) for name in ("errors", "quantile errors")
    )
    slopes, widths = values["slopes"], values["widths"]
    wider = Estimate.of(np.log(widths[:, -1] / widths[:, 0]))
    bias, truth = 0.5 / VARIANCE, np.sqrt(0.75 / VARIANCE)
    return (
        Check.over_seeds(
            "slope of the regression less the truth", Estimate.of(slopes[:, 1]), bias, 0.4, 0.6, 0.0
        ),
        Check.over_seeds(
            "slope with instruments less the truth", Estimate.of(slopes[:, 0]), 0.0, -0.1, 0.1, bias
        ),
        Check.over_seeds(
            "correlation of the first stage",
            Estimate.of(values["correlation"]),
            float(truth),
            0.83,
            0.89,
            0.0,
        ),
        Check.over_seeds("mean: error / regression", error, None, -1.0, 0.4, 1.0),
        Check.over_seeds("quantile: error / quantile regression", quantile, None, -1.0, 0.5, 1.0),
        Check.over_seeds("log width at a = 0 less that at a = ½", wider, None, 0.5, 10.0, 0.0),
    )


def _sentences(values: dict[str, Any]) -> tuple[str, ...]:
    mean, quantile = (
        ratio(values[name][:, 0], values[name][:, 1]) for name in ("errors", "quantile errors")
    )
    covers = [100 * values[name].mean() for name in ("coverage", "quantile coverage")]
    ranks = ", ".join(f"{rank:.1f}" for rank in values["ranks"].mean(0))
    return (
        f"With {ROWS:,} rows the mean squared error is {mean:.2f} times that of the regression "
        f"that ignores the instruments, for the quantile {quantile:.2f} times. Bands of 90 % hold "
        f"{covers[0]:.0f} and {covers[1]:.0f} % of the points.",
        f"At strengths {', '.join(map(str, STRENGTHS))} the instruments see {ranks} directions of "
        "f, and the band widens accordingly.",
    )


def _draw_fit(axis: Any, fits: dict[str, Matrix], title: str, truth: Matrix, kind: str) -> None:
    x, (low, high) = GRID[:, 0], fits[f"{kind}band"].T
    axis.fill_between(x, low, high, color=TRAINED, alpha=0.2, linewidth=0, label="its 90 % band")
    axis.plot(x, truth, "--", color=THEORY, label="truth")
    axis.plot(x, fits[f"{kind}direct"], color=MEASURED, label="without instruments")
    axis.plot(x, fits[f"{kind}ours"], color=TRAINED, label="with instruments")
    axis.axhline(0, color=CALM, linewidth=0.3)
    axis.set(title=title, xlabel="x")
    axis.legend(loc="upper left")
