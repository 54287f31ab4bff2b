"""Stochastic gradient descent with Gaussian gradient noise, until it stagnates and beyond.

    θ_{t+1} = Π(θ_t − η (∇R(θ_t) + B^{−½} C(θ_t)^½ z_t))

with z_t standard normal and Π the projection to a ball around the start.

Noise with the covariance C of a network's gradients costs one backward pass:

    ∇ Σ_i (z_i − z̄) ℓ_i / √n ~ N(0, C),   z ~ N(0, I_n)

The test of stagnation compares the second and the last third of the walk so far. Within two
standard errors of batch means the mean loss must not fall, and the mean distance from the running
mean of the walk must not grow (diffusion along flat directions grows with √t). Imaizumi and
Schmidt-Hieber (2022) call the region a stagnation set. `visited` describes its points:

    participation ratio    (tr Σ)²/tr Σ² of the covariance Σ of the points: the number of
                           directions of the walk, whatever the number of parameters
    essential convexity    share of points with ⟨∇R(θ_t), θ_t − θ̄⟩ ≥ 0 on the leading directions of
                           the set: 1 in a convex bowl, about ½ without one
    gap proxy              (Π_l s_l) Σ_l (r_l/s_l) ‖X‖_F/n, s_l the spectral norm of layer l,
                           r_l the diameter that the walk gave it

The last has the form of the bound of Imaizumi and Schmidt-Hieber without its constants. It compares
walks of one network, and does not estimate the gap between test and training error.
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
MAX_POINTS = 400  # of the visited set
PARTS = 8  # of a third; their means give the standard error


@dataclass(frozen=True)
class Walk:
    """A walk of Gaussian SGD, as `gaussian_sgd` returns it.

    Attributes
    ----------
    points, gradients : tensors with shape (m, p)
        The visited set after stagnation, at evenly spaced steps. Without stagnation it is the
        second half of the walk.
    losses : tensor with shape (steps,)
    steps : int
    stagnated : int or None
        The step at which both tests passed.
    end : tensor with shape (p,)
        The last θ.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import gaussian_sgd, row_noise
    >>> walk = gaussian_sgd(
    ...     risk.value, risk.gradient, row_noise(risk), risk.theta, rate=0.01, steps=60, window=20
    ... )
    >>> walk.losses.shape, walk.end.shape
    (torch.Size([60]), torch.Size([21]))
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
    """Run gradient descent with Gaussian noise.

    Parameters
    ----------
    value, gradient : callable
        R(θ) and ∇R(θ).
    noise : callable
        noise(θ, generator) draws from N(0, C(θ)); see `row_noise`.
    start : tensor with shape (p,)
    rate : float
        η.
    batch : float, default 1
        Number of rows of a batch: noise is divided by its root.
    steps : int, default 2,000
    window : int, default 200
        Number of steps between two tests of stagnation.
    radius : float, default infinity
        Largest distance from the start.
    seed : int, default 0

    Returns
    -------
    Walk

    Raises
    ------
    UsageError
        For fewer steps than three windows, and where the walk diverges.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import gaussian_sgd, row_noise
    >>> noise = row_noise(risk)
    >>> gaussian_sgd(
    ...     risk.value, risk.gradient, noise, risk.theta, rate=0.01, steps=60, window=20
    ... ).steps
    60
    """
    if steps < 3 * window or window < PARTS:
        raise UsageError(
            f"steps={steps} and window={window}; the test of stagnation needs three "
            f"windows of at least {PARTS} steps."
        )
    generator = torch.Generator().manual_seed(seed)
    theta, mean, stagnated = start.clone(), start.clone(), None
    losses, distances = torch.zeros(steps, dtype=start.dtype), torch.zeros(steps, dtype=start.dtype)
    every = max(1, steps // (2 * MAX_POINTS))
    points, gradients, times = [], [], []
    for t in range(steps):
        at_theta = gradient(theta)
        if t % every == 0:
            points.append(theta)
            gradients.append(at_theta)
            times.append(t)
        theta = theta - rate * (at_theta + noise(theta, generator) / batch**0.5)
        theta = start + (theta - start) * min(
            1.0, radius / max(float((theta - start).norm()), 1e-300)
        )
        mean = mean + (theta - mean) / (t + 1)
        losses[t], distances[t] = value(theta), (theta - mean).norm()
        if not torch.isfinite(losses[t]):
            raise UsageError(
                f"Gaussian SGD diverged after {t + 1} steps at rate {rate:g}. Use a "
                "smaller rate, below 2/λ_max."
            )
        if stagnated is None and (t + 1) % window == 0 and t + 1 >= 3 * window:
            stagnated = t + 1 if _rests(losses[: t + 1], distances[: t + 1]) else None
    after = stagnated if stagnated is not None and stagnated <= steps - window else steps // 2
    kept = [k for k, t in enumerate(times) if t >= after][-MAX_POINTS:]
    return Walk(
        torch.stack([points[k] for k in kept]),
        torch.stack([gradients[k] for k in kept]),
        losses,
        steps,
        stagnated,
        theta,
    )


def row_noise(risk: Risk) -> Noise:
    """The noise of stochastic gradients of one row, for `gaussian_sgd`.

    Parameters
    ----------
    risk : Risk

    Returns
    -------
    callable
        Draws of covariance C(θ), that of the gradient of one row, from θ and a torch.Generator.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> import torch
    >>> from motifnet.landscape import row_noise
    >>> row_noise(risk)(risk.theta, torch.Generator().manual_seed(0)).shape
    torch.Size([21])
    """

    def weighted(theta: Tensor, weights: Tensor) -> Tensor:
        F = risk.outputs(theta, risk.X)
        return (weights * vmap(lambda f, t: risk.loss(f[None], t[None]))(F, risk.y)).sum()

    def draw(theta: Tensor, generator: torch.Generator) -> Tensor:
        z = torch.randn(risk.n, dtype=theta.dtype, generator=generator)
        return grad(weighted)(theta, (z - z.mean()) / risk.n**0.5)

    return draw


def _rests(losses: Tensor, distances: Tensor) -> bool:
    """Whether loss and distance from the running mean are the same in the last two thirds."""
    return not _grew(-losses) and not _grew(distances)


def _grew(values: Tensor) -> bool:
    """Whether the mean of the last third exceeds that of the second by two standard errors."""
    size = len(values) // (3 * PARTS)
    before, after = values[-2 * PARTS * size :].view(2, PARTS, size).mean(2)
    return bool(after.mean() - before.mean() > 2 * ((before.var() + after.var()) / PARTS).sqrt())


@dataclass(frozen=True)
class Visited:
    """Measures of the set that a walk visits, as `visited` returns them.

    Attributes
    ----------
    parameters : int
    stagnated : int or None
        The step at which the walk stagnated.
    steps : int
    participation_ratio : float
        Number of directions that the walk lives in.
    essential_convexity : float
        Share of points whose gradient points away from the mean of the walk: 1 in a convex bowl.
    diameter : float
        Largest distance of two points.
    gap_proxy : float
        Compares walks of one network; NaN without a risk.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import gaussian_sgd, row_noise, visited
    >>> walk = gaussian_sgd(
    ...     risk.value, risk.gradient, row_noise(risk), risk.theta, rate=0.01, steps=60, window=20
    ... )
    >>> visited(walk).participation_ratio >= 1
    True
    """

    parameters: int
    stagnated: int | None
    steps: int
    participation_ratio: float
    essential_convexity: float
    diameter: float
    gap_proxy: float

    @property
    def sentence(self) -> str:
        """The values in words."""
        size = (
            f"{self.participation_ratio:.1f} effective directions of {self.parameters:,}, "
            f"essential convexity {self.essential_convexity:.2f}"
        )
        if self.stagnated is None:
            return (
                f"Gaussian SGD had not come to rest after {self.steps:,} steps ({size}): more "
                "steps, a smaller rate or larger batches."
            )
        shape = (
            "the loss is convex along them"
            if self.essential_convexity >= 0.9
            else "the loss is not convex along them, so bowl formulas are rough"
        )
        return (
            f"Gaussian SGD came to rest after {self.stagnated:,} steps and stays in "
            f"{size}: {shape}."
        )


def visited(walk: Walk, risk: Risk | None = None) -> Visited:
    """Measures of the visited set of a walk.

    Parameters
    ----------
    walk : Walk
    risk : Risk, optional
        For the gap proxy.

    Returns
    -------
    Visited

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import gaussian_sgd, row_noise, visited
    >>> walk = gaussian_sgd(
    ...     risk.value, risk.gradient, row_noise(risk), risk.theta, rate=0.01, steps=60, window=20
    ... )
    >>> visited(walk, risk).parameters
    21
    """
    centred = walk.points - walk.points.mean(0)
    gram = centred @ centred.T  # its eigenvalues are those of Σ times the number of points
    ratio = float(gram.trace() ** 2 / gram.square().sum()) if gram.any() else 0.0
    vectors = torch.linalg.eigh(gram)[1]
    lead = vectors.flip(1)[:, : max(1, round(ratio))]
    basis = torch.linalg.qr(centred.T @ lead).Q
    inner = ((walk.gradients @ basis) * (centred @ basis)).sum(1)
    return Visited(
        parameters=walk.points.shape[1],
        stagnated=walk.stagnated,
        steps=walk.steps,
        participation_ratio=ratio,
        essential_convexity=float((inner >= 0).double().mean()),
        diameter=_diameter(walk.points),
        gap_proxy=float("nan") if risk is None else _gap_proxy(walk, risk),
    )


def _diameter(points: Tensor) -> float:
    return float(torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist").max())


def _gap_proxy(walk: Walk, risk: Risk) -> float:
    """Over the parameter tensors that are matrices; kernels of convolutions as (outputs, rest)."""
    ends = risk.named(walk.end)
    layers = {name: value.flatten(1) for name, value in ends.items() if value.ndim > 1}
    columns = dict(
        zip(
            risk.shapes,
            torch.split(walk.points, [s.numel() for s in risk.shapes.values()], dim=1),
            strict=True,
        )
    )
    norms = {name: float(torch.linalg.matrix_norm(value, 2)) for name, value in layers.items()}
    product = torch.tensor(list(norms.values())).prod()
    return float(
        product
        * sum(_diameter(columns[name]) / s for name, s in norms.items())
        * risk.X.norm()
        / risk.n
    )
