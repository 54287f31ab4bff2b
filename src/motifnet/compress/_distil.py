"""Distillation: a kernel network of few untied centres learns the values of a network, which carry no noise.

1. inner layers by leave-out training on the values (as for the table itself), from the best point of a grid;
2. centres by k-means in the metric so trained;
3. centres and inner layers together by variable projection: each step draws a fresh batch and a fresh split of it, the output layer on one part, the
   loss on the other;
4. the output layer in closed form on all rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from motifnet.compress._projection import output_layer, split_loss
from motifnet.compress._rows import is_two_valued
from motifnet.compress._student import Student
from motifnet.kernels import grid_search, median_distances, start_kernel
from motifnet.mimicry import kernel_network
from motifnet.motifs import Hinge, Motif
from motifnet.retrain import InnerLayers, InnerSettings, Start, train_inner
from motifnet.tables import Matrix, Sample

GRID_ROWS = 600
ROWS_A_UNIT = 2  # at least, for the means: of small tables mixed rows help
STIFFER = 30.0  # fewer centres than rows start from a larger λ


@dataclass(frozen=True)
class DistilSettings:
    """How a student is trained: `own` is the share of rows among the mixed ones of a batch, `share` that of the output layer."""

    inner: InnerSettings = field(default_factory=lambda: InnerSettings(steps=60))
    steps: int = 200
    batch: int = 1_500
    own: float = 0.4
    share: float = 0.7
    rate: float = 0.01
    centre_rate: float = 0.02


def start_layers(X: Matrix, values: Matrix, settings: DistilSettings, seed: int) -> InnerLayers:
    """Inner layers trained on values with shape (n, q) at rows X with shape (n, d)."""
    sample = replace(Sample.plain(X, values, seed=seed), numeric=~is_two_valued(X))
    few = np.random.default_rng(seed).permutation(sample.n)[:GRID_ROWS]
    part = torch.as_tensor(sample.X[few])
    medians = median_distances(part)
    choice = grid_search(part, torch.as_tensor(sample.y[few]), torch.ones(len(few), dtype=torch.float64), settings.inner.profiles, medians)
    start = Start(start_kernel(settings.inner.profiles, medians, choice.scale), choice.ridge)
    return train_inner(sample, start, settings.inner, [seed])


def distil(X: Matrix, values: Matrix, kept: int, inner: InnerLayers, units: int, settings: DistilSettings, seed: int) -> Motif:
    """The network of `units` centres for values with shape (n, q) at X with shape (n, d): `kept` rows, then mixed ones."""
    student = Student(inner, _means(inner, X[: max(kept, ROWS_A_UNIT * units)], units, seed), STIFFER * inner.ridge / settings.inner.batch)
    rows, y = torch.as_tensor(X).float(), torch.as_tensor(values)
    adam, generator = student.adam(settings.rate, settings.rate / 3, settings.centre_rate), torch.Generator().manual_seed(seed)
    size = min(kept, int(settings.own * settings.batch))
    for step in range(settings.steps):
        own = torch.randperm(kept, generator=generator)[:size]
        mixed = kept + torch.randperm(len(rows) - kept, generator=generator)[: settings.batch - size]
        batch = torch.cat([own, mixed])
        batch = batch[torch.randperm(len(batch), generator=generator)]
        _find_gradients(student, rows[batch], y[batch], int(settings.share * len(batch)))
        adam.step(student.gradient(), 1 - 0.9 * step / settings.steps)
    return _network(student, torch.as_tensor(X), y)


def _find_gradients(student: Student, rows: Tensor, y: Tensor, cut: int) -> None:
    """Gradients of the split loss, the first `cut` rows for the output layer, kept with the leaves."""
    K, gram = student.kernel(student.warp.basis(rows))
    exact, ridge = K.detach().double(), student.log_ridge.detach().double().exp()
    loss = split_loss(exact[:cut], y[:cut], exact[cut:], y[cut:], gram.detach().double(), ridge)
    torch.autograd.backward([K, gram], [torch.cat([loss.fitted, loss.scored]).float(), loss.gram.float()])
    student.log_ridge.grad = loss.log_ridge.float().reshape(1)


def _means(inner: InnerLayers, X: Matrix, units: int, seed: int) -> Tensor:
    """k-means of the warped rows."""
    from sklearn.cluster import KMeans

    Z = inner.warp_numpy(X)
    return torch.as_tensor(KMeans(units, n_init=1, max_iter=20, random_state=seed).fit(Z).cluster_centers_)


def _network(student: Student, X: Tensor, y: Tensor) -> Motif:
    inner, centres = student.freeze()
    blocks = [inner.gram(inner.warp(part), centres) for part in torch.split(X, 1024)]
    beta, b = output_layer(torch.cat(blocks), y, inner.gram(centres, centres), torch.tensor(inner.ridge, dtype=torch.float64))
    hinge = Hinge(torch.as_tensor(inner.knots), torch.as_tensor(inner.slopes))
    R = None if inner.map is None else np.eye(len(inner.map)) + inner.map
    return kernel_network(inner.kernel, centres.numpy(), beta.numpy(), b.numpy(), [hinge], R, label="distilled kernel")
