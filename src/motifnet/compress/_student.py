"""The student: a kernel network of m untied centres, trained to the values of a network.

    f(x) = b + Σ_i β_i Σ_c π_c φ_c(a_c ‖·‖)
    z = warp(x),  u = z R for the Euclidean parts,  centres are free points z

The leaves are log slopes of the warps, R, mixture logits, log rates, log λ and the centres. They
form one vector for Adam. The output layer (β, b) is no leaf: it is solved in closed form.

Distillation learns the values of a network, which have no noise:

1. Leave-out training on the values learns the feature layers, from the best point of a grid.
2. k-means in that metric gives the centres.
3. Variable projection trains centres and feature layers together. Each step draws a fresh batch and
   splits it: the output layer is solved on one part, the loss is that of the other part.
4. The output layer is solved in closed form on all rows.

Variable projection on a split:

    β = argmin  (1/a) ‖y_a − F_a β‖² + λ βᵀ Ω β,      L = log( (1/b) ‖y_b − F_b β‖² )

Features F are kernel values at m centres and a 1 for the intercept, Ω the Gram matrix of the
centres (0 for the intercept): λ βᵀ Ω β is the norm of the function in the kernel's own space. With
A = F_aᵀF_a / a + λ Ω, residuals r_a, r_b, s = ‖r_b‖², and A v = ∂L/∂β

    ∂L/∂F_a = (r_a vᵀ − F_a v βᵀ) / a,     ∂L/∂F_b = −(2/s) r_b βᵀ
    ∂L/∂Ω = −λ v βᵀ,                       ∂L/∂log λ = −λ tr vᵀ Ω β

Nothing is differentiated through the factorisation. No row is on both sides of the split, because
free centres would memorise it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from motifnet.compress._rows import is_two_valued
from motifnet.engine import Matrix
from motifnet.kernels import Kernel, Warp, grid_search, median_distances, start_kernel
from motifnet.motifs import Hinge, Motif
from motifnet.tables import Sample
from motifnet.training import (
    Adam,
    FeatureLayers,
    FeatureSettings,
    Start,
    mixture,
    train_feature_layers,
)
from motifnet.transfer import kernel_network

_JITTER = 1e-9  # of the mean diagonal
MAX_GRID_ROWS = 600
MIN_ROWS_A_UNIT = 2  # of k-means; small tables add mixed rows
STIFFER = 30.0  # factor of λ at the start, as there are fewer centres than rows


@dataclass(frozen=True)
class SplitLoss:
    """L and its gradients through the kernel values with shape (a, m) and (b, m), the Gram matrix
    with shape (m, m), and log λ.
    """

    value: float
    fitted: Tensor
    scored: Tensor
    gram: Tensor
    log_ridge: Tensor


def split_loss(
    K_a: Tensor, y_a: Tensor, K_b: Tensor, y_b: Tensor, gram: Tensor, ridge: Tensor
) -> SplitLoss:
    """The loss for kernel values K_a, K_b, targets with shape (a, q) and (b, q), the Gram matrix of
    the centres and λ, all in float64.
    """
    F_a, F_b = with_one(K_a), with_one(K_b)
    L = _factor(F_a, gram, ridge)
    beta = torch.cholesky_solve(F_a.T @ y_a / len(F_a), L)
    r_a, r_b = y_a - F_a @ beta, y_b - F_b @ beta
    squares = (r_b * r_b).sum().clamp(min=1e-300)
    v = torch.cholesky_solve(F_b.T @ r_b * (-2 / squares), L)
    inner, v_inner = beta[:-1], v[:-1]
    return SplitLoss(
        float(torch.log(squares / len(F_b))),
        (r_a @ v_inner.T - F_a @ v @ inner.T) / len(F_a),
        r_b @ inner.T * (-2 / squares),
        v_inner @ inner.T * -ridge,
        -ridge * (v_inner * (gram @ inner)).sum(),
    )


def output_layer(K: Tensor, y: Tensor, gram: Tensor, ridge: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients with shape (m, q) and intercept with shape (q,) on all rows."""
    F = with_one(K)
    beta = torch.cholesky_solve(F.T @ y / len(F), _factor(F, gram, ridge))
    return beta[:-1], beta[-1]


