"""Sup-norm training as a stage: a ReLU network that takes a kernel estimate over (`_corrected`), its radius chosen on rows that neither has seen.

For fold k the corrected output is the estimate without fold k, and the ReLU network is trained around the fold's training rows; radius and honest
score come from its predictions of fold k. The score that goes with the objective is the largest local error: of all rows,

    max_i | mean of w r over the k rows nearest to x_i |,     k = n^(2/3),  r: out-of-fold residuals

Noise is in it, the same noise for all networks that are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import cast

import numpy as np
import torch

from motifnet.engine import Control, parallel_map
from motifnet.motifs import Affine, Chain, Motif, ReLU
from motifnet.retrain._corrected import corrected_output
from motifnet.retrain._cross_tune import CrossTuned
from motifnet.retrain._sup_norm import SupNormSettings, radii_of, train_sup_norm
from motifnet.tables import Matrix, Sample
from motifnet.teachers import KernelRidge

WIDTH = 48
STEPS = 600


@dataclass(frozen=True)
class SupNormTrained:
    """The network, out-of-fold predictions with shape (n, q), and the radius, in units of the encoded columns."""

    network: Motif
    oof: Matrix
    radius: float


def sup_norm_stage(
    sample: Sample, first: CrossTuned, teacher: KernelRidge, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
) -> SupNormTrained:
    """Train a ReLU network of two hidden layers under the objective "supnorm"; its corrected output is `first`, or a smooth fit like `teacher`."""
    radii = radii_of(sample.X)
    corrected = corrected_output(sample, first, teacher, seed=seed, n_jobs=n_jobs, control=control)
    without = [corrected.without(k) for k in range(sample.folds.count)]

    def train(task: tuple[int, float]) -> Matrix:
        """Predictions of fold k by the network without it."""
        k, radius = task
        X, rows = sample.view(k), sample.folds.train(k)
        settings = SupNormSettings(radius, steps=STEPS)
        tuned = train_sup_norm(relu_network(X[rows], sample.y.shape[1], seed), X[rows], without[k], settings, seed=seed, control=control)
        return _values(tuned, X[sample.folds.held_out(k)])

    parts = parallel_map(train, list(product(range(sample.folds.count), radii)), n_jobs)
    paths = np.stack([sample.folds.joined(parts[r :: len(radii)]) for r in range(len(radii))])
    squares = np.nan_to_num(((paths - sample.y) ** 2).sum(2) * sample.weight)
    oof = sample.folds.joined([paths[r, sample.folds.held_out(k)] for k, r in enumerate(sample.folds.choices(squares))])
    radius = radii[int(squares.sum(1).argmin())]
    start, settings = relu_network(sample.X, sample.y.shape[1], seed), SupNormSettings(radius, steps=STEPS)
    network = train_sup_norm(start, sample.X, corrected.predict, settings, seed=seed, control=control)
    return SupNormTrained(cast(Motif, network), oof, radius)


def largest_local_error(sample: Sample, oof: Matrix) -> float:
    """The largest of all local means of out-of-fold residuals, with shape (n, q)."""
    from sklearn.neighbors import NearestNeighbors

    rows = np.isfinite(oof).all(1)
    X, w, residuals = sample.X[rows], sample.weight[rows], sample.y[rows] - oof[rows]
    k = max(1, min(len(X), round(len(X) ** (2 / 3))))
    near = NearestNeighbors(n_neighbors=k).fit(X).kneighbors(X, return_distance=False)
    local = (w[near, None] * residuals[near]).sum(1) / w[near].sum(1)[:, None]
    return float(np.abs(local).max())


def relu_network(X: Matrix, outputs: int, seed: int) -> Motif:
    """Two hidden layers, random, with kinks all over the box of rows X with shape (n, d)."""
    generator = torch.Generator().manual_seed(seed)
    normal = partial(torch.randn, generator=generator, dtype=torch.float64)
    low, high = X.min(0), X.max(0)
    middle, half = torch.as_tensor((low + high) / 2), torch.as_tensor(np.maximum((high - low) / 2, 1e-12))
    inward = normal(WIDTH, X.shape[1]) * (2 / X.shape[1]) ** 0.5 / half
    return Chain(
        [
            Affine(inward, 0.5 * normal(WIDTH) - inward @ middle),
            ReLU(),
            Affine(normal(WIDTH, WIDTH) * (2 / WIDTH) ** 0.5, 0.05 * normal(WIDTH)),
            ReLU(),
            Affine(normal(outputs, WIDTH) * 0.5 * (2 / WIDTH) ** 0.5, torch.zeros(outputs, dtype=torch.float64)),
        ],
        label="sup-norm training",
    )


def _values(network: torch.nn.Module, X: Matrix) -> Matrix:
    with torch.no_grad():
        return np.asarray(network(torch.as_tensor(X)).numpy())
