"""How often Gaussian SGD enters a set on which the loss is essentially convex, by how far off it starts and how long its steps are.

A network of 40 parameters walks from a distance r of a minimum, in a random direction, with steps of η = h/λ, λ the largest curvature there. It has
entered where it has stayed finite, and where of its last half at least 0.9 of the points have ⟨∇R(θ_t), θ_t − θ̄⟩ ≥ 0 on the leading directions of
the walk. From near by, with steps long enough to arrive and short enough to stay (h < 2), the probability is near 1 (Imaizumi and Schmidt-Hieber 2022
bound it from below); from far off, with steps that are too short or too long, it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motifnet.lab._draw import CALM, MEASURED, THEORY, TRAINED
from motifnet.lab._facts import Check
from motifnet.lab._seeds import Estimate, Values
from motifnet.lab._walks import many_walks
from motifnet.landscape import Risk, curvature, visited

DISTANCES, STEPS = (0.5, 2.0, 4.0, 8.0), (0.03, 0.3, 1.0, 6.0)
SHORT, MIDDLE, LONG = 0, 2, 3  # of STEPS
CONVEX, BATCH = 0.9, 5.0
CLEAR = 0.3  # by how much probabilities have to differ


@dataclass(frozen=True)
class Entering:
    """Whether each walk has entered, with shape (distances, steps, starts)."""

    entered: Values

    @property
    def probability(self) -> Values:
        """With shape (distances, steps)."""
        return np.asarray(self.entered.mean(2))

    @property
    def error(self) -> Values:
        """Its standard error; that of one start in n where all did the same."""
        p, n = self.probability, self.entered.shape[2]
        return np.sqrt(np.maximum(p * (1 - p), 1 / n) / n)

    @property
    def values(self) -> dict[str, Any]:
        return {"distances": DISTANCES, "steps times curvature": STEPS, "probability": self.probability.tolist()}

    @property
    def sentence(self) -> str:
        p = self.probability
        return (
            f"From a distance of {DISTANCES[0]:g} with steps of {STEPS[MIDDLE]:g}/λ {p[0, MIDDLE]:.0%} of the walks enter a set where the loss is "
            f"essentially convex, and stay; from {DISTANCES[-1]:g} it is {p[-1, MIDDLE]:.0%}, with steps of {STEPS[LONG]:g}/λ {p[0, LONG]:.0%}, "
            f"with {STEPS[SHORT]:g}/λ {p[0, SHORT]:.0%}."
        )


def starts(bottom: Risk, count: int, seed: int) -> Tensor:
    """With shape (distances, 1, count, p): the same directions at every distance."""
    u = torch.randn(count, bottom.p, dtype=bottom.theta.dtype, generator=torch.Generator().manual_seed(seed))
    return bottom.theta + torch.tensor(DISTANCES, dtype=u.dtype)[:, None, None, None] * u / u.norm(dim=1, keepdim=True)


def entering(bottom: Risk, count: int, steps: int, seed: int = 0) -> Entering:
    """Of so many starts for each distance from the minimum and length of steps."""
    shape = (len(DISTANCES), len(STEPS), count)
    theta = starts(bottom, count, seed).expand(*shape, bottom.p).reshape(-1, bottom.p)
    rates = (torch.tensor(STEPS, dtype=theta.dtype) / curvature(bottom, 1).largest)[:, None].expand(shape).reshape(-1)
    X, y = (rows.expand(len(theta), *rows.shape) for rows in (bottom.X, bottom.y))
    walks = many_walks(bottom, theta, X, y, rates=rates, batch=BATCH, steps=steps, decay=torch.zeros_like(rates), seed=seed)
    entered = [len(walk.points) > 0 and visited(walk).essential_convexity >= CONVEX for walk in walks]
    return Entering(np.array(entered, dtype=float).reshape(shape))


def checks(found: Entering) -> list[Check]:
    """The probability falls with the distance, and with steps that are too short or too long."""
    p, error = found.probability, found.error

    def less(what: str, here: tuple[int, int], there: tuple[int, int]) -> Check:
        gap = Estimate(float(p[here] - p[there]), float(np.hypot(error[here], error[there])))
        return Check.over_seeds(f"probability of entering, {what}", gap, None, CLEAR, 1.5, 0.0)

    middle = f"steps of {STEPS[MIDDLE]:g}/λ"
    return [
        less(f"{middle}, distance {DISTANCES[0]:g} less {DISTANCES[-1]:g}", (0, MIDDLE), (-1, MIDDLE)),
        less(f"distance {DISTANCES[0]:g}, {middle} less {STEPS[SHORT]:g}/λ", (0, MIDDLE), (0, SHORT)),
        less(f"distance {DISTANCES[0]:g}, {middle} less {STEPS[LONG]:g}/λ", (0, MIDDLE), (0, LONG)),
    ]


def draw(axis: Any, entered: Entering) -> None:
    """The probabilities, by distance."""
    for k, (step, colour) in enumerate(zip(STEPS, (THEORY, CALM, TRAINED, MEASURED), strict=True)):
        p, error = entered.probability[:, k], entered.error[:, k]
        axis.errorbar(DISTANCES, p, yerr=2 * error, fmt="o-", capsize=2, color=colour, label=f"steps of {step:g}/λ")
    axis.set(title="e  enters an essentially convex set", xlabel="distance of the start from a minimum", ylabel="probability", ylim=(-0.1, 1.6))
    axis.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axis.legend(loc="upper right", ncols=2)
