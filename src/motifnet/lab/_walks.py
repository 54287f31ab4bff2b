"""Walks of Gaussian SGD: in bowls of which everything is known, and of many copies of a small network at once."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.func import grad, grad_and_value, vmap

from motifnet.landscape import Risk, Walk, gaussian_sgd

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


def many_walks(
    risk: Risk, starts: Tensor, X: Tensor, y: Tensor, *, rates: Tensor, batch: float, steps: int, decay: Tensor, keep: int = 150, seed: int = 0
) -> list[Walk]:
    """Gaussian SGD of w networks at once on R(θ) + ½ τ ‖θ − start‖², each from its start, of shape (w, p), at its rate and decay τ, of shape (w,).

    X with shape (w, n, d), y with shape (w, n, 1): each has rows of its own. Points are kept from the last half; a walk that diverged has none.
    """
    count, n = X.shape[:2]
    descend = vmap(grad_and_value(lambda theta, X, y: (risk.outputs(theta, X) - y).square().mean()))
    noise = vmap(grad(lambda theta, X, y, weights: (weights * (risk.outputs(theta, X) - y).square()[:, 0]).sum()))
    generator, theta = torch.Generator().manual_seed(seed), starts
    every, losses = max(1, steps // (2 * keep)), []
    points, slopes = [], []
    for t in range(steps):
        slope, loss = descend(theta, X, y)
        slope = slope + decay[:, None] * (theta - starts)
        z = torch.randn(count, n, dtype=theta.dtype, generator=generator)
        z = (z - z.mean(1, keepdim=True)) / n**0.5
        losses.append(loss)
        if t >= steps // 2 and t % every == 0:
            points.append(theta)
            slopes.append(slope)
        theta = theta - rates[:, None] * (slope + noise(theta, X, y, z) / batch**0.5)
    stays = torch.isfinite(theta).all(1) & torch.isfinite(torch.stack(losses)).all(0)
    P, G, L = torch.stack(points), torch.stack(slopes), torch.stack(losses)
    return [
        Walk(P[:, k], G[:, k], L[:, k], steps, None, theta[k]) if stays[k] else Walk(P[:0, k], G[:0, k], L[:, k], steps, None, theta[k])
        for k in range(count)
    ]
