"""Walks of stochastic gradient descent in bowls of which everything is known."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from motifnet.landscape import Walk, gaussian_sgd

CURVATURES = torch.tensor([1.0, 1.5, 2.0, 3.0, 4.0], dtype=torch.float64)


def mean_exit_steps(curvature: float, noise: float, barrier: float, rate: float, walks: int, seed: int = 0) -> float:
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


def bowl_walk(p: int, aligned: bool, steps: int, seed: int = 0, *, rate: float = 0.1, batch: float = 4.0) -> tuple[Walk, Tensor]:
    """Gaussian SGD in a bowl of rank five among p parameters; its noise has the covariance of the curvature or of the identity. Also the range."""
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
