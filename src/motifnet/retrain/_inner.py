"""Inner-layer training of the kernel network by variable projection on the leave-out loss, in fresh batches.

    f(x) = b + Σ_i α_i k(u(x), u(x_i)),   z = warp(x),  u = z (I + M) for the Euclidean parts,
    k = Σ_c π_c φ_c(a_c · distance),      π = softmax

Inner parameters: log slopes s of the warps, log scales of the columns, M, mixture logits, log rates, log λ. The output layer (α, b) is solved in
closed form at every step; a step draws a fresh batch and descends

    log(mean squared leave-out residual in the batch) + prior / n
    prior = Σ s²/τ² + Σ (s_{k+1} − s_k)²/ρ² + Σ (column log scale)² + Σ M²/μ²

The priors are log densities on the scale of n/2 · log error; without them the leave-out loss is overfitted. The step is not convex; it starts from
the convex fit, and the caller keeps the result only if rows that this training has not seen are predicted better.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Control
from motifnet.kernels import GridChoice, Kernel, Warp, blocks_of, distances, leave_out_gradient, projector, quantile_knots, radial
from motifnet.tables import Matrix, Sample

TAU, RHO, MU = 0.5, 0.3, 0.1
LEAST_RIDGE = 1e-6  # above the rounding of a float32 Gram matrix


@dataclass(frozen=True)
class InnerSettings:
    """How long and how freely the inner layers are trained."""

    profiles: tuple[str, ...] = ("laplace1", "laplace2", "gaussian")
    steps: int = 80
    batch: int = 500
    segments: int = 12
    rate: float = 0.1
    map_rate: float = 0.03
    map_columns: int = 64


@dataclass(frozen=True)
class InnerLayers:
    """Trained inner layers: knots (d, K+1), slopes (d, K), map (d, d) or None, the kernel in the warped space, and λ."""

    knots: Matrix
    slopes: Matrix
    map: Matrix | None
    kernel: Kernel
    ridge: float

    def warp(self, X: Tensor) -> Tensor:
        """Rows after the warps, with shape (n, d)."""
        return Warp(torch.as_tensor(self.knots))(X, torch.as_tensor(self.slopes))

    def warp_numpy(self, X: Matrix) -> Matrix:
        """The same in numpy, apart from torch."""
        left, width = self.knots[:, :-1], np.diff(self.knots, axis=1)
        Z = np.minimum(X - self.knots[:, 0], 0) * self.slopes[:, 0] + np.maximum(X - self.knots[:, -1], 0) * self.slopes[:, -1]
        for k in range(width.shape[1]):
            Z += np.minimum(np.maximum(X - left[:, k], 0), width[:, k]) * self.slopes[:, k]
        return np.asarray(Z)

    def gram(self, A: Tensor, B: Tensor) -> Tensor:
        """Gram matrix with shape (n, m) of warped rows."""
        R = None if self.map is None else torch.eye(A.shape[1], dtype=A.dtype) + torch.as_tensor(self.map)
        return _gram(A, B, R, self.kernel.profiles, torch.as_tensor(self.kernel.weights), torch.as_tensor(self.kernel.rates))


def _gram(A: Tensor, B: Tensor, R: Tensor | None, profiles: tuple[str, ...], weights: Tensor, rates: Tensor) -> Tensor:
    by_norm = {}
    if "laplace1" in profiles:
        by_norm[1] = distances(A, B, 1)
    if any(c != "laplace1" for c in profiles):
        U = A if R is None else A @ R
        by_norm[2] = distances(U, U if A is B else (B if R is None else B @ R), 2)
    terms = [weights[c] * radial(name, rates[c] * by_norm[Kernel.norm(name)]) for c, name in enumerate(profiles)]
    return torch.stack(terms).sum(0) if len(terms) > 3 else sum(terms[1:], terms[0])


class _Parameters:
    """The inner parameters as leaves of autograd, at the convex start."""

    def __init__(self, X: Tensor, numeric: Tensor, kernel: Kernel, ridge: float, settings: InnerSettings) -> None:
        d = X.shape[1]
        self.warp = Warp(quantile_knots(X, settings.segments))
        self.s = torch.zeros(d, settings.segments, dtype=X.dtype, requires_grad=True)
        self.scale = torch.zeros(d, 1, dtype=X.dtype, requires_grad=True)
        self.mix = torch.zeros(len(kernel.profiles), dtype=X.dtype, requires_grad=True)
        self.log_rates = torch.as_tensor(np.log(kernel.rates)).to(X.dtype).requires_grad_(True)
        self.log_ridge = torch.tensor(math.log(ridge), dtype=X.dtype, requires_grad=True)
        self.columns = torch.nonzero(numeric).ravel()
        wide = not 1 < len(self.columns) <= settings.map_columns
        self.M = None if wide else torch.zeros(len(self.columns), len(self.columns), dtype=X.dtype, requires_grad=True)
        self.profiles = kernel.profiles

    def slopes(self) -> Tensor:
        return torch.exp(self.s + self.scale)

    def full_map(self) -> Tensor | None:
        if self.M is None:
            return None
        d = len(self.s)
        return torch.zeros(d, d, dtype=self.M.dtype).index_put((self.columns[:, None], self.columns), self.M)

    def gram(self, X: Tensor) -> Tensor:
        Z = self.warp(X, self.slopes())
        M = self.full_map()
        R = None if M is None else torch.eye(len(M), dtype=M.dtype) + M
        return _gram(Z, Z, R, self.profiles, torch.softmax(self.mix, 0), torch.exp(self.log_rates))

    def prior(self) -> Tensor:
        total = (self.s**2).sum() / TAU**2 + (self.s.diff(dim=1) ** 2).sum() / RHO**2 + (self.scale**2).sum()
        return total if self.M is None else total + (self.M**2).sum() / MU**2

    def leaves(self, settings: InnerSettings) -> list[tuple[Tensor, float]]:
        """The parameters and the rate of each."""
        quick = [self.s, self.scale, self.mix, self.log_rates, self.log_ridge]
        return [(p, settings.rate) for p in quick] + ([] if self.M is None else [(self.M, settings.map_rate)])

    def freeze(self) -> InnerLayers:
        with torch.no_grad():
            M = self.full_map()
            kernel = Kernel(self.profiles, torch.softmax(self.mix, 0).double().numpy(), torch.exp(self.log_rates).double().numpy())
            return InnerLayers(
                self.warp.knots.double().numpy(),
                self.slopes().double().numpy().copy(),
                None if M is None else M.double().numpy(),
                kernel,
                float(torch.exp(self.log_ridge)),
            )


class _Adam:
    """Adam with a rate for each tensor. torch's own loads a compiler on first use, which takes longer than many a fit."""

    def __init__(self, leaves: list[tuple[Tensor, float]]) -> None:
        self.leaves, self.count = leaves, 0
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p, _ in leaves]

    def zero(self) -> None:
        for p, _ in self.leaves:
            p.grad = None

    @torch.no_grad()
    def step(self, fraction: float) -> None:
        self.count += 1
        for (p, rate), (m, v) in zip(self.leaves, self.moments, strict=True):
            if p.grad is None:
                continue
            m.lerp_(p.grad, 0.1)
            v.mul_(0.999).addcmul_(p.grad, p.grad, value=0.001)
            unbiased = m / (1 - 0.9**self.count)
            p.addcdiv_(unbiased, (v / (1 - 0.999**self.count)).sqrt_().add_(1e-8), value=-rate * fraction)


