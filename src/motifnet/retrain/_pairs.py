"""Symmetric matrices by the values of their pairs of rows i < j, in the order of `torch.pdist`: half of the work of a square. Distances among them.

With indicators D = D₀ + F₁ for the L1 norm, D = (D₀² + F₂)^{1/2} for the Euclidean one, F_p = Σ_j c_j^p |b_j − b'_j|. For a gradient Q_ik of every
pair through F, symmetric and 0 for i = k, of rows b of zeros and ones,

    ∂/∂c_j^p = ½ Σ_ik Q_ik (b_ij + b_kj − 2 b_ij b_kj) = Σ_i b_ij (Σ_k Q_ik − (Q B)_ij)

The gradient is 0 where two rows coincide, as for all distances.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from motifnet.kernels import flips


@lru_cache(maxsize=8)
def _places(n: int) -> tuple[Tensor, Tensor]:
    """Where the pairs stand in the upper and in the lower triangle of n rows, as numbers of elements."""
    i, j = torch.triu_indices(n, n, 1)
    return i * n + j, j * n + i


def square(pairs: Tensor, n: int, diagonal: float) -> Tensor:
    """The symmetric matrix with shape (n, n) of values of pairs with shape (n (n − 1) / 2,)."""
    A = torch.full((n, n), diagonal, dtype=pairs.dtype)
    for places in _places(n):
        A.view(-1).scatter_(0, places, pairs)
    return A


def both_sides(A: Tensor) -> Tensor:
    """A_ij + A_ji of every pair: the gradient through a symmetric matrix, for its pairs."""
    upper, lower = (A.reshape(-1).index_select(0, places) for places in _places(len(A)))
    return upper.add_(lower)


def one_side(A: Tensor) -> Tensor:
    """A_ij of every pair."""
    return A.reshape(-1).index_select(0, _places(len(A))[0])


def with_indicators(D: Tensor, bits: Tensor, c: Tensor, p: int) -> Tensor:
    """Distances ‖·‖_p of all pairs of rows, from those D of the other columns, indicators with shape (n, t) and c with shape (t,).

    Differentiable, once, in D and c.
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
        Q = gradients[0] if ctx.p == 1 else (gradients[0] / (2 * joined)).masked_fill_(joined == 0, 0)
        both = square(Q, len(bits), 0.0)
        of_power = (bits * (both.sum(1, keepdim=True) - both @ bits)).sum(0)
        return (Q, None, of_power, None) if ctx.p == 1 else (2 * Q * D, None, 2 * c * of_power, None)
