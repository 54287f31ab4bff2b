"""Figure 6: Gaussian SGD leaves steep bowls early, and enters and stays near a minimum that is
convex along the few directions that matter.

The panels show:

- exit times from a bowl against the exact law of the Ornstein–Uhlenbeck process, with noise that
  follows the curvature and noise that does not;
- the number of directions that a walk lives in, against the number of parameters;
- the walk of a small network from near a minimum, in the plane of its leading directions;
- how often walks enter a set on which the loss is essentially convex (`_walks`), and the
  generalisation gap there (`_gap`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motifnet.lab import _gap, _walks
from motifnet.lab._figure import CALM, MEASURED, THEORY, TRAINED, Check, Facts, draws, files, panels
from motifnet.lab._gap import Gaps
from motifnet.lab._walks import Entering, bowl_walk, mean_exit_steps
from motifnet.landscape import (
    ParallelNetwork,
    Risk,
    Visited,
    Walk,
    curvature,
    drawn,
    gaussian_sgd,
    log_exit_steps,
    minimise,
    risk_of,
    row_noise,
    visited,
)

NAME, TITLE = "fig6", "Gaussian SGD: how long it stays, and where"
LAMBDAS = (1.0, 1.5, 2.0, 3.0, 4.0)
BARRIER, RATE, ISOTROPIC = 0.02, 0.01, 1.5
COUNTS = (50, 100, 200, 400)
Ratios = dict[str, dict[int, float]]  # kind of noise → parameters → directions of a walk


@dataclass(frozen=True)
class _Exits:
    """log of the mean number of steps for each curvature: simulated and exact, with noise like the
    curvature and isotropic.
    """

    aligned: list[float]
    aligned_exact: list[float]
    isotropic: list[float]
    isotropic_exact: list[float]


@dataclass(frozen=True)
class _Network:
    """A walk of a network from near a minimum: the risk, the walk and its visited set, its path,
    and the risk at the minimum.
    """

    risk: Risk
    walk: Walk
    found: Visited
    path: Tensor
    bottom: float


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    seed = draws(quick, 1)[0]
    exits = _exits(10_000 if quick else 40_000, seed)
    counts, steps = (COUNTS[::3], 12_000) if quick else (COUNTS, 30_000)
    ratios = {
        kind: {p: _ratio(p, kind == "aligned", steps, seed) for p in counts}
        for kind in ("aligned", "isotropic")
    }
    network = _network(2_000 if quick else 4_000, seed)
    entered = _walks.entering(network.risk, *((10, 600) if quick else (30, 1_000)), seed)
    gaps = (
        _gap.gaps((2, 10), draws(quick, 6), 700)
        if quick
        else _gap.gaps((2, 6, 20), draws(quick, 12), 1_200)
    )
    with panels(out, NAME, 2, 3) as axes:
        _draw_exits(axes[0, 0], exits)
        _draw_ratios(axes[0, 1], ratios)
        _draw_loss(axes[0, 2], network)
        _draw_plane(axes[1, 0], network)
        _walks.draw_entering(axes[1, 1], entered)
        _gap.draw_gaps(axes[1, 2], gaps)
    return Facts(
        NAME,
        TITLE,
        quick,
        _sentences(exits, network.found, entered, gaps),
        (
            *_checks(exits, ratios, network.found),
            *_walks.entering_checks(entered),
            *_gap.gap_checks(gaps),
        ),
        _values(exits, ratios, network) | {"entering": entered.values, "gap": gaps.values},
        files(NAME),
    )


def _exits(walks: int, seed: int) -> _Exits:
    def simulated(noise: float | None) -> list[float]:
        return [
            math.log(mean_exit_steps(lam, noise or lam, BARRIER, RATE, walks, seed))
            for lam in LAMBDAS
        ]

    def exact(noise: float | None) -> list[float]:
        return [log_exit_steps(lam, noise or lam, BARRIER, RATE, 1.0) for lam in LAMBDAS]

    return _Exits(simulated(None), exact(None), simulated(ISOTROPIC), exact(ISOTROPIC))


def _ratio(p: int, aligned: bool, steps: int, seed: int) -> float:
    return visited(bowl_walk(p, aligned, steps, seed)[0]).participation_ratio


def _network(steps: int, seed: int) -> _Network:
    """The walk of a network that starts off its minimum, along the three steepest directions."""
    bottom = bottom_of_rows(seed)
    steep = curvature(bottom, 3)
    start = bottom.theta + 0.4 * steep.directions.sum(0)
    path: list[Tensor] = [start]

    def value(theta: Tensor) -> Tensor:
        path.append(theta)
        return bottom.value(theta)

    rate = 0.3 / steep.largest
    walk = gaussian_sgd(
        value,
        bottom.gradient,
        row_noise(bottom),
        start,
        rate=rate,
        batch=5.0,
        steps=steps,
        window=200,
        seed=seed,
    )
    return _Network(
        bottom, walk, visited(walk, bottom), torch.stack(path), float(bottom.value(bottom.theta))
    )


def bottom_of_rows(seed: int = 0) -> Risk:
    """The risk of rows of a known network with noise, at the minimum of a copy of that network."""
    generator = torch.Generator().manual_seed(seed)
    module = drawn(lambda copies: ParallelNetwork((5, 2, 2, 1), copies), 2, seed).double()
    X = 2 * torch.rand(200, 5, dtype=torch.float64, generator=generator) - 1
    y = module(X).detach() + 0.3 * torch.randn(200, 1, dtype=torch.float64, generator=generator)
    return minimise(risk_of(module, X, y), 60)


def _spread(logs: list[float]) -> float:
    """The range of log(λ · steps) over the curvatures."""
    scaled = [value + math.log(lam) for value, lam in zip(logs, LAMBDAS, strict=True)]
    return max(scaled) - min(scaled)


def _checks(exits: _Exits, ratios: Ratios, found: Visited) -> list[Check]:
    times = [
        Check.near(
            f"steps to leave, curvature {lam:g}",
            math.exp(a),
            math.exp(b),
            0.06 if lam <= 3 else 0.1,
        )
        for lam, a, b in zip(LAMBDAS, exits.aligned, exits.aligned_exact, strict=True)
    ]
    return [
        *times,
        Check(
            "isotropic noise: spread of log(curvature × steps)",
            _spread(exits.isotropic),
            0.0,
            0.0,
            0.15,
        ),
        Check(
            "noise like the curvature: spread of log(curvature × steps)",
            _spread(exits.aligned),
            3.0,
            2.5,
            math.inf,
            no_effect=0.0,
        ),
        *(
            Check(f"directions of a walk among {p} parameters", r, 5.0, 4.8, 5.2, no_effect=p)
            for p, r in ratios["aligned"].items()
        ),
        Check(
            "network: share of the visited set where the loss is convex",
            found.essential_convexity,
            1.0,
            0.9,
            1.0,
            no_effect=0.5,
        ),
        Check(
            "network: 1 where the walk came to rest",
            float(found.stagnated is not None),
            1.0,
            1.0,
            1.0,
            no_effect=0.0,
        ),
    ]


def _sentences(exits: _Exits, found: Visited, entered: Entering, gaps: Gaps) -> tuple[str, ...]:
    faster = math.exp(exits.aligned[0] - exits.aligned[-1])
    return (
        f"With noise that follows the curvature a bowl four times as steep, and as deep, is left "
        f"{faster:.0f} times as early; with isotropic noise "
        f"{math.exp(exits.isotropic[0] - exits.isotropic[-1]):.1f} times, which is the bowl's own "
        "pace and no exponent.",
        found.sentence,
        entered.sentence,
        gaps.sentence,
    )


def _values(exits: _Exits, ratios: Ratios, network: _Network) -> dict[str, Any]:
    return {
        "curvatures": LAMBDAS,
        "log steps, noise like the curvature": exits.aligned,
        "log steps, exact": exits.aligned_exact,
        "log steps, isotropic noise": exits.isotropic,
        "log steps, isotropic, exact": exits.isotropic_exact,
        "participation ratio by parameters": {
            kind: {str(p): r for p, r in of.items()} for kind, of in ratios.items()
        },
        "network": {
            "parameters": network.found.parameters,
            "participation ratio": network.found.participation_ratio,
            "essential convexity": network.found.essential_convexity,
            "came to rest after": network.found.stagnated,
            "gap proxy": network.found.gap_proxy,
        },
    }


def _draw_exits(axis: Any, exits: _Exits) -> None:
    fine = np.linspace(0.9, 4.2, 100)
    axis.plot(
        fine,
        [math.exp(log_exit_steps(lam, lam, BARRIER, RATE, 1.0)) for lam in fine],
        color=THEORY,
        label="exact",
    )
    axis.plot(
        fine,
        [math.exp(log_exit_steps(lam, ISOTROPIC, BARRIER, RATE, 1.0)) for lam in fine],
        "--",
        color=THEORY,
    )
    axis.plot(LAMBDAS, np.exp(exits.aligned), "o", color=MEASURED, label="noise like the curvature")
    axis.plot(LAMBDAS, np.exp(exits.isotropic), "s", color=CALM, label="isotropic noise")
    axis.set(
        title="a  time to leave a bowl of fixed depth",
        xlabel="curvature λ",
        ylabel="mean steps",
        yscale="log",
    )
    axis.legend()


def _draw_ratios(axis: Any, ratios: Ratios) -> None:
    axis.axhline(5, color=THEORY, label="rank of the bowl")
    axis.plot(
        *zip(*ratios["aligned"].items(), strict=True),
        "o",
        color=MEASURED,
        label="noise like the curvature",
    )
    axis.plot(
        *zip(*ratios["isotropic"].items(), strict=True),
        "s",
        color=CALM,
        label="isotropic noise: diffuses",
    )
    axis.set(
        title="b  directions that a walk lives in",
        xlabel="parameters",
        ylabel="participation ratio",
        ylim=(0, 7.5),
    )
    axis.legend(loc="upper right")


def _draw_loss(axis: Any, network: _Network) -> None:
    axis.plot(np.asarray(network.walk.losses), color=MEASURED, linewidth=0.5)
    axis.axhline(network.bottom, color=THEORY, label="at the minimum")
    if network.found.stagnated is not None:
        axis.axvline(network.found.stagnated, color=TRAINED, linestyle="--", label="came to rest")
    axis.set(
        title=f"c  a network of {network.found.parameters} parameters enters and stays",
        xlabel="step",
        ylabel="training risk",
        yscale="log",
    )
    axis.legend()


def _draw_plane(axis: Any, network: _Network) -> None:
    centre = network.walk.points.mean(0)
    offsets = network.path - centre
    plane = torch.linalg.svd(offsets, full_matrices=False)[2][:2]
    track = np.asarray(offsets @ plane.T)
    lows, highs = track.min(0), track.max(0)
    margin = 0.15 * (highs - lows)
    a, b = (
        np.linspace(low, high, 40) for low, high in zip(lows - margin, highs + margin, strict=True)
    )
    height = [
        [float(network.risk.value(centre + u * plane[0] + v * plane[1])) for u in a] for v in b
    ]
    axis.contour(a, b, np.log(height), 12, colors=THEORY, linewidths=0.4, linestyles="solid")
    axis.plot(*track.T, color=MEASURED, linewidth=0.5)
    axis.plot(*track[0], "o", color=TRAINED, label="start")
    axis.grid(False)
    axis.set(
        title="d  its path and the risk in their leading plane",
        xlabel="first direction",
        ylabel="second direction",
    )
    axis.legend()
