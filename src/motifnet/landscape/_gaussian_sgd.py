"""Stochastic gradient descent with Gaussian gradient noise, until it stagnates.

    θ_{t+1} = Π(θ_t − η (∇R(θ_t) + B^{−½} C(θ_t)^½ z_t)),   z_t standard normal, Π the projection to a ball around the start

The noise of covariance C of a network's gradients costs one backward pass: for z ~ N(0, I_n), ∇ Σ_i (z_i − z̄) ℓ_i / √n ~ N(0, C).

Stagnation is judged on the second and the last third of the walk so far: from one to the other the mean loss does not fall, and the mean distance
from the running mean of the walk does not grow (diffusion along flat directions grows with √t), each beyond two standard errors of batch means.
Imaizumi and Schmidt-Hieber (2022) call the region a stagnation set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad, vmap

from motifnet.engine import UsageError
from motifnet.landscape._risk import Risk

Vector = Callable[[Tensor], Tensor]
Noise = Callable[[Tensor, torch.Generator], Tensor]
KEPT = 400  # points of the visited set
PARTS = 8  # of a third, whose means give the standard error


@dataclass(frozen=True)
class Walk:
    """points, gradients, with shape (m, p): the visited set after stagnation (the second half of the walk where there was none), at even steps.

    losses: one a step; steps: how many were run; stagnated: the step at which both tests passed, or None; end: the last θ.
    """

    points: Tensor
    gradients: Tensor
    losses: Tensor
    steps: int
    stagnated: int | None
    end: Tensor


def gaussian_sgd(
    value: Vector,
    gradient: Vector,
    noise: Noise,
    start: Tensor,
    *,
    rate: float,
    batch: float = 1.0,
    steps: int = 2_000,
    window: int = 200,
    radius: float = float("inf"),
    seed: int = 0,
) -> Walk:
    """Run for `steps` steps. noise(θ, generator) draws from N(0, C(θ)). Stagnation is looked for every `window` steps."""
    if steps < 3 * window or window < PARTS:
        raise UsageError(f"steps={steps} and window={window}; the test of stagnation needs three windows of at least {PARTS} steps.")
    generator = torch.Generator().manual_seed(seed)
    theta, mean, stagnated = start.clone(), start.clone(), None
    losses, distances = torch.zeros(steps, dtype=start.dtype), torch.zeros(steps, dtype=start.dtype)
    every = max(1, steps // (2 * KEPT))
    points, gradients, times = [], [], []
    for t in range(steps):
        slope = gradient(theta)
        if t % every == 0:
            points.append(theta)
            gradients.append(slope)
            times.append(t)
        theta = theta - rate * (slope + noise(theta, generator) / batch**0.5)
        theta = start + (theta - start) * min(1.0, radius / max(float((theta - start).norm()), 1e-300))
        mean = mean + (theta - mean) / (t + 1)
        losses[t], distances[t] = value(theta), (theta - mean).norm()
        if not torch.isfinite(losses[t]):
            raise UsageError(f"Gaussian SGD diverged after {t + 1} steps at rate {rate:g}. Use a smaller rate, below 2/λ_max.")
        if stagnated is None and (t + 1) % window == 0 and t + 1 >= 3 * window:
            stagnated = t + 1 if _rests(losses[: t + 1], distances[: t + 1]) else None
    after = stagnated if stagnated is not None and stagnated <= steps - window else steps // 2
    kept = [k for k, t in enumerate(times) if t >= after][-KEPT:]
    return Walk(torch.stack([points[k] for k in kept]), torch.stack([gradients[k] for k in kept]), losses, steps, stagnated, theta)


def row_noise(risk: Risk) -> Noise:
    """Draws of covariance C(θ), that of the gradient of one row."""

    def weighted(theta: Tensor, weights: Tensor) -> Tensor:
        F = risk.outputs(theta, risk.X)
        return (weights * vmap(lambda f, t: risk.loss(f[None], t[None]))(F, risk.y)).sum()

    def draw(theta: Tensor, generator: torch.Generator) -> Tensor:
        z = torch.randn(risk.n, dtype=theta.dtype, generator=generator)
        return grad(weighted)(theta, (z - z.mean()) / risk.n**0.5)

    return draw


def _rests(losses: Tensor, distances: Tensor) -> bool:
    """Whether loss and distance from the running mean were the same in the last two thirds."""
    return not _grew(-losses) and not _grew(distances)


def _grew(values: Tensor) -> bool:
    """Whether the mean of the last third is above that of the second by more than two standard errors."""
    size = len(values) // (3 * PARTS)
    before, after = values[-2 * PARTS * size :].view(2, PARTS, size).mean(2)
    return bool(after.mean() - before.mean() > 2 * ((before.var() + after.var()) / PARTS).sqrt())
