"""The Hessian H of the training risk: its largest eigenvalues, their directions, and its trace.

Lanczos on Hessian products gives the eigenvalues; a dense solver does where p is small. Gradient
descent with rate η leaves a bowl of curvature λ by itself when ηλ > 2, so 2/λ_max is the largest
rate at which it stays.

The trace is that of H = G + S, with G the Gauss–Newton matrix and

    S = (1/n) Σ_i Σ_k ∂ℓ/∂f_k ∇²f_k(x_i)

the curvature of the network itself. Where every output is piecewise linear in each parameter tensor
(affine maps, convolutions, rectifiers, pooling, residual sums; no weight used twice), the diagonal
blocks of S vanish almost everywhere, and tr H = tr G takes one backward pass an output instead of
p. A random test decides this, not the type of the module: for a Gaussian vector v on one parameter
tensor, vᵀSv = 0 with probability one only if that block of S is zero. Otherwise p products give
diag S exactly. Above `exact_up_to` parameters Hutchinson's probes estimate tr S = E zᵀSz, with
random signs z, and give a standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.landscape._gauss_newton import gauss_newton_diagonal
from motifnet.landscape._risk import Risk

MAX_DENSE = 300  # parameters, up to which H is formed
BLOCK = 256  # unit vectors at once
ROUNDING = 1e-9


@dataclass(frozen=True)
class Curvature:
    """The largest eigenvalues of the Hessian, as `curvature` returns them.

    Attributes
    ----------
    values : tensor with shape (k,)
        Eigenvalues, largest first.
    directions : tensor with shape (k, p)
        Unit vectors.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import curvature
    >>> top = curvature(risk, directions=2)
    >>> top.largest_rate == 2 / top.largest
    True
    """

    values: Tensor
    directions: Tensor

    @property
    def largest(self) -> float:
        """λ_max."""
        return float(self.values[0])

    @property
    def largest_rate(self) -> float:
        """2/λ_max."""
        return 2 / self.largest if self.largest > 0 else float("inf")

    @property
    def sentence(self) -> str:
        """The values in words."""
        return (
            f"Largest curvature {self.largest:.4g}: plain gradient descent is stable below a rate "
            f"of {self.largest_rate:.3g}."
        )


def curvature(risk: Risk, directions: int = 5, seed: int = 0) -> Curvature:
    """The largest eigenvalues of H at the parameters of the module, by Lanczos.

    Parameters
    ----------
    risk : Risk
    directions : int, default 5
        Number of eigenvalues.
    seed : int, default 0
        Seed of the first vector.

    Returns
    -------
    Curvature

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import curvature
    >>> curvature(risk, directions=2).directions.shape
    torch.Size([2, 21])
    """
    if risk.p <= max(MAX_DENSE, 2 * directions):
        values, vectors = torch.linalg.eigh(hessian_matrix(risk))
        values, vectors = values.flip(0)[:directions], vectors.flip(1)[:, :directions]
    else:
        values, vectors = _lanczos(risk, directions, seed)
    return Curvature(values, vectors.T.contiguous())


def hessian_matrix(risk: Risk) -> Tensor:
    """H with shape (p, p), for small p."""
    H = risk.hessian_products(torch.eye(risk.p, dtype=risk.theta.dtype))
    return (H + H.T) / 2


def _lanczos(risk: Risk, k: int, seed: int) -> tuple[Tensor, Tensor]:
    from scipy.sparse.linalg import LinearOperator, eigsh

    def product(v: np.ndarray) -> np.ndarray:
        return risk.hessian_products(torch.from_numpy(np.ascontiguousarray(v.ravel()))[None])[
            0
        ].numpy()

    operator = LinearOperator((risk.p, risk.p), matvec=product, dtype=np.float64)
    values, vectors = eigsh(
        operator, k=k, which="LA", v0=np.random.default_rng(seed).normal(size=risk.p), tol=1e-9
    )
    return torch.from_numpy(values[::-1].copy()), torch.from_numpy(vectors[:, ::-1].copy())


@dataclass(frozen=True)
class Trace:
    """The trace of the Hessian, as `hessian_trace` returns it.

    Attributes
    ----------
    value : float
        tr H.
    by_parameter : dict
        Its parts by parameter tensor.
    method : str
        How it was computed.
    standard_error : float
        0 where the value is exact.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import hessian_trace
    >>> sorted(hessian_trace(risk).by_parameter)
    ['0.bias', '0.weight', '2.bias', '2.weight']
    """

    value: float
    by_parameter: dict[str, float]
    method: str
    standard_error: float

    @property
    def sentence(self) -> str:
        """The values in words."""
        margin = f" ± {self.standard_error:.2g}" if self.standard_error else ""
        return f"Trace of the Hessian {self.value:.6g}{margin} ({self.method})."


def hessian_trace(
    risk: Risk, *, exact_up_to: int = 5_000, probes: int = 100, seed: int = 0
) -> Trace:
    """tr H at the parameters of the module.

    Parameters
    ----------
    risk : Risk
    exact_up_to : int, default 5,000
        Number of parameters up to which the network's own curvature is exact.
    probes : int, default 100
        Hutchinson's probes beyond.
    seed : int, default 0
        Seed of the probes.

    Returns
    -------
    Trace

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import hessian_trace
    >>> hessian_trace(risk).standard_error
    0.0
    """
    generator = torch.Generator().manual_seed(seed)
    diagonal, error = gauss_newton_diagonal(risk), 0.0
    if _has_remainder(risk, diagonal, generator):
        if risk.p <= exact_up_to:
            diagonal = diagonal + _remainder_diagonal(risk)
            method = f"exact, by {risk.p:,} Hessian products"
        else:
            estimate, error = _hutchinson(risk, probes, generator)
            diagonal = diagonal + estimate
            method = f"Gauss–Newton part exact, the rest by {probes} Hutchinson probes"
    else:
        method = "exact: the outputs are piecewise linear in each parameter"
    parts = {name: float(part.sum()) for name, part in risk.named(diagonal).items()}
    return Trace(float(diagonal.sum()), parts, method, error)


def _has_remainder(risk: Risk, diagonal: Tensor, generator: torch.Generator) -> bool:
    """Whether some diagonal block of S, one for each parameter tensor, is not zero."""
    v = torch.randn(risk.p, dtype=risk.theta.dtype, generator=generator)
    owner = _owners(risk)
    V = torch.stack(
        [torch.where(owner == k, v, torch.zeros_like(v)) for k in range(len(risk.shapes))]
    )
    forms = (risk.remainder_products(V) * V).sum(1)
    return bool(forms.abs().max() > ROUNDING * (diagonal.abs().sum() + 1e-300))


def _owners(risk: Risk) -> Tensor:
    """The index of the tensor of each parameter."""
    return torch.cat(
        [torch.full((shape.numel(),), k) for k, shape in enumerate(risk.shapes.values())]
    )


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