def with_one(K: Tensor) -> Tensor:
    """Kernel values and a column of ones."""
    return torch.cat([K, torch.ones(len(K), 1, dtype=K.dtype)], 1)


def _factor(F: Tensor, gram: Tensor, ridge: Tensor) -> Tensor:
    A = F.T @ F / len(F)
    A[:-1, :-1] += ridge * gram
    return jittered_cholesky(A, _JITTER)


def jittered_cholesky(A: Tensor, jitter: float) -> Tensor:
    """Cholesky factor of A + jitter · mean(diag A) · I; A is overwritten."""
    A.diagonal().add_(jitter * A.diagonal().mean())
    return torch.linalg.cholesky(A)


class Student:
    """The free parameters in float32, started from trained feature layers and from centres with
    shape (m, d) in the warped space.
    """

    def __init__(self, inner: FeatureLayers, centres: Tensor, ridge: float) -> None:
        self.profiles, self.warp = inner.kernel.profiles, Warp(torch.as_tensor(inner.knots).float())
        R = (
            torch.zeros(0, 0)
            if inner.map is None
            else torch.eye(len(inner.map)) + torch.as_tensor(inner.map).float()
        )
        weights, rates = torch.as_tensor(inner.kernel.weights), torch.as_tensor(inner.kernel.rates)
        starts = [
            torch.as_tensor(inner.slopes).log(),
            weights.clamp(min=1e-6).log(),
            rates.log(),
            torch.tensor([math.log(ridge)]),
            R,
            centres,
        ]
        self.vector = torch.cat([start.float().ravel() for start in starts])
        parts = torch.split(self.vector, [start.numel() for start in starts])
        self.leaves = [
            part.view(start.shape).detach().requires_grad_(True)
            for part, start in zip(parts, starts, strict=True)
        ]
        self.log_slopes, self.mix, self.log_rates, self.log_ridge, self.R, self.centres = (
            self.leaves
        )

    def adam(self, rate: float, map_rate: float, centre_rate: float) -> Adam:
        """Adam on all leaves."""
        own = {id(self.R): map_rate, id(self.centres): centre_rate}
        return Adam(
            self.vector,
            torch.cat(
                [torch.full((leaf.numel(),), own.get(id(leaf), rate)) for leaf in self.leaves]
            ),
        )

    def kernel(self, basis: Tensor) -> tuple[Tensor, Tensor]:
        """Kernel values with shape (n, m) between the rows of `warp.basis` and the centres, and the
        Gram matrix of the centres.
        """
        Z = (basis * torch.exp(self.log_slopes)).sum(2)
        C = self.centres
        kernel = (self.profiles, torch.softmax(self.mix, 0), torch.exp(self.log_rates))
        U, V = (Z @ self.R, C @ self.R) if self.R.numel() else (Z, C)
        return mixture(Z, C, U, V, *kernel), mixture(C, C, V, V, *kernel)

    def gradient(self) -> Tensor:
        """The gradients as one vector; those of the leaves are cleared."""
        parts = [
            torch.zeros(leaf.numel()) if leaf.grad is None else leaf.grad.ravel()
            for leaf in self.leaves
        ]
        for leaf in self.leaves:
            leaf.grad = None
        return torch.cat(parts)

    @torch.no_grad()
    def freeze(self) -> tuple[FeatureLayers, Tensor]:
        """The current feature layers and centres in float64."""
        kernel = Kernel(
            self.profiles,
            torch.softmax(self.mix, 0).double().numpy(),
            torch.exp(self.log_rates).double().numpy(),
        )
        M = (
            self.R.double().numpy() - torch.eye(len(self.R)).double().numpy()
            if self.R.numel()
            else None
        )
        slopes = torch.exp(self.log_slopes).double().numpy()
        return FeatureLayers(
            self.warp.knots.double().numpy(), slopes, M, kernel, math.exp(float(self.log_ridge))
        ), self.centres.detach().double().clone()


