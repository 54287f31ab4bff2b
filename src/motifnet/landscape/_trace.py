"""The trace of the Hessian of the training risk, H = G + S.

G is the Gauss–Newton matrix, S = (1/n) Σ_i Σ_k ∂ℓ/∂f_k ∇²f_k(x_i) the curvature of the network itself. Where every output is piecewise linear in each
parameter tensor (affine maps, convolutions, rectifiers, pooling, residual sums; no weight used twice), the diagonal blocks of S vanish almost
everywhere, and tr H = tr G takes one backward pass an output instead of p. Whether that is so is not guessed from the module: for a Gaussian vector v
on one parameter tensor, vᵀSv = 0 with probability one only if that block of S is zero. Otherwise diag S is taken exactly by p products, or, above
`exact_up_to` parameters, tr S is estimated by Hutchinson's probes, E zᵀSz with random signs z, and the standard error is given.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from motifnet.landscape._gauss_newton import gauss_newton_diagonal
from motifnet.landscape._risk import Risk

BLOCK = 256  # unit vectors at once
ROUNDING = 1e-9


@dataclass(frozen=True)
class Trace:
    """tr H: `by_parameter` splits it by parameter tensor; `standard_error` is 0 where the value is exact; `method` says how it was found."""

    value: float
    by_parameter: dict[str, float]
    method: str
    standard_error: float

    @property
    def sentence(self) -> str:
        margin = f" ± {self.standard_error:.2g}" if self.standard_error else ""
        return f"Trace of the Hessian {self.value:.6g}{margin} ({self.method})."


def hessian_trace(risk: Risk, *, exact_up_to: int = 5_000, probes: int = 100, seed: int = 0) -> Trace:
    """tr H at the parameters of the module."""
    generator = torch.Generator().manual_seed(seed)
    diagonal, error = gauss_newton_diagonal(risk), 0.0
    if _bends(risk, diagonal, generator):
        if risk.p <= exact_up_to:
            diagonal, method = diagonal + _remainder_diagonal(risk), f"exact, by {risk.p:,} Hessian products"
        else:
            estimate, error = _hutchinson(risk, probes, generator)
            diagonal, method = diagonal + estimate, f"Gauss–Newton part exact, the rest by {probes} Hutchinson probes"
    else:
        method = "exact: the outputs are piecewise linear in each parameter"
    parts = {name: float(part.sum()) for name, part in risk.named(diagonal).items()}
    return Trace(float(diagonal.sum()), parts, method, error)


def _bends(risk: Risk, diagonal: Tensor, generator: torch.Generator) -> bool:
    """Whether some diagonal block of S, one a parameter tensor, is not zero."""
    v = torch.randn(risk.p, dtype=risk.theta.dtype, generator=generator)
    owner = _owners(risk)
    V = torch.stack([torch.where(owner == k, v, torch.zeros_like(v)) for k in range(len(risk.shapes))])
    forms = (risk.remainder_products(V) * V).sum(1)
    return bool(forms.abs().max() > ROUNDING * (diagonal.abs().sum() + 1e-300))


def _owners(risk: Risk) -> Tensor:
    """The number of the tensor to which each parameter belongs."""
    return torch.cat([torch.full((shape.numel(),), k) for k, shape in enumerate(risk.shapes.values())])


def _remainder_diagonal(risk: Risk) -> Tensor:
    """diag S, by products with unit vectors."""
    parts = []
    for start in range(0, risk.p, BLOCK):
        units = torch.zeros(min(BLOCK, risk.p - start), risk.p, dtype=risk.theta.dtype)
        units[:, start : start + len(units)].fill_diagonal_(1.0)
        parts.append(risk.remainder_products(units).diagonal(offset=start))
    return torch.cat(parts)


def _hutchinson(risk: Risk, probes: int, generator: torch.Generator) -> tuple[Tensor, float]:
    """An unbiased estimate of diag S, and the standard error of its sum."""
    Z = torch.randint(0, 2, (probes, risk.p), generator=generator).to(risk.theta) * 2 - 1
    forms = Z * torch.cat([risk.remainder_products(block) for block in Z.split(BLOCK)])
    return forms.mean(0), float(forms.sum(1).std() / probes**0.5)
