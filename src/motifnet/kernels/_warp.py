"""Monotone piecewise-linear warp of each column.

    w_j(x) = Σ_k slope_jk · min(max(x − t_jk, 0), t_j,k+1 − t_jk),    slope = exp(s) > 0,

with knots t at quantiles, linear beyond the ends with the outermost slopes. Slopes of 1 give x − t_j0 inside: a shift, which no distance sees.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def quantile_knots(X: Tensor, segments: int) -> Tensor:
    """Knots with shape (d, segments + 1) at equally spaced quantiles of the columns of X with shape (n, d)."""
    levels = torch.linspace(0, 1, segments + 1, dtype=X.dtype)
    return torch.quantile(X[:: max(1, len(X) // 20_000)], levels, dim=0).T.contiguous()


@dataclass(frozen=True)
class Warp:
    """Knots with shape (d, K + 1)."""

    knots: Tensor

    def basis(self, X: Tensor) -> Tensor:
        """Length of each segment below x, with shape (n, d, K); the first and the last segment have no outer end."""
        inside = X[:, :, None] - self.knots[:, :-1]
        width = self.knots.diff(dim=1)
        inside[:, :, 1:].clamp_(min=0)
        inside[:, :, :-1] = torch.minimum(inside[:, :, :-1], width[:, :-1])
        return inside

    def __call__(self, X: Tensor, slopes: Tensor) -> Tensor:
        """Warped rows with shape (n, d) for slopes with shape (d, K); differentiable in the slopes."""
        return (self.basis(X) * slopes).sum(2)
