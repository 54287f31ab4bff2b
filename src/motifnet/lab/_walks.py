"""Walks of Gaussian SGD, and how often they enter a set on which the loss is essentially convex.

Walks run in bowls of known shape, or with many copies of a small network at once.

`entering` measures how far off a walk may start and how long its steps may be. A network of 40
parameters starts at a distance r of a minimum, in a random direction, with steps of η = h/λ, where
λ is the largest curvature at the minimum. It has entered if it stays finite and if at least 0.9 of
the points of its last half have ⟨∇R(θ_t), θ_t − θ̄⟩ ≥ 0 on the leading directions of the walk. The
probability is near 1 from close by, with steps long enough to arrive and short enough to stay
(h < 2); Imaizumi and Schmidt-Hieber (2022) bound it from below. It is lower from far off, and with
steps that are too short or too long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import grad, grad_and_value, vmap

from motifnet.lab._figure import CALM, MEASURED, THEORY, TRAINED, Check, Estimate, Values
from motifnet.landscape import Risk, Walk, curvature, gaussian_sgd, visited

CURVATURES = torch.tensor([1.0, 1.5, 2.0, 3.0, 4.0], dtype=torch.float64)
DISTANCES, STEPS = (0.5, 2.0, 4.0, 8.0), (0.03, 0.3, 1.0, 6.0)
SHORT, MIDDLE, LONG = 0, 2, 3  # of STEPS
CONVEX, BATCH = 0.9, 5.0
CLEAR = 0.3  # by how much probabilities have to differ


def mean_exit_steps(
    curvature: float, noise: float, barrier: float, rate: float, walks: int, seed: int = 0
) -> float:
    """Mean number of steps x ← x − η (λx + c^½ z) from 0 until λx²/2 reaches the barrier."""
    rng, x, total, step = np.random.default_rng(seed), np.zeros(walks), 0, 0
    edge = math.sqrt(2 * barrier / curvature)
    while len(x):
        step += 1
        x = x * (1 - rate * curvature) + rate * math.sqrt(noise) * rng.normal(size=len(x))
        inside = np.abs(x) < edge
        total += step * int(len(x) - inside.sum())
        x = x[inside]
    return total / walks


def bowl_walk(
    p: int, aligned: bool, steps: int, seed: int = 0, *, rate: float = 0.1, batch: float = 4.0
) -> tuple[Walk, Tensor]:
    """Gaussian SGD in a bowl of rank five among p parameters, and a basis of its range. The
    covariance of the noise is the Hessian (`aligned`) or the identity.
    """
    generator = torch.Generator().manual_seed(seed)
    Q = torch.linalg.qr(torch.randn(p, len(CURVATURES), dtype=torch.float64, generator=generator)).Q

    def noise(theta: Tensor, generator: torch.Generator) -> Tensor:
        z = torch.randn(len(CURVATURES) if aligned else p, dtype=torch.float64, generator=generator)
        return Q @ (CURVATURES.sqrt() * z) if aligned else z

    walk = gaussian_sgd(
        lambda theta: (CURVATURES * (Q.T @ theta) ** 2).sum() / 2,
        lambda theta: Q @ (CURVATURES * (Q.T @ theta)),
        noise,
        torch.full((p,), p**-0.5, dtype=torch.float64),
        rate=rate,
        batch=batch,
        steps=steps,
        window=1_000,
        seed=seed,
    )
    return walk, Q


def many_walks(
    risk: Risk,
    starts: Tensor,
    X: Tensor,
    y: Tensor,
    *,
    rates: Tensor,
    batch: float,
    steps: int,
    decay: Tensor,
    keep: int = 150,
    seed: int = 0,
) -> list[Walk]:
    """Gaussian SGD of w networks at once on R(θ) + ½ τ ‖θ − start‖². Starts have shape (w, p),
    rates and decays τ shape (w,).

    Each walk has its own rows: X with shape (w, n, d), y with shape (w, n, 1). Points are those of
    the last half; a walk that diverged has none.
    """
    count, n = X.shape[:2]
    descend = vmap(grad_and_value(lambda theta, X, y: (risk.outputs(theta, X) - y).square().mean()))
    noise = vmap(
        grad(
            lambda theta, X, y, weights: (
                weights * (risk.outputs(theta, X) - y).square()[:, 0]
            ).sum()
        )
    )
    generator, theta = torch.Generator().manual_seed(seed), starts
    every, losses = max(1, steps // (2 * keep)), []
    points, gradients = [], []
    for t in range(steps):
        gradient, loss = descend(theta, X, y)
        gradient = gradient + decay[:, None] * (theta - starts)
        z = torch.randn(count, n, dtype=theta.dtype, generator=generator)
        z = (z - z.mean(1, keepdim=True)) / n**0.5
        losses.append(loss)
        if t >= steps // 2 and t % every == 0:
            points.append(theta)
            gradients.append(gradient)
        theta = theta - rates[:, None] * (gradient + noise(theta, X, y, z) / batch**0.5)
    stays = torch.isfinite(theta).all(1) & torch.isfinite(torch.stack(losses)).all(0)
    P, G, L = torch.stack(points), torch.stack(gradients), torch.stack(losses)
    return [
        Walk(P[:, k], G[:, k], L[:, k], steps, None, theta[k])
        if stays[k]
        else Walk(P[:0, k], G[:0, k], L[:, k], steps, None, theta[k])
        for k in range(count)
    ]


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
        """Its standard error; that of a share of 1/n where all starts agree."""
        p, n = self.probability, self.entered.shape[2]
        return np.sqrt(np.maximum(p * (1 - p), 1 / n) / n)

    @property
    def values(self) -> dict[str, Any]:
        return {
            "distances": DISTANCES,
            "steps times curvature": STEPS,
            "probability": self.probability.tolist(),
        }

    @property
    def sentence(self) -> str:
        p = self.probability
        return (
            f"From a distance of {DISTANCES[0]:g} with steps of {STEPS[MIDDLE]:g}/λ "
            f"{p[0, MIDDLE]:.0%} of the walks enter a set where the loss is "
            f"essentially convex, and stay; from {DISTANCES[-1]:g} it is {p[-1, MIDDLE]:.0%}, "
            f"with steps of {STEPS[LONG]:g}/λ {p[0, LONG]:.0%}, "
            f"with {STEPS[SHORT]:g}/λ {p[0, SHORT]:.0%}."
        )


def start_points(bottom: Risk, count: int, seed: int) -> Tensor:
    """Starts with shape (distances, 1, count, p), in the same directions at every distance."""
    u = torch.randn(
        count, bottom.p, dtype=bottom.theta.dtype, generator=torch.Generator().manual_seed(seed)
    )
    return bottom.theta + torch.tensor(DISTANCES, dtype=u.dtype)[:, None, None, None] * u / u.norm(
        dim=1, keepdim=True
    )


def entering(bottom: Risk, count: int, steps: int, seed: int = 0) -> Entering:
    """`count` walks for each distance from the minimum and length of steps."""
    shape = (len(DISTANCES), len(STEPS), count)
    theta = start_points(bottom, count, seed).expand(*shape, bottom.p).reshape(-1, bottom.p)
    rates = (
        (torch.tensor(STEPS, dtype=theta.dtype) / curvature(bottom, 1).largest)[:, None]
        .expand(shape)
        .reshape(-1)
    )
    X, y = (rows.expand(len(theta), *rows.shape) for rows in (bottom.X, bottom.y))
    walks = many_walks(
        bottom,
        theta,
        X,
        y,
        rates=rates,
        batch=BATCH,
        steps=steps,
        decay=torch.zeros_like(rates),
        seed=seed,
    )
    entered = [
        len(walk.points) > 0 and visited(walk).essential_convexity >= CONVEX for walk in walks
    ]
    return Entering(np.array(entered, dtype=float).reshape(shape))


def entering_checks(found: Entering) -> list[Check]:
    """The probability falls with the distance, and with steps that are too short or too long."""
    p, error = found.probability, found.error

    def less(what: str, here: tuple[int, int], there: tuple[int, int]) -> Check:
        gap = Estimate(float(p[here] - p[there]), float(np.hypot(error[here], error[there])))
        return Check.over_seeds(f"probability of entering, {what}", gap, None, CLEAR, 1.5, 0.0)

    middle = f"steps of {STEPS[MIDDLE]:g}/λ"
    return [
        less(
            f"{middle}, distance {DISTANCES[0]:g} less {DISTANCES[-1]:g}", (0, MIDDLE), (-1, MIDDLE)
        ),
        less(
            f"distance {DISTANCES[0]:g}, {middle} less {STEPS[SHORT]:g}/λ", (0, MIDDLE), (0, SHORT)
        ),
        less(f"distance {DISTANCES[0]:g}, {middle} less {STEPS[LONG]:g}/λ", (0, MIDDLE), (0, LONG)),
    ]


def draw_entering(axis: Any, entered: Entering) -> None:
    """Draw the probabilities against the distance."""
    for k, (step, colour) in enumerate(zip(STEPS, (THEORY, CALM, TRAINED, MEASURED), strict=True)):
        p, error = entered.probability[:, k], entered.error[:, k]
        axis.errorbar(
            DISTANCES,
            p,
            yerr=2 * error,
            fmt="o-",
            capsize=2,
            color=colour,
            label=f"steps of {step:g}/λ",
        )
    axis.set(
        title="e  enters an essentially convex set",
        xlabel="distance of the start from a minimum",
        ylabel="probability",
        ylim=(-0.1, 1.6),
    )
    axis.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axis.legend(loc="upper right", ncols=2)
