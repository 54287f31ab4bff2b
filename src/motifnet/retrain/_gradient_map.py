"""Where the linear map starts: the root of the average outer product of gradients (AGOP) of the convex fit.

    G = (1/n) Σ_i ∇f(x_i) ∇f(x_i)ᵀ,     R = G^{1/2} √m / ‖G^{1/2}‖_F,     M₀ = ρ (R − I)

over the m columns that the map acts on: directions along which the target changes count more in the distance from the start. f is kernel ridge with
the kernel of the convex fit; each half of the rows is fitted, and its gradients are taken at the other half. (Radhakrishnan, Beaglehole, Pandit and
Belkin, Science 383, 2024: recursive feature machines, of which this is one step.)
"""

from __future__ import annotations

import torch
from torch import Tensor

from motifnet.kernels import Kernel

LEAST_RIDGE = 1e-3


def gradient_map(X: Tensor, y: Tensor, w: Tensor, kernel: Kernel, ridge: float, columns: Tensor, share: float) -> Tensor:
    """M₀ with shape (m, m), in float64, from rows X with shape (n, d), targets (n, q), weights (n,); ρ is `share`."""
    identity = torch.eye(len(columns), dtype=torch.float64)
    X = X.double()
    one, other = slice(0, None, 2), slice(1, None, 2)
    G = torch.zeros_like(identity)
    for fitted, scored in ((one, other), (other, one)):
        gradients = _gradients(X[fitted], y[fitted], w[fitted], X[scored], kernel, max(ridge, LEAST_RIDGE))[:, :, columns]
        G += torch.einsum("qni,qnj->ij", gradients, gradients)
    values, vectors = torch.linalg.eigh(G)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    size = float(root.norm())
    return share * (root * (len(columns) ** 0.5 / size) - identity) if size > 0 else torch.zeros_like(identity)


def _gradients(X: Tensor, y: Tensor, w: Tensor, at: Tensor, kernel: Kernel, ridge: float) -> Tensor:
    """∇f with shape (q, n, d) at n rows, of kernel ridge on the rows X."""
    mean = (w[:, None] * y).sum(0) / w.sum()
    dual = torch.linalg.solve(kernel.gram(X, X) + torch.diag(ridge / w), y - mean)
    at = at.clone().requires_grad_(True)
    f = kernel.gram(at, X) @ dual
    return torch.stack([torch.autograd.grad(column.sum(), at, retain_graph=True)[0] for column in f.T])
