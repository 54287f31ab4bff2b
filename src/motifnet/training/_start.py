"""Where feature learning starts: a kernel and a λ that goes with it, and the linear map M₀.

The kernel is that of a transferred network. λ holds amplitude and noise of a Gaussian process. It
is chosen again by leave-out error. Profiles may be added to those of the kernel, at its length
scale s = mean_c a_c · median distance in the norm of c. A teacher has one profile by custom, and
the function need not be that smooth.

The map starts at the root of the average gradient outer product (AGOP) of the convex fit,

    G = (1/n) Σ_i ∇f(x_i) ∇f(x_i)ᵀ,     R = G^{1/2} √m / ‖G^{1/2}‖_F,     M₀ = ρ (R − I)

over the m columns on which the map acts. Directions along which the target changes then count more
in the distance from the start. f is kernel ridge regression with the kernel of the convex fit. Each
half of the rows is fitted, and its gradients are taken at the other half. This is one step of
recursive feature machines (Radhakrishnan, Beaglehole, Pandit and Belkin, Science 383, 2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.kernels import Kernel, best_ridge, start_kernel
from motifnet.tables import Sample
from motifnet.teachers import FittedKernel, left_out_together

MAX_ROWS = 500  # by which λ is chosen
MIN_RIDGE = 1e-3  # of the fits that give gradients


@dataclass(frozen=True)
class Start:
    """A kernel with weights of sum 1, and λ in units of it."""

    kernel: Kernel
    ridge: float

    @classmethod
    def of(cls, kernel: Kernel, sample: Sample, seed: int) -> Start:
        """The kernel with the λ of least leave-out error on some of the rows."""
        rows, blocks = left_out_together(
            sample, np.sort(np.random.default_rng([seed, 2]).permutation(sample.n)[:MAX_ROWS])
        )
        X, y, w = (torch.as_tensor(part[rows]) for part in (sample.X, sample.y, sample.weight))
        return cls(kernel, best_ridge(kernel.gram(X, X), y, w, blocks)[0])


def add_profiles(kernel: Kernel, profiles: tuple[str, ...], medians: dict[int, float]) -> Kernel:
    """A kernel with weights of sum 1, half of it on the profiles that the given kernel lacks."""
    added = [name for name in profiles if name not in kernel.profiles]
    if not added:
        return kernel
    scale = np.mean(
        [
            rate * medians[Kernel.norm(name)]
            for name, rate in zip(kernel.profiles, kernel.rates, strict=True)
        ]
    )
    weights = np.concatenate([kernel.weights / 2, np.full(len(added), 0.5 / len(added))])
    rates = np.concatenate([kernel.rates, [scale / medians[Kernel.norm(name)] for name in added]])
    return Kernel((*kernel.profiles, *added), weights, rates)


def starts_of(convex: FittedKernel, profiles: tuple[str, ...]) -> list[Start]:
    """The start of each fold from the choices of a kernel ridge regression, with a mixture of the
    profiles at its length scale.
    """
    return [
        Start(start_kernel(profiles, convex.medians, choice.scale), choice.ridge)
        for choice in convex.choices
    ]


def gradient_map(
    X: Tensor, y: Tensor, w: Tensor, kernel: Kernel, ridge: float, columns: Tensor, share: float
) -> Tensor:
    """M₀ with shape (m, m), in float64, from rows X with shape (n, d), targets (n, q), weights
    (n,); ρ is `share`.
    """
    identity = torch.eye(len(columns), dtype=torch.float64)
    X = X.double()
    one, other = slice(0, None, 2), slice(1, None, 2)
    G = torch.zeros_like(identity)
    for fitted, scored in ((one, other), (other, one)):
        gradients = _gradients(
            X[fitted], y[fitted], w[fitted], X[scored], kernel, max(ridge, MIN_RIDGE)
        )[:, :, columns]
        G += torch.einsum("qni,qnj->ij", gradients, gradients)
    values, vectors = torch.linalg.eigh(G)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    size = float(root.norm())
    return (
        share * (root * (len(columns) ** 0.5 / size) - identity)
        if size > 0
        else torch.zeros_like(identity)
    )


def _gradients(X: Tensor, y: Tensor, w: Tensor, at: Tensor, kernel: Kernel, ridge: float) -> Tensor:
    """∇f with shape (q, n, d) at n rows, of kernel ridge on the rows X."""
    mean = (w[:, None] * y).sum(0) / w.sum()
    dual = torch.linalg.solve(kernel.gram(X, X) + torch.diag(ridge / w), y - mean)
    at = at.clone().requires_grad_(True)
    f = kernel.gram(at, X) @ dual
    return torch.stack(
        [torch.autograd.grad(column.sum(), at, retain_graph=True)[0] for column in f.T]
    )
