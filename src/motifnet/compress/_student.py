"""The student: a kernel network of m untied centres, all of whose inner parameters are free.

    f(x) = b + Σ_i β_i Σ_c π_c φ_c(a_c ‖·‖),     z = warp(x),  u = z R for the Euclidean parts,     centres are free points z

Leaves: log slopes of the warps, R, mixture logits, log rates, log λ and the centres, one vector for Adam. The output layer (β, b) is no leaf: it is
solved in closed form.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from motifnet.kernels import Kernel, Warp
from motifnet.retrain import Adam, InnerLayers, mixture


class Student:
    """The free parameters, in float32, from trained inner layers and centres with shape (m, d) in the warped space."""

    def __init__(self, inner: InnerLayers, centres: Tensor, ridge: float) -> None:
        self.profiles, self.warp = inner.kernel.profiles, Warp(torch.as_tensor(inner.knots).float())
        R = torch.zeros(0, 0) if inner.map is None else torch.eye(len(inner.map)) + torch.as_tensor(inner.map).float()
        weights, rates = torch.as_tensor(inner.kernel.weights), torch.as_tensor(inner.kernel.rates)
        starts = [torch.as_tensor(inner.slopes).log(), weights.clamp(min=1e-6).log(), rates.log(), torch.tensor([math.log(ridge)]), R, centres]
        self.vector = torch.cat([start.float().ravel() for start in starts])
        parts = torch.split(self.vector, [start.numel() for start in starts])
        self.leaves = [part.view(start.shape).detach().requires_grad_(True) for part, start in zip(parts, starts, strict=True)]
        self.log_slopes, self.mix, self.log_rates, self.log_ridge, self.R, self.centres = self.leaves

    def adam(self, rate: float, map_rate: float, centre_rate: float) -> Adam:
        """Adam on all leaves."""
        own = {id(self.R): map_rate, id(self.centres): centre_rate}
        return Adam(self.vector, torch.cat([torch.full((leaf.numel(),), own.get(id(leaf), rate)) for leaf in self.leaves]))

    def kernel(self, basis: Tensor) -> tuple[Tensor, Tensor]:
        """Kernel values at the centres of rows given by `warp.basis`, with shape (n, m), and the Gram matrix of the centres."""
        Z = (basis * torch.exp(self.log_slopes)).sum(2)
        C, kernel = self.centres, (self.profiles, torch.softmax(self.mix, 0), torch.exp(self.log_rates))
        U, V = (Z @ self.R, C @ self.R) if self.R.numel() else (Z, C)
        return mixture(Z, C, U, V, *kernel), mixture(C, C, V, V, *kernel)

    def gradient(self) -> Tensor:
        """The gradients as one vector; they are forgotten."""
        parts = [torch.zeros(leaf.numel()) if leaf.grad is None else leaf.grad.ravel() for leaf in self.leaves]
        for leaf in self.leaves:
            leaf.grad = None
        return torch.cat(parts)

    @torch.no_grad()
    def freeze(self) -> tuple[InnerLayers, Tensor]:
        """Inner layers and centres as they are now, in float64."""
        kernel = Kernel(self.profiles, torch.softmax(self.mix, 0).double().numpy(), torch.exp(self.log_rates).double().numpy())
        M = self.R.double().numpy() - torch.eye(len(self.R)).double().numpy() if self.R.numel() else None
        slopes = torch.exp(self.log_slopes).double().numpy()
        return InnerLayers(
            self.warp.knots.double().numpy(), slopes, M, kernel, math.exp(float(self.log_ridge))
        ), self.centres.detach().double().clone()
