"""Σ_c w_c φ_c(a_c D_c) of given distances D_c, with its gradient in closed form.

    ∂/∂w_c = Σ G φ_c      ∂/∂a_c = w_c Σ G φ'_c D_c      ∂/∂D = Σ_c w_c a_c G φ'_c

G is the gradient from above, all products element by element. The steps of inner-layer training spend their time on such matrices; autograd would
make three times as many.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from motifnet.kernels import Kernel, distances, radial, radial_slope


def mixture(A: Tensor, B: Tensor, U: Tensor, V: Tensor, profiles: tuple[str, ...], weights: Tensor, rates: Tensor) -> Tensor:
    """Σ_c w_c φ_c(a_c · distance): L1 between rows of A and B, Euclidean between rows of U and V; differentiable, once, in all of it."""
    return mixture_of(lambda p: distances(A, B, 1) if p == 1 else distances(U, V, 2), profiles, weights, rates)


def mixture_of(distance: Callable[[int], Tensor], profiles: tuple[str, ...], weights: Tensor, rates: Tensor) -> Tensor:
    """The same of distances with shape (n, m) in the norm that is requested."""
    norms = sorted({Kernel.norm(profile) for profile in profiles})
    K = _Mixture.apply(profiles, norms, weights, rates, *map(distance, norms))
    assert isinstance(K, Tensor)
    return K


class _Mixture(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, profiles: tuple[str, ...], norms: list[int], weights: Tensor, rates: Tensor, *by_norm: Tensor) -> Tensor:
        D = [by_norm[norms.index(Kernel.norm(profile))] for profile in profiles]
        values = [radial(profile, a * d) for profile, a, d in zip(profiles, rates, D, strict=True)]
        ctx.profiles, ctx.norms = profiles, norms
        ctx.save_for_backward(weights, rates, *by_norm, *values)
        K = torch.zeros_like(by_norm[0])
        for w, value in zip(weights, values, strict=True):
            K.add_(value, alpha=float(w))
        return K

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        G, (weights, rates, *saved) = gradients[0].contiguous(), ctx.saved_tensors
        by_norm, values = saved[: len(ctx.norms)], saved[len(ctx.norms) :]
        of_weights, of_rates, of_distances = torch.zeros_like(weights), torch.zeros_like(rates), [torch.zeros_like(d) for d in by_norm]
        for c, (profile, value) in enumerate(zip(ctx.profiles, values, strict=True)):
            i = ctx.norms.index(Kernel.norm(profile))
            slope = radial_slope(profile, rates[c] * by_norm[i], value).mul_(G)
            of_weights[c] = torch.dot(G.view(-1), value.view(-1))
            of_rates[c] = weights[c] * torch.dot(slope.view(-1), by_norm[i].reshape(-1))
            of_distances[i].add_(slope, alpha=float(weights[c] * rates[c]))
        return None, None, of_weights, of_rates, *of_distances
