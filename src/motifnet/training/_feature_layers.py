"""Feature layers of the kernel network: warps, a residual trunk, a linear map, a kernel mixture.

    z⁰ = warp(x),    zˡ = zˡ⁻¹ + σ(zˡ⁻¹ W₁ + b) W₂,    u = z (I + M) for the Euclidean parts,
    k = Σ_c π_c φ_c(a_c · distance)

Training of the feature layers returns them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Matrix
from motifnet.kernels import Kernel, Layout, Warp, by_blocks

MIN_WEIGHT = 0.03


@dataclass(frozen=True)
class Block:
    """A residual block z + σ(z W₁ + b) W₂: inward W₁ (d, h), bias b (h,), outward W₂ (h, d)."""

    inward: Matrix
    bias: Matrix
    outward: Matrix


@dataclass(frozen=True)
class FeatureLayers:
    """Trained feature layers: knots (d, K+1), slopes (d, K), map M (d, d) or None, the kernel in
    the warped space, λ, and the trunk.
    """

    knots: Matrix
    slopes: Matrix
    map: Matrix | None
    kernel: Kernel
    ridge: float
    trunk: tuple[Block, ...] = ()

    def warp(self, X: Tensor) -> Tensor:
        """Rows after the warps and the trunk, with shape (n, d)."""
        return self._through_trunk(
            Warp(torch.as_tensor(self.knots))(X, torch.as_tensor(self.slopes))
        )

    def _through_trunk(self, Z: Tensor) -> Tensor:
        for block in self.trunk:
            Z = Z + torch.relu(
                Z @ torch.as_tensor(block.inward) + torch.as_tensor(block.bias)
            ) @ torch.as_tensor(block.outward)
        return Z

    def warp_rows(self, X: Matrix) -> Tensor:
        """The same up to rounding, for many rows: one column at a time, by interpolation between
        knots.
        """
        Z = np.empty_like(X)
        for j, (x, knots, slopes) in enumerate(zip(X.T, self.knots, self.slopes, strict=True)):
            heights = np.concatenate([[0.0], np.cumsum(slopes * np.diff(knots))])
            Z[:, j] = (
                np.interp(x, knots, heights)
                + slopes[0] * np.minimum(x - knots[0], 0)
                + slopes[-1] * np.maximum(x - knots[-1], 0)
            )
        return self._through_trunk(torch.as_tensor(Z))

    def gram_single(self, A: Tensor, B: Tensor) -> Tensor:
        """The Gram matrix in single precision, with Euclidean distances in the product form: for
        sums over many rows.
        """
        return self.gram(A.float(), B.float(), products=True)

    def gram(self, A: Tensor, B: Tensor, *, products: bool = False) -> Tensor:
        """Gram matrix with shape (n, m) of warped rows, in their precision, some rows at a time."""
        d = A.shape[1]
        # each row is mapped once: products of other heights differ in the last bits
        U = self.mapped(A)
        V = U if B is A else self.mapped(B)
        layouts = Layout.of(A, B), Layout.of(U, V)

        def gram(left: Tensor, right: Tensor) -> Tensor:
            def distance(p: int) -> Tensor:
                columns = slice(0, d) if p == 1 else slice(d, None)
                return layouts[p - 1].distances(
                    left[:, columns], right[:, columns], p, products=products
                )

            return self.kernel.mixed(
                {p: distance(p) for p in {Kernel.norm(profile) for profile in self.kernel.profiles}}
            )

        left = torch.cat([layouts[0].rows(A), layouts[1].rows(U)], 1)
        return by_blocks(
            gram, left, left if B is A else torch.cat([layouts[0].rows(B), layouts[1].rows(V)], 1)
        )

    def mapped(self, A: Tensor) -> Tensor:
        """Warped rows as the Euclidean parts see them, with shape (n, d)."""
        return (
            A
            if self.map is None
            else A
            @ (torch.eye(A.shape[1], dtype=torch.float64) + torch.as_tensor(self.map)).to(A.dtype)
        )

    def warp_numpy(self, X: Matrix) -> Matrix:
        """The warps and the trunk in numpy, without torch."""
        left, width = self.knots[:, :-1], np.diff(self.knots, axis=1)
        Z = (
            np.minimum(X - self.knots[:, 0], 0) * self.slopes[:, 0]
            + np.maximum(X - self.knots[:, -1], 0) * self.slopes[:, -1]
        )
        for k in range(width.shape[1]):
            Z += np.minimum(np.maximum(X - left[:, k], 0), width[:, k]) * self.slopes[:, k]
        for block in self.trunk:
            Z = Z + np.maximum(Z @ block.inward + block.bias, 0) @ block.outward
        return np.asarray(Z)

    def gram_numpy(self, A: Matrix, B: Matrix) -> Matrix:
        """Gram matrix with shape (n, m) of warped rows in numpy, without torch."""
        kernel, R = self.kernel, np.eye(A.shape[1]) + (0 if self.map is None else self.map)
        K = np.zeros((len(A), len(B)))
        for p in (1, 2):
            mine = [c for c, profile in enumerate(kernel.profiles) if kernel.norm(profile) == p]
            if mine:
                part = Kernel(
                    tuple(kernel.profiles[c] for c in mine),
                    kernel.weights[mine],
                    kernel.rates[mine],
                )
                K += part(A, B) if p == 1 else part(A @ R, B @ R)
        return K


def pruned(kernel: Kernel) -> Kernel:
    """The kernel without profiles of small weight, at weights of sum 1. In prediction such a
    profile costs the same time as any other.
    """
    kept = np.flatnonzero(kernel.weights >= min(MIN_WEIGHT, kernel.weights.max()))
    weights = kernel.weights[kept]
    return Kernel(
        tuple(kernel.profiles[c] for c in kept), weights / weights.sum(), kernel.rates[kept]
    )


def average(layers: Sequence[FeatureLayers]) -> FeatureLayers:
    """The mean of trainings from the same places: geometric for slopes, rates and λ, arithmetic for
    weights, maps and trunks.
    """
    trunk = (
        Block(
            *(
                np.mean([getattr(b, name) for b in blocks], axis=0)
                for name in ("inward", "bias", "outward")
            )
        )
        for blocks in zip(*(one.trunk for one in layers), strict=True)
    )
    maps = [one.map for one in layers if one.map is not None]
    return FeatureLayers(
        np.mean([one.knots for one in layers], axis=0),
        np.exp(np.mean([np.log(one.slopes) for one in layers], axis=0)),
        np.mean(maps, axis=0) if maps else None,
        _mean_kernel([one.kernel for one in layers]),
        float(np.exp(np.mean([np.log(one.ridge) for one in layers]))),
        tuple(trunk),
    )


def _mean_kernel(kernels: Sequence[Kernel]) -> Kernel:
    """A profile that a kernel lacks has the weight 0 there."""
    profiles = tuple(dict.fromkeys(name for kernel in kernels for name in kernel.profiles))
    found = [
        [
            (k.weights[i], k.rates[i])
            for k in kernels
            for i, name in enumerate(k.profiles)
            if name == profile
        ]
        for profile in profiles
    ]
    weights = np.array([sum(weight for weight, _ in pairs) / len(kernels) for pairs in found])
    rates = np.array([np.exp(np.mean([np.log(rate) for _, rate in pairs])) for pairs in found])
    return pruned(Kernel(profiles, weights, rates))