def batch_blocks(sample: Sample, rows: np.ndarray, rng: np.random.Generator) -> list[Tensor] | None:
    """Which rows of a batch are left out together: single rows, whole groups, or with time all rows after a random moment."""
    if sample.time is not None:
        time = sample.time[rows]
        cut = np.quantile(time, rng.uniform(0.3, 0.8), method="nearest")
        later = time > cut
        return [torch.as_tensor(np.flatnonzero(later))] if 0 < later.sum() < len(rows) else None
    if sample.groups is None:
        return None
    blocks = blocks_of(torch.as_tensor(sample.groups[rows]), len(rows))
    return blocks if blocks is not None and len(blocks) > 1 else None


def train_inner(
    sample: Sample,
    start: Kernel,
    choice: GridChoice,
    settings: InnerSettings,
    seed: int,
    control: Control | None = None,
    watch: Callable[[float], None] | None = None,
) -> InnerLayers:
    """Train the inner layers on the rows of `sample`, from the kernel of the convex fit."""
    rng = np.random.default_rng(seed)
    # kernels and their gradients in float32, twice as fast; factorisations in float64
    X, y, w = torch.as_tensor(sample.X).float(), torch.as_tensor(sample.y), torch.as_tensor(sample.weight)
    inner = _Parameters(X, torch.as_tensor(sample.numeric), start, choice.ridge, settings)
    adam = _Adam(inner.leaves(settings))
    for step in range(settings.steps):
        if control is not None:
            control.check()
        rows = np.sort(rng.permutation(sample.n)[: settings.batch])
        index = torch.as_tensor(rows)
        adam.zero()
        error = _gradients(inner, X[index], y[index], w[index], batch_blocks(sample, rows, rng), sample.n)
        adam.step(1 - 0.9 * step / settings.steps)
        if watch is not None:
            watch(error)
    return inner.freeze()


def _gradients(inner: _Parameters, X: Tensor, y: Tensor, w: Tensor, blocks: list[Tensor] | None, n: int) -> float:
    """Gradients of log(leave-out error) + prior / n on one batch, kept with the parameters; returns the error."""
    K = inner.gram(X)
    ridge = float(torch.exp(inner.log_ridge.detach())) + LEAST_RIDGE
    P = projector(K.detach().double(), ridge / w)
    error, gradient = leave_out_gradient(P, y, w, blocks)
    gradient = gradient / max(error, 1e-300)
    K.backward(gradient.float())
    # dL/d log λ = Σ_i (dL/dG_ii) λ / w_i
    inner.log_ridge.grad = (gradient.diagonal() * ridge / w).sum().to(inner.log_ridge.dtype)
    (inner.prior() / n).backward()
    return error
