"""Figure 5: the error against the number of parameters falls, rises to a peak where parameters
equal rows, and falls again.

The figure has least squares on Gaussian rows against its closed form, parallel and residual
networks under squared loss, linearised and trained, against the theory curve of their Fisher
spectrum, and the same networks under softmax.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from motifnet.lab._figure import (
    CALM,
    MEASURED,
    THEORY,
    TRAINED,
    Check,
    Facts,
    draws,
    files,
    log_axes,
    panels,
)
from motifnet.landscape import (
    ParallelNetwork,
    ResidualNetwork,
    SizeCurve,
    drawn,
    isotropic_risk,
    population_risk,
    risk_of,
    size_curve,
)

NAME, TITLE = "fig5", "Double descent: error against the number of parameters"
INPUTS, NOISE, RIDGE, PER_PART = 5, 0.3, 1e-3, 20
QUICK_ITERATIONS = {"squared": 300, "cross_entropy": 30}
ITERATIONS = {"squared": 400, "cross_entropy": 100}
GAMMAS = (0.25, 0.5, 0.8, 1.25, 2.0, 4.0, 8.0)
QUICK_RATIOS = (0.4, 0.8, 1.0, 1.4, 2.0, 8.0)
RATIOS = (0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 2.0, 4.0, 8.0)
FAMILIES: dict[str, Callable[[int, int], nn.Module]] = {
    "parallel networks": lambda size, outputs: ParallelNetwork((INPUTS, 2, 2, outputs), size),
    "residual networks": lambda size, outputs: ResidualNetwork(INPUTS, outputs, size),
}


@dataclass(frozen=True)
class _Family:
    """Both curves of one family, the theory of the squared one with shape (sizes, ridges), and the
    noise in the held-out error.
    """

    squared: SizeCurve
    softmax: SizeCurve
    theory: np.ndarray
    noise: float

    @property
    def ratios(self) -> list[float]:
        return [point.ratio for point in self.squared.points]

    def excess(self, ridge: float) -> np.ndarray:
        return self.squared.errors(ridge) - self.noise

    @property
    def trained(self) -> np.ndarray:
        return np.array([point.trained for point in self.squared.points]) - self.noise


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    n, seeds, iterations = (
        (100, draws(quick, 3), QUICK_ITERATIONS) if quick else (160, draws(quick, 6), ITERATIONS)
    )
    sizes = sorted(
        {max(1, round(ratio * n / PER_PART)) for ratio in (QUICK_RATIOS if quick else RATIOS)}
    )
    linear = _linear(60 if quick else 300, seeds[0])
    families = {name: _family(make, sizes, n, seeds, iterations) for name, make in FAMILIES.items()}
    with panels(out, NAME, 2, 3) as axes:
        _draw_linear(axes[0, 0], linear)
        for column, (name, family) in enumerate(families.items(), start=1):
            _draw_squared(axes[0, column], name, family)
            _draw_softmax(axes[1, column], name, family.softmax)
        _draw_trained(axes[1, 0], families)
    checks = [
        Check.near(
            f"least squares, p/n = {g:g}",
            linear[g],
            isotropic_risk(g, NOISE**2, 1.0),
            0.03 if g >= 2 else 0.08,
        )
        for g in GAMMAS
    ]
    return Facts(
        NAME,
        TITLE,
        quick,
        _sentences(families),
        (*checks, *_checks(families)),
        _values(linear, families, n),
        files(NAME),
    )


def _linear(repeats: int, seed: int, n: int = 200) -> dict[float, float]:
    """Mean excess error of least squares for each p/n: unit signal, independent Gaussian
    columns.
    """
    rng, found = np.random.default_rng(seed), {}
    for gamma in GAMMAS:
        p, errors = int(gamma * n), []
        for _ in range(repeats):
            X, b = rng.normal(size=(n, p)), np.full(p, p**-0.5)
            fitted = np.linalg.lstsq(X, X @ b + NOISE * rng.normal(size=n))[0]
            errors.append(float(((fitted - b) ** 2).sum()))
        found[gamma] = float(np.mean(errors))
    return found


def _target(X: Tensor) -> Tensor:
    return torch.sin(2 * X[:, :1]) + X[:, 1:2] * X[:, 2:3]


def _inputs(rows: int, generator: torch.Generator) -> Tensor:
    return 2 * torch.rand(rows, INPUTS, dtype=torch.float64, generator=generator) - 1


def _family(
    make: Callable[[int, int], nn.Module],
    sizes: list[int],
    n: int,
    seeds: range,
    iterations: dict[str, int],
) -> _Family:
    generator = torch.Generator().manual_seed(seeds[0])
    X = _inputs(20 * n, generator)
    noise = NOISE * torch.randn(len(X), 1, dtype=torch.float64, generator=generator)
    y = _target(X) + noise

    def curve(outputs: int, targets: Tensor, loss: str) -> SizeCurve:
        settings: dict[str, Any] = {
            "ridges": (0.0, RIDGE),
            "repeats": len(seeds),
            "held_out": 0.95,
            "iterations": iterations[loss],
            "seed": seeds[0],
        }
        return size_curve(
            lambda size: make(size, outputs), X, targets, sizes, loss=loss, **settings
        )

    squared, softmax = curve(1, y, "squared"), curve(2, (y[:, 0] > 0).long(), "cross_entropy")
    theory = [
        np.median(
            [_theory(drawn(lambda s: make(s, 1), size, k), n, generator) for k in seeds], axis=0
        )
        for size in sizes
    ]
    return _Family(squared, softmax, np.array(theory), float(noise.square().mean()))


def _theory(network: nn.Module, n: int, generator: torch.Generator) -> list[float]:
    """Expected excess error without ridge and with it."""
    count = sum(p.numel() for p in network.parameters())
    X = _inputs(max(2_000, 4 * count), generator)
    risk = risk_of(network, X[:n], _target(X[:n]))
    unit = float(risk.jacobian(risk.X).square().sum()) / n  # that of the ridges of `size_curve`
    return [
        population_risk(risk, X, _target(X), ridge * unit, NOISE**2).total for ridge in (0.0, RIDGE)
    ]


def _checks(families: dict[str, _Family]) -> list[Check]:
    checks = []
    for name, family in families.items():
        misfit = float(np.median(np.abs(family.excess(RIDGE) / family.theory[:, 1] - 1)))
        ridgeless, calm = family.excess(0.0), family.excess(RIDGE)
        checks += [
            Check(
                f"{name}, linearised: parameters per row at the peak",
                family.squared.peak.ratio,
                1.0,
                0.8,
                1.2,
            ),
            Check(
                f"{name}, trained: parameters per row at the peak",
                family.ratios[int(np.argmax(family.trained))],
                1.0,
                0.8,
                1.2,
            ),
            Check(
                f"{name}, trained: error of the widest over the peak",
                float(family.trained[-1] / family.trained.max()),
                0.0,
                0.0,
                0.8,
            ),
            Check(
                f"{name}: error of the widest over the peak",
                float(ridgeless[-1] / ridgeless.max()),
                0.0,
                0.0,
                0.1,
            ),
            Check(
                f"{name}, ridge {RIDGE:g}: highest error inside over that of the smallest",
                float(calm[1:-1].max() / calm[0]),
                1.0,
                0.0,
                1.2,
            ),
            Check(
                f"{name}, ridge {RIDGE:g}: median distance from the theory curve",
                misfit,
                0.0,
                0.0,
                0.08,
            ),
        ]
    return checks


def _sentences(families: dict[str, _Family]) -> tuple[str, ...]:
    def of(name: str, family: _Family) -> str:
        trained, peak = family.trained, int(np.argmax(family.trained))
        above = np.nanmax(
            np.where(
                np.isfinite(family.theory[:, 0]), family.excess(0.0) / family.theory[:, 0], np.nan
            )
        )
        return (
            f"{name.capitalize()}: the linearised fit without ridge peaks at "
            f"{family.squared.peak.ratio:.2f} parameters a row, the trained network "
            f"at {family.ratios[peak]:.2f}, where its error is {trained[peak] / trained[-1]:.1f} "
            f"times that of the widest. With a ridge of {RIDGE:g} "
            f"it is near theory; without one the error is up to {above:.1f} times that of theory: "
            "features of networks are far from Gaussian in "
            f"their many small directions. Under softmax the log loss of the linearised fit peaks "
            f"at {family.softmax.peak.ratio:.2f}."
        )

    return tuple(of(name, family) for name, family in families.items())


def _values(linear: dict[float, float], families: dict[str, _Family], n: int) -> dict[str, Any]:
    def of(family: _Family) -> dict[str, Any]:
        return {
            "parameters per row": family.ratios,
            "linearised, no ridge": family.excess(0.0).tolist(),
            f"linearised, ridge {RIDGE:g}": family.excess(RIDGE).tolist(),
            "theory, no ridge": [
                value if math.isfinite(value) else None for value in family.theory[:, 0]
            ],
            f"theory, ridge {RIDGE:g}": family.theory[:, 1].tolist(),
            "trained": family.trained.tolist(),
            "softmax, trained": [point.trained for point in family.softmax.points],
            "softmax, no ridge": family.softmax.errors(0.0).tolist(),
        }

    return {"rows": n, "least squares": {str(g): e for g, e in linear.items()}} | {
        name: of(family) for name, family in families.items()
    }


def _draw_linear(axis: Any, linear: dict[float, float]) -> None:
    gammas = np.concatenate([np.linspace(0.1, 0.98, 60), [np.nan], np.geomspace(1.02, 9, 80)])
    axis.plot(
        gammas,
        [isotropic_risk(float(g), NOISE**2, 1.0) for g in gammas],
        color=THEORY,
        label="closed form",
    )
    axis.plot(list(linear), list(linear.values()), "o", color=MEASURED, label="simulated")
    _finish(axis, "a  least squares, independent columns", "excess error")


def _draw_squared(axis: Any, name: str, family: _Family) -> None:
    axis.plot(family.ratios, family.theory[:, 0], "--", color=THEORY, label="theory, no ridge")
    axis.plot(family.ratios, family.theory[:, 1], color=THEORY, label="theory, ridge")
    axis.plot(family.ratios, family.excess(0.0), "o", color=MEASURED, label="linearised, no ridge")
    axis.plot(
        family.ratios, family.excess(RIDGE), "s", color=CALM, label=f"linearised, ridge {RIDGE:g}"
    )
    _finish(
        axis, f"{'b' if 'parallel' in name else 'c'}  {name}, linearised", "excess error", room=20
    )


def _draw_trained(axis: Any, families: dict[str, _Family]) -> None:
    for (name, family), mark in zip(families.items(), "o^", strict=True):
        axis.plot(
            family.ratios,
            family.trained,
            f"-{mark}",
            color=TRAINED if mark == "o" else CALM,
            label=name,
        )
    _finish(axis, "d  trained to the minimum, squared loss", "excess error")


def _draw_softmax(axis: Any, name: str, curve: SizeCurve) -> None:
    ratios = [point.ratio for point in curve.points]
    axis.plot(ratios, curve.errors(0.0), "o-", color=MEASURED, label="linearised, no ridge")
    axis.plot(ratios, curve.errors(RIDGE), "s-", color=CALM, label=f"linearised, ridge {RIDGE:g}")
    axis.plot(
        ratios, [point.trained for point in curve.points], "^-", color=TRAINED, label="trained"
    )
    _finish(axis, f"{'e' if 'parallel' in name else 'f'}  {name}, softmax", "held-out log loss")


def _finish(axis: Any, title: str, error: str, room: float = 2.5) -> None:
    axis.axvline(1, color="0.8", zorder=0)
    log_axes(axis, title, "parameters per row", error)
    axis.set_ylim(top=axis.get_ylim()[1] * room)  # for the legend
    axis.legend(loc="upper left")
