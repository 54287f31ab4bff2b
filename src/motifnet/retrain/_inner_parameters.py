"""The inner parameters as one vector: views of it are the leaves of autograd, and Adam moves it as a whole.

    θ = (log slopes s, log scales of the columns, mixture logits, log rates, log λ, M, and for each block of the trunk W₁, b, W₂)
    prior = Σ s²/τ² + Σ (s_{k+1} − s_k)²/ρ² + Σ (column log scale)² + Σ (M − M₀)²/μ² + Σ W₂²/ω²

M₀ is where the map starts. The trunk starts as the identity: W₂ = 0, W₁ normal, and every unit has its kink at a row of the table.

torch's own Adam loads a compiler on first use, which takes longer than many a fit.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from motifnet.kernels import Kernel, Warp, quantile_knots
from motifnet.retrain._inner_layers import Block, InnerLayers
from motifnet.retrain._mixture import mixture
from motifnet.tables import Matrix

TAU, RHO, MU, OMEGA = 0.5, 0.3, 0.1, 0.1
MAP = 5  # the first leaf that acts across columns
ANCHORS = 1_000  # rows among which kinks are placed


class InnerParameters:
    """Parameters of the inner layers for d columns, at the convex start: identity warps, trunk and map, equal weights.

    M and the trunk, of `depth` blocks with `width` units each, act on the numeric columns, if these are at most `map_columns`.
    """

    def __init__(
        self,
        X: Tensor,
        numeric: Tensor,
        kernel: Kernel,
        ridge: float,
        *,
        segments: int,
        map_columns: int,
        depth: int = 0,
        width: int = 0,
        seed: int = 0,
    ) -> None:
        d, self.profiles, self.warp = X.shape[1], kernel.profiles, Warp(quantile_knots(X, segments))
        self.columns = torch.nonzero(numeric).ravel()
        m = len(self.columns) if 1 < len(self.columns) <= map_columns else 0
        block = [(m, width), (width,), (width, m)] if m else []
        shapes = [(d, segments), (d, 1), (len(kernel.rates),), (len(kernel.rates),), (1,), (m, m), *depth * block]
        self.vector = torch.zeros(sum(math.prod(shape) for shape in shapes), dtype=X.dtype)
        parts = torch.split(self.vector, [math.prod(shape) for shape in shapes])
        self.leaves = [part.view(shape).detach().requires_grad_(True) for part, shape in zip(parts, shapes, strict=True)]
        self.s, self.scale, self.mix, self.log_rates, self.log_ridge, self.M, *trunk = self.leaves
        self.trunk = [tuple(trunk[i : i + 3]) for i in range(0, len(trunk), 3)]
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            Z = self.warp.basis(X[:ANCHORS]).sum(2)[:, self.columns]
            for inward, bias, _ in self.trunk:
                inward.copy_(torch.as_tensor(rng.normal(size=inward.shape) / math.sqrt(m)))
                bias.copy_(-(Z[torch.as_tensor(rng.integers(len(Z), size=width))] * inward.T).sum(1))
            self.log_rates.copy_(torch.as_tensor(np.log(kernel.rates)))
            self.log_ridge.fill_(math.log(ridge))
        self.M_start = torch.zeros_like(self.M)

    def start_map(self, M: Tensor) -> None:
        """Let the map start at M with shape (m, m), and its prior be centred there."""
        self.M_start = M.to(self.M.dtype)
        with torch.no_grad():
            self.M.copy_(self.M_start)

    def slopes(self) -> Tensor:
        """Slopes of the warps with shape (d, K)."""
        return torch.exp(self.s + self.scale)

    def full_map(self) -> Tensor | None:
        """M with shape (d, d), zero outside the numeric columns; None where there is no map."""
        if not self.M.numel():
            return None
        if len(self.M) == len(self.s):
            return self.M
        return self._among_all(self.M, True, True)

    def warped(self, basis: Tensor) -> Tensor:
        """Rows given by `warp.basis` after warps and trunk, with shape (n, d)."""
        Z = (basis * self.slopes()).sum(2)
        for inward, bias, outward in self.trunk:
            all_numeric = len(self.columns) == len(self.s)
            part = Z if all_numeric else Z[:, self.columns]
            change = torch.relu(part @ inward + bias) @ outward
            Z = Z + change if all_numeric else Z.index_add(1, self.columns, change)
        return Z

    def gram(self, basis: Tensor) -> Tensor:
        """Gram matrix of rows given by `warp.basis`, differentiable in all parameters but λ, for symmetric gradients only."""
        Z, M = self.warped(basis), self.full_map()
        U = Z if M is None else Z @ (torch.eye(len(M), dtype=M.dtype) + M)
        return mixture(_twice(Z), Z.detach(), _twice(U), U.detach(), self.profiles, torch.softmax(self.mix, 0), torch.exp(self.log_rates))

    def rates(self, quick: float, slow: float) -> Tensor:
        """The learning rate of each element: `slow` for M and the trunk, `quick` for all others."""
        return torch.cat([torch.full((leaf.numel(),), quick if i < MAP else slow, dtype=leaf.dtype) for i, leaf in enumerate(self.leaves)])

    @torch.no_grad()
    def add_prior(self, n: int) -> None:
        """Add the gradient of prior / n to the gradients."""
        slope = self.s * (2 / (n * TAU**2))
        bend = self.s.diff(dim=1) * (2 / (n * RHO**2))
        slope[:, 1:] += bend
        slope[:, :-1] -= bend
        priors = [(self.s, slope), (self.scale, self.scale * (2 / n)), (self.M, (self.M - self.M_start) * (2 / (n * MU**2)))]
        for leaf, gradient in [*priors, *((outward, outward * (2 / (n * OMEGA**2))) for _, _, outward in self.trunk)]:
            leaf.grad = gradient if leaf.grad is None else leaf.grad.add_(gradient)

    def gradient(self) -> Tensor:
        """The gradients as one vector; they are forgotten."""
        parts = [torch.zeros(leaf.numel(), dtype=leaf.dtype) if leaf.grad is None else leaf.grad.ravel() for leaf in self.leaves]
        for leaf in self.leaves:
            leaf.grad = None
        return torch.cat(parts)

    @torch.no_grad()
    def freeze(self) -> InnerLayers:
        """The layers as they are now, in float64."""
        M = self.full_map()
        return InnerLayers(
            self.warp.knots.double().numpy(),
            self.slopes().double().numpy().copy(),
            None if M is None else M.double().numpy().copy(),
            Kernel(self.profiles, torch.softmax(self.mix, 0).double().numpy(), torch.exp(self.log_rates).double().numpy()),
            float(torch.exp(self.log_ridge)),
            tuple(
                Block(_numpy(self._among_all(inward, True, False)), _numpy(bias), _numpy(self._among_all(outward, False, True)))
                for inward, bias, outward in self.trunk
            ),
        )

    def _among_all(self, part: Tensor, rows: bool, columns: bool) -> Tensor:
        """A matrix whose rows or columns are the numeric columns, with zeros for the others."""
        full = part.new_zeros(len(self.s), part.shape[1]).index_add(0, self.columns, part) if rows else part
        return full.new_zeros(len(full), len(self.s)).index_add(1, self.columns, full) if columns else full


def _twice(A: Tensor) -> Tensor:
    """A with twice its gradient. A symmetric gradient through the distances of A and A is twice that of one side, at a quarter of the cost."""
    return A + (A - A.detach())


def _numpy(values: Tensor) -> Matrix:
    return np.asarray(values.double().numpy().copy())


class Adam:
    """Adam on one vector with a rate for each element."""

    def __init__(self, vector: Tensor, rates: Tensor) -> None:
        self.vector, self.rates, self.count = vector, rates, 0
        self.first, self.second = torch.zeros_like(vector), torch.zeros_like(vector)

    @torch.no_grad()
    def step(self, gradient: Tensor, fraction: float) -> None:
        """One step at `fraction` of the rates."""
        self.count += 1
        self.first.lerp_(gradient, 0.1)
        self.second.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        unbiased = self.first / (1 - 0.9**self.count)
        self.vector -= self.rates * fraction * unbiased / ((self.second / (1 - 0.999**self.count)).sqrt_() + 1e-8)
