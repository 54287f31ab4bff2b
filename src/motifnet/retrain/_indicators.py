"""Distances with indicators: D = D₀ + F₁ for the L1 norm, D = (D₀² + F₂)^{1/2} for the Euclidean one, F_p = Σ_j c_j^p |b_j − b'_j|.

For a gradient Q_ik of every pair through F, symmetric and 0 for i = k, of rows b of zeros and ones,

    ∂/∂c_j^p = ½ Σ_ik Q_ik (b_ij + b_kj − 2 b_ij b_kj) = Σ_i b_ij (Σ_k Q_ik − (Q B)_ij)

The gradient is 0 where two rows coincide, as for all distances.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from motifnet.kernels import flips
from motifnet.retrain._pairs import one_side, square


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
