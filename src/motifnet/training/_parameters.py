"""The parameters of the feature layers as one vector. Its views are the leaves of autograd, and
Adam moves it as a whole.

    θ = (log slopes s, log scales of the columns, mixture logits, log rates, log λ, M, and for each
    block of the trunk W₁, b, W₂)

Logits and logarithms are those of ratios to the start, so that θ = 0 is the start itself and not
its rounding.

    prior = Σ s²/τ² + Σ (s_{k+1} − s_k)²/ρ² + Σ (column log scale)² + Σ (M − M₀)²/μ² + Σ W₂²/ω²

The map starts at M₀. The trunk starts as the identity: W₂ = 0, W₁ normal, and every unit has its
kink at a row of the table.

Indicators of categories have two values under any warp, at a distance c. They stay zeros and ones,
and their distances are products of matrices.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from motifnet.engine import Matrix
from motifnet.kernels import Kernel, Warp, quantile_knots, two_valued
from motifnet.training._feature_layers import Block, FeatureLayers
from motifnet.training._pairwise import mixture_of, with_indicators

TAU, RHO, MU, OMEGA = 0.5, 0.3, 0.1, 0.1
MAP = 5  # the first leaf that acts across columns
ANCHORS = 1_000  # rows among which kinks are placed
LANES = 8  # columns that `torch.pdist` takes at once; with fewer it is ten times slower


class Rows(NamedTuple):
    """`Warp.basis` of all columns but indicators, with shape (n, others, K), and indicators as
    zeros and ones, with shape (n, t).
    """

    basis: Tensor
    bits: Tensor


class FeatureParameters:
    """Parameters of the feature layers for d columns. At the start warps, trunk and map are the
    identity.

    M and the trunk, of `depth` blocks with `width` units each, act on the numeric columns if these
    are at most `map_columns`.
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
        two = two_valued(X) & ~numeric
        self.others, self.indicators = (torch.nonzero(mask).ravel() for mask in (~two, two))
        self.numeric = torch.nonzero(numeric[self.others]).ravel()  # positions among the others
        self.low, high = X[:, two].amin(0), X[:, two].amax(0)
        ends = Warp(self.warp.knots[self.indicators]).basis(torch.stack([self.low, high]))
        self.lengths = ends[1] - ends[0]
        m = len(self.columns) if 1 < len(self.columns) <= map_columns else 0
        block = [(m, width), (width,), (width, m)] if m else []
        shapes = [
            (d, segments),
            (d, 1),
            (len(kernel.rates),),
            (len(kernel.rates),),
            (1,),
            (m, m),
            *depth * block,
        ]
        self.vector = torch.zeros(sum(math.prod(shape) for shape in shapes), dtype=X.dtype)
        parts = torch.split(self.vector, [math.prod(shape) for shape in shapes])
        self.leaves = [
            part.view(shape).detach().requires_grad_(True)
            for part, shape in zip(parts, shapes, strict=True)
        ]
        self.s, self.scale, self.mix, self.log_rates, self.log_ridge, self.M, *trunk = self.leaves
        self.trunk = [tuple(trunk[i : i + 3]) for i in range(0, len(trunk), 3)]
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            Z = self.rows(X[:ANCHORS]).basis.sum(2)[:, self.numeric]
            for inward, bias, _ in self.trunk:
                inward.copy_(torch.as_tensor(rng.normal(size=inward.shape) / math.sqrt(m)))
                bias.copy_(
                    -(Z[torch.as_tensor(rng.integers(len(Z), size=width))] * inward.T).sum(1)
                )
        self.M_start = torch.zeros_like(self.M)
        self.start_weights = torch.as_tensor(kernel.weights)
        self.start_rates = torch.as_tensor(kernel.rates)
        self.start_ridge = ridge

    def start_map(self, M: Tensor) -> None:
        """Start the map at M with shape (m, m), and centre its prior there."""
        self.M_start = M.to(self.M.dtype)
        with torch.no_grad():
            self.M.copy_(self.M_start)

    def rows(self, X: Tensor) -> Rows:
        """The part of the kernel of rows X with shape (n, d) that does not depend on parameters."""
        bits = (X[:, self.indicators] != self.low).to(X.dtype)
        return Rows(Warp(self.warp.knots[self.others]).basis(X[:, self.others]), bits)

    def weights(self, dtype: torch.dtype | None = None) -> Tensor:
        """Weights of the profiles with shape (c,), by default in the type of the parameters."""
        w = torch.exp(self.mix.to(dtype or self.mix.dtype)) * self.start_weights.to(
            dtype or self.mix.dtype
        )
        return w / w.sum()

    @property
    def ridge(self) -> float:
        """λ."""
        return self.start_ridge * math.exp(float(self.log_ridge.detach()))

    def slopes(self) -> Tensor:
        """Slopes of the warps with shape (d, K)."""
        return torch.exp(self.s + self.scale)

    def _changed(self, Z: Tensor, change: Tensor) -> Tensor:
        return (
            Z + change if len(self.numeric) == Z.shape[1] else Z.index_add(1, self.numeric, change)
        )

    def warped(self, basis: Tensor, slopes: Tensor) -> Tensor:
        """All columns but indicators after warps and trunk, with shape (n, others)."""
        Z = (basis * slopes).sum(2)
        for inward, bias, outward in self.trunk:
            Z = self._changed(Z, torch.relu(Z[:, self.numeric] @ inward + bias) @ outward)
        return Z

    def pairs(self, rows: Rows) -> Tensor:
        """The kernel of all pairs of rows, in the order of `torch.pdist`, differentiable in all
        parameters but λ. The kernel of a row with itself is 1.
        """
        slopes = self.slopes()
        Z = self.warped(rows.basis, slopes[self.others])
        apart = (slopes[self.indicators] * self.lengths).sum(1)

        def distance(p: int) -> Tensor:
            U = Z if p == 1 or not self.M.numel() else self._changed(Z, Z[:, self.numeric] @ self.M)
            D = torch.pdist(pad(U, (0, -U.shape[1] % LANES)), p)
            return with_indicators(D, rows.bits, apart, p) if len(apart) else D

        return mixture_of(
            distance,
            self.profiles,
            self.weights(),
            torch.exp(self.log_rates + torch.log(self.start_rates).to(self.s.dtype)),
        )

    def rates(self, quick: float, slow: float) -> Tensor:
        """The learning rate of each element: `slow` for M and the trunk, `quick` for all others."""
        return torch.cat(
            [
                torch.full((leaf.numel(),), quick if i < MAP else slow, dtype=leaf.dtype)
                for i, leaf in enumerate(self.leaves)
            ]
        )

    @torch.no_grad()
    def add_prior(self, n: int) -> None:
        """Add the gradient of prior / n to the gradients."""
        of_s = self.s * (2 / (n * TAU**2))
        of_steps = self.s.diff(dim=1) * (2 / (n * RHO**2))
        of_s[:, 1:] += of_steps
        of_s[:, :-1] -= of_steps
        priors = [
            (self.s, of_s),
            (self.scale, self.scale * (2 / n)),
            (self.M, (self.M - self.M_start) * (2 / (n * MU**2))),
        ]
        for leaf, gradient in [
            *priors,
            *((outward, outward * (2 / (n * OMEGA**2))) for _, _, outward in self.trunk),
        ]:
            leaf.grad = gradient if leaf.grad is None else leaf.grad.add_(gradient)

    def gradient(self) -> Tensor:
        """The gradients as one vector. The leaves lose them."""
        parts = [
            torch.zeros(leaf.numel(), dtype=leaf.dtype) if leaf.grad is None else leaf.grad.ravel()
            for leaf in self.leaves
        ]
        for leaf in self.leaves:
            leaf.grad = None
        return torch.cat(parts)

    @torch.no_grad()
    def freeze(self) -> FeatureLayers:
        """The present layers, in float64."""
        M = self._among_all(self.M, True, True) if self.M.numel() else None
        return FeatureLayers(
            self.warp.knots.double().numpy(),
            self.slopes().double().numpy().copy(),
            None if M is None else M.double().numpy().copy(),
            Kernel(
                self.profiles,
                _numpy(self.weights(torch.float64)),
                _numpy(self.start_rates * torch.exp(self.log_rates.double())),
            ),
            self.ridge,
            tuple(
                Block(
                    _numpy(self._among_all(inward, True, False)),
                    _numpy(bias),
                    _numpy(self._among_all(outward, False, True)),
                )
                for inward, bias, outward in self.trunk
            ),
        )

    def _among_all(self, part: Tensor, rows: bool, columns: bool) -> Tensor:
        """A matrix whose rows or columns are the numeric columns, with zeros for the others."""
        full = (
            part.new_zeros(len(self.s), part.shape[1]).index_add(0, self.columns, part)
            if rows
            else part
        )
        return (
            full.new_zeros(len(full), len(self.s)).index_add(1, self.columns, full)
            if columns
            else full
        )


def _numpy(values: Tensor) -> Matrix:
    return np.asarray(values.double().numpy().copy())
