"""The generalisation gap on a set where the loss is essentially convex. It depends on the spectrum,
not on the number of parameters.

Parallel networks of M copies, with p = 20 M parameters, walk by Gaussian SGD on
R_n(θ) + ½ τ ‖θ − θ₀‖² from a random start θ₀, until they rest. With h_i the eigenvalues of the
Gauss–Newton matrix of R_n there, the fit has d = Σ h_i/(h_i + τ) effective parameters. To first
order

    E[R(θ) − R_n(θ)] = 2 σ² d/n

This does not grow with p: copies are divided by √M, and d has a limit. A count of parameters would
give 2 σ² p/n. The truth is f_θ₀ plus a function that the walk has to find. The gap of the truth has
mean 0 and is subtracted from the gap of each seed: it is noise of the rows, not of the fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    Estimate,
    Values,
    log_axes,
    mean_and_error,
    slope,
)
from motifnet.lab._walks import many_walks
from motifnet.landscape import ParallelNetwork, Risk, Walk, curvature, drawn, risk_of, visited

ROWS, HELD_OUT_ROWS, NOISE, INPUTS = 150, 4_000, 0.5, 5
DECAYS, MIDDLE = (0.03, 0.1, 0.3), 1
BATCH, STEP = 20.0, 0.3


@dataclass(frozen=True)
class Gaps:
    """Parameters of each size; gap, effective parameters and essential convexity with shape (seeds,
    sizes, decays).
    """

    parameters: tuple[int, ...]
    gap: Values
    effective: Values
    convexity: Values

    @property
    def predicted(self) -> Values:
        """2 σ² d/n."""
        return 2 * NOISE**2 / ROWS * self.effective

    @property
    def values(self) -> dict[str, Any]:
        """Means over seeds."""
        each = {
            "gap": self.gap,
            "effective parameters": self.effective,
            "essential convexity": self.convexity,
        }
        return {
            "parameters": self.parameters,
            "decays": DECAYS,
            **{name: values.mean(0).tolist() for name, values in each.items()},
        }

    @property
    def sentence(self) -> str:
        gap, predicted = (values[:, :, MIDDLE].mean(0) for values in (self.gap, self.predicted))
        return (
            f"There the generalisation gap is {gap[0]:.3f} with {self.parameters[0]} parameters "
            f"and {gap[-1]:.3f} with {self.parameters[-1]:,}; "
            f"2σ²d/n, of the spectrum, says {predicted[0]:.3f} and {predicted[-1]:.3f}."
        )


def student(copies: int) -> nn.Module:
    """The network that walks."""
    return ParallelNetwork((INPUTS, 2, 2, 1), copies)


def gaps(copies: tuple[int, ...], seeds: range, steps: int) -> Gaps:
    """The gaps for each number of copies, over all seeds and decays."""
    found = [_of_size(count, seeds, steps) for count in copies]
    parts = (np.array([part[k] for _, part in found]).transpose(1, 0, 2) for k in range(3))
    return Gaps(tuple(p for p, _ in found), *parts)


def rows(network: nn.Module, n: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """X, y, and the noise in y."""
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(n, INPUTS, dtype=torch.float64, generator=generator) - 1
    noise = NOISE * torch.randn(n, 1, dtype=torch.float64, generator=generator)
    found = (torch.sin(2 * X[:, :1]) + X[:, 1:2] * X[:, 2:3]) / 5
    return X, network(X).detach() + found + noise, noise


def held_out_rows(network: nn.Module, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """The same for held-out rows."""
    return rows(network, HELD_OUT_ROWS, 1_000_000 + seed)


def _of_size(copies: int, seeds: range, steps: int) -> tuple[int, Values]:
    """The number of parameters, and gap, effective parameters and convexity with shape (3, seeds,
    decays).
    """
    networks = [drawn(student, copies, seed).double() for seed in seeds]
    samples = [rows(network, ROWS, seed) for seed, network in zip(seeds, networks, strict=True)]
    risks = [risk_of(network, X, y) for network, (X, y, _) in zip(networks, samples, strict=True)]
    each = [risk for risk in risks for _ in DECAYS]
    decay = torch.tensor(DECAYS * len(seeds), dtype=torch.float64)
    rates = torch.full_like(decay, STEP / max(curvature(risk, 1).largest for risk in risks))
    starts, X, y = (
        torch.stack(parts) for parts in zip(*((r.theta, r.X, r.y) for r in each), strict=True)
    )
    walks = iter(
        many_walks(
            risks[0],
            starts,
            X,
            y,
            rates=rates,
            batch=BATCH,
            steps=steps,
            decay=decay,
            seed=seeds[0],
        )
    )
    found = [
        [_one(risk, next(walks), sample[2], tau, fresh) for tau in DECAYS]
        for risk, sample, fresh in zip(
            risks, samples, map(held_out_rows, networks, seeds), strict=True
        )
    ]
    return risks[0].p, np.array(found).transpose(2, 0, 1)


def _one(
    risk: Risk, walk: Walk, noise: Tensor, decay: float, fresh: tuple[Tensor, Tensor, Tensor]
) -> tuple[float, float, float]:
    X, y, other = fresh
    points = walk.points[:: max(1, len(walk.points) // 8)]
    gap = np.mean(
        [
            float((risk.outputs(theta, X) - y).square().mean() - risk.value(theta))
            for theta in points
        ]
    )
    of_truth = float(other.square().mean() - noise.square().mean())
    middle = replace(risk, theta=walk.points.mean(0))
    h = 2 / risk.n * torch.linalg.svdvals(middle.jacobian(middle.X).flatten(0, 1)).square()
    return float(gap) - of_truth, float((h / (h + decay)).sum()), visited(walk).essential_convexity


def gap_checks(found: Gaps) -> list[Check]:
    """The gap does not grow with p, and grows with d as theory says."""
    smallest, largest = found.parameters[0], found.parameters[-1]
    gap, d = found.gap, found.effective
    middle = f"decay {DECAYS[MIDDLE]:g}"

    def by_size(gap: Values) -> float:
        return -slope(found.parameters, gap.mean(0))

    def by_spectrum(gap: Values, d: Values) -> float:
        return -slope(d.mean((0, 1)), gap.mean((0, 1)))

    def share(gap: Values, predicted: Values) -> float:
        return float(gap.mean() / predicted.mean())

    inside = Estimate.of(found.convexity[:, :, MIDDLE].mean(1))
    here = (gap[:, -1, MIDDLE], found.predicted[:, -1, MIDDLE])
    size = Estimate.jackknife(by_size, gap[:, :, MIDDLE])
    spectrum = Estimate.jackknife(by_spectrum, gap, d)
    return [
        Check.over_seeds(
            f"share of the visited set where the loss is convex, {middle}",
            inside,
            1.0,
            0.9,
            1.1,
            0.5,
        ),
        Check.over_seeds(
            f"gap against parameters, {smallest} to {largest}, {middle}: exponent",
            size,
            0.0,
            -0.4,
            0.4,
            1.0,
        ),
        Check.over_seeds(
            "gap against effective parameters: exponent", spectrum, 1.0, 0.2, 1.8, 0.0
        ),
        Check.over_seeds(
            f"gap / 2σ²d/n, {largest} parameters, {middle}",
            Estimate.jackknife(share, *here),
            1.0,
            0.5,
            2.0,
            0.0,
        ),
    ]


def draw_gaps(axis: Any, found: Gaps) -> None:
    """Draw the gaps against the number of parameters."""
    for k, (decay, colour) in enumerate(zip(DECAYS, (MEASURED, TRAINED, CALM), strict=True)):
        centre, error = mean_and_error(found.gap[:, :, k])
        axis.errorbar(
            found.parameters,
            centre,
            yerr=2 * error,
            fmt="o",
            capsize=2,
            color=colour,
            label=f"measured, decay {decay:g}",
        )
        axis.plot(
            found.parameters,
            found.predicted[:, :, k].mean(0),
            color=colour,
            label="2σ²d/n, of the spectrum",
        )
    p = np.array(found.parameters, dtype=float)
    axis.plot(p, 2 * NOISE**2 * p / ROWS, "--", color=THEORY, label="2σ²p/n, of the count")
    log_axes(axis, "f  generalisation gap there", "parameters, p", "test − training error")
    axis.set_ylim(top=axis.get_ylim()[1] * 8)  # for the legend
    axis.legend(loc="upper left", fontsize=6.5, ncols=2)