@dataclass(frozen=True)
class DistilSettings:
    """How a student is trained.

    own: the share of a batch that are rows, not mixtures. share: the share of a batch that the
    output layer is solved on.
    """

    inner: FeatureSettings = field(default_factory=lambda: FeatureSettings(steps=60))
    steps: int = 200
    batch: int = 1_500
    own: float = 0.4
    share: float = 0.7
    rate: float = 0.01
    centre_rate: float = 0.02


def start_layers(X: Matrix, values: Matrix, settings: DistilSettings, seed: int) -> FeatureLayers:
    """Feature layers trained on values with shape (n, q) at rows X with shape (n, d)."""
    sample = replace(Sample.plain(X, values, seed=seed), numeric=~is_two_valued(X))
    some = np.random.default_rng(seed).permutation(sample.n)[:MAX_GRID_ROWS]
    part = torch.as_tensor(sample.X[some])
    medians = median_distances(part)
    choice = grid_search(
        part,
        torch.as_tensor(sample.y[some]),
        torch.ones(len(some), dtype=torch.float64),
        settings.inner.profiles,
        medians,
    )
    start = Start(start_kernel(settings.inner.profiles, medians, choice.scale), choice.ridge)
    return train_feature_layers(sample, start, settings.inner, [seed])


def distil(
    X: Matrix,
    values: Matrix,
    kept: int,
    inner: FeatureLayers,
    units: int,
    settings: DistilSettings,
    seed: int,
) -> Motif:
    """The network of `units` centres for values with shape (n, q) at X with shape (n, d). The first
    `kept` rows of X are not mixed.
    """
    student = Student(
        inner,
        _means(inner, X[: max(kept, MIN_ROWS_A_UNIT * units)], units, seed),
        STIFFER * inner.ridge / settings.inner.batch,
    )
    rows, y = torch.as_tensor(X).float(), torch.as_tensor(values)
    adam = student.adam(settings.rate, settings.rate / 3, settings.centre_rate)
    generator = torch.Generator().manual_seed(seed)
    size = min(kept, int(settings.own * settings.batch))
    for step in range(settings.steps):
        own = torch.randperm(kept, generator=generator)[:size]
        mixed = (
            kept + torch.randperm(len(rows) - kept, generator=generator)[: settings.batch - size]
        )
        batch = torch.cat([own, mixed])
        batch = batch[torch.randperm(len(batch), generator=generator)]
        _find_gradients(student, rows[batch], y[batch], int(settings.share * len(batch)))
        adam.step(student.gradient(), 1 - 0.9 * step / settings.steps)
    return _network(student, torch.as_tensor(X), y)


def _find_gradients(student: Student, rows: Tensor, y: Tensor, cut: int) -> None:
    """Accumulate gradients of the split loss in the leaves; the output layer is solved on the first
    `cut` rows.
    """
    K, gram = student.kernel(student.warp.basis(rows))
    exact, ridge = K.detach().double(), student.log_ridge.detach().double().exp()
    loss = split_loss(exact[:cut], y[:cut], exact[cut:], y[cut:], gram.detach().double(), ridge)
    torch.autograd.backward(
        [K, gram], [torch.cat([loss.fitted, loss.scored]).float(), loss.gram.float()]
    )
    student.log_ridge.grad = loss.log_ridge.float().reshape(1)


def _means(inner: FeatureLayers, X: Matrix, units: int, seed: int) -> Tensor:
    """Centres of k-means of the warped rows."""
    from sklearn.cluster import KMeans

    Z = inner.warp_numpy(X)
    return torch.as_tensor(
        KMeans(units, n_init=1, max_iter=20, random_state=seed).fit(Z).cluster_centers_
    )


def _network(student: Student, X: Tensor, y: Tensor) -> Motif:
    inner, centres = student.freeze()
    blocks = [inner.gram(inner.warp(part), centres) for part in torch.split(X, 1024)]
    beta, b = output_layer(
        torch.cat(blocks),
        y,
        inner.gram(centres, centres),
        torch.tensor(inner.ridge, dtype=torch.float64),
    )
    hinge = Hinge(torch.as_tensor(inner.knots), torch.as_tensor(inner.slopes))
    R = None if inner.map is None else np.eye(len(inner.map)) + inner.map
    return kernel_network(
        inner.kernel, centres.numpy(), beta.numpy(), b.numpy(), [hinge], R, label="distilled kernel"
    )
