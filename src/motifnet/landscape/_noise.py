"""The noise of stochastic gradients and how it lies to the curvature.

    C = (1/n) Σ_i (g_i − ḡ)(g_i − ḡ)ᵀ,   g_i the gradient of the loss of row i;   a batch of B rows gives gradients of covariance C/B
    alignment = tr(CH) / (‖C‖_F ‖H‖_F) ∈ [−1, 1];   along a unit direction v the noise is vᵀCv

For a likelihood of a right model C = H at the truth; for squared loss with noise variance σ² it is 2σ² H. Where C follows H, the walk of stochastic
gradient descent is widest where the bowl is steepest, and the time to leave it depends on λ.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from motifnet.landscape._curvature import Curvature, hessian_matrix
from motifnet.landscape._risk import Risk

ROWS = 100  # rows whose products with H are taken where H is too large to be written down


@dataclass(frozen=True)
class GradientNoise:
    """total: tr C; alignment: cos(C, H); along, with shape (k,): vᵀCv for the directions of the curvature; rows: how many C was taken from.

    exact: False where ‖H‖_F is by random probes.
    """

    total: float
    alignment: float
    along: Tensor
    gradient_norm: float
    rows: int
    exact: bool

    @property
    def sentence(self) -> str:
        source = "" if self.exact else f" (from {self.rows:,} rows, ‖H‖ by probes)"
        follows = "the noise follows the curvature" if self.alignment > 0.5 else "the noise does not follow the curvature"
        sizes = f"trace {self.total:.4g}, gradient norm {self.gradient_norm:.2g}"
        return f"Gradient noise of one row: {sizes}; alignment with the Hessian {self.alignment:.2f}{source}: {follows}."


def noise_factor(risk: Risk, theta: Tensor, rows: int | None = None) -> Tensor:
    """A with shape (m, p) and C = AᵀA, from m rows at even distance (all when None)."""
    keep = slice(None) if rows is None or risk.n <= rows else torch.linspace(0, risk.n - 1, rows).round().long()
    gradients = risk.row_gradients(theta)[keep]
    return (gradients - gradients.mean(0)) / len(gradients) ** 0.5


def gradient_noise(risk: Risk, top: Curvature, *, exact_up_to: int = 2_000, probes: int = 100, seed: int = 0) -> GradientNoise:
    """C and its alignment with H at the parameters of the module."""
    exact = risk.p <= exact_up_to
    A = noise_factor(risk, risk.theta, None if exact else ROWS)
    if exact:
        H = hessian_matrix(risk)
        cross, squared_norm = float(((A @ H) * A).sum()), float(H.square().sum())
    else:
        cross, squared_norm = float((risk.hessian_products(A) * A).sum()), _squared_norm(risk, probes, seed)
    size = float(torch.linalg.matrix_norm(A @ A.T)) * squared_norm**0.5
    return GradientNoise(
        total=float(A.square().sum()),
        alignment=cross / size if size > 0 else float("nan"),
        along=(A @ top.directions.T).square().sum(0),
        gradient_norm=float(risk.gradient(risk.theta).norm()),
        rows=len(A),
        exact=exact,
    )


def _squared_norm(risk: Risk, probes: int, seed: int) -> float:
    """‖H‖_F² = E ‖Hz‖² over random signs z."""
    Z = torch.randint(0, 2, (probes, risk.p), generator=torch.Generator().manual_seed(seed)).to(risk.theta) * 2 - 1
    return float(risk.hessian_products(Z).square().sum() / probes)
