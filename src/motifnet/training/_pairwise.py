"""Pairwise distances and kernel mixtures on the pairs i < j of rows, with gradients in closed form.

A symmetric matrix is kept as the values of its pairs, in the order of `torch.pdist`. This halves
the work. Indicators of categories add to the distances D₀ of the other columns:

    L1 norm: D = D₀ + F₁,    Euclidean norm: D = (D₀² + F₂)^{1/2},    F_p = Σ_j c_j^p |b_j − b'_j|

For a gradient Q_ik of every pair through F, symmetric and 0 for i = k, of rows b of zeros and ones,

    ∂/∂c_j^p = ½ Σ_ik Q_ik (b_ij + b_kj − 2 b_ij b_kj) = Σ_i b_ij (Σ_k Q_ik − (Q B)_ij)

The gradient is 0 where two rows coincide, as for all distances.

The mixture Σ_c w_c φ_c(a_c D_c) of given distances D_c has the gradients

    ∂/∂w_c = Σ G φ_c      ∂/∂a_c = w_c Σ G φ'_c D_c      ∂/∂D = Σ_c w_c a_c G φ'_c

where G is the gradient from above and all products are element by element. Training of the feature
layers spends its time on these matrices. Autograd would make three times their number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from motifnet.kernels import Kernel, distances, flips, radial, radial_slope


@lru_cache(maxsize=8)
def _positions(n: int) -> tuple[Tensor, Tensor]:
    """Positions of the pairs in the upper and in the lower triangle of n rows, as numbers of
    elements.
    """
    i, j = torch.triu_indices(n, n, 1)
    return i * n + j, j * n + i


def square(pairs: Tensor, n: int, diagonal: float) -> Tensor:
    """The symmetric matrix with shape (n, n) of values of pairs with shape (n (n − 1) / 2,)."""
    A = torch.full((n, n), diagonal, dtype=pairs.dtype)
    for positions in _positions(n):
        A.view(-1).scatter_(0, positions, pairs)
    return A


def both_sides(A: Tensor) -> Tensor:
    """A_ij + A_ji of every pair: the gradient through a symmetric matrix, for its pairs."""
    upper, lower = (A.reshape(-1).index_select(0, positions) for positions in _positions(len(A)))
    return upper.add_(lower)


def one_side(A: Tensor) -> Tensor:
    """A_ij of every pair."""
    return A.reshape(-1).index_select(0, _positions(len(A))[0])


def with_indicators(D: Tensor, bits: Tensor, c: Tensor, p: int) -> Tensor:
    """Distances ‖·‖_p of all pairs of rows, from those D of the other columns, indicators with
    shape (n, t) and c with shape (t,).

    Differentiable once, in D and c.
    """
    joined = _Joined.apply(D, bits, c, p)
    assert isinstance(joined, Tensor)
    return joined


class _Joined(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, D: Tensor, bits: Tensor, c: Tensor, p: int) -> Tensor:
        F = one_side(flips(bits, bits, c**p))
        joined = D + F if p == 1 else torch.addcmul(F, D, D).sqrt_()
        ctx.p = p
        ctx.save_for_backward(D, bits, c, joined)
        return joined

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        D, bits, c, joined = ctx.saved_tensors
        Q = (
            gradients[0]
            if ctx.p == 1
            else (gradients[0] / (2 * joined)).masked_fill_(joined == 0, 0)
        )
        both = square(Q, len(bits), 0.0)
        of_power = (bits * (both.sum(1, keepdim=True) - both @ bits)).sum(0)
        return (
            (Q, None, of_power, None) if ctx.p == 1 else (2 * Q * D, None, 2 * c * of_power, None)
        )


def mixture(
    A: Tensor,
    B: Tensor,
    U: Tensor,
    V: Tensor,
    profiles: tuple[str, ...],
    weights: Tensor,
    rates: Tensor,
) -> Tensor:
    """Σ_c w_c φ_c(a_c · distance): L1 between rows of A and B, Euclidean between rows of U and V.
    Differentiable once, in all arguments.
    """
    return mixture_of(
        lambda p: distances(A, B, 1) if p == 1 else distances(U, V, 2), profiles, weights, rates
    )


def mixture_of(
    distance: Callable[[int], Tensor], profiles: tuple[str, ...], weights: Tensor, rates: Tensor
) -> Tensor:
    """The mixture of distances with shape (n, m), given by the norm."""
    norms = sorted({Kernel.norm(profile) for profile in profiles})
    K = _Mixture.apply(profiles, norms, weights, rates, *map(distance, norms))
    assert isinstance(K, Tensor)
    return K


class _Mixture(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        profiles: tuple[str, ...],
        norms: list[int],
        weights: Tensor,
        rates: Tensor,
        *by_norm: Tensor,
    ) -> Tensor:
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
        of_weights = torch.zeros_like(weights)
        of_rates = torch.zeros_like(rates)
        of_distances = [torch.zeros_like(d) for d in by_norm]
        for c, (profile, value) in enumerate(zip(ctx.profiles, values, strict=True)):
            i = ctx.norms.index(Kernel.norm(profile))
            derivative = radial_slope(profile, rates[c] * by_norm[i], value).mul_(G)
            of_weights[c] = torch.dot(G.view(-1), value.view(-1))
            of_rates[c] = weights[c] * torch.dot(derivative.view(-1), by_norm[i].reshape(-1))
            of_distances[i].add_(derivative, alpha=float(weights[c] * rates[c]))
        return None, None, of_weights, of_rates, *of_distances
