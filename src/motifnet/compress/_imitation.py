"""What a network leaves of a function that has no noise, added to it: first by many kernel units, then by trees.

    network(x) + Σ_j β_j exp(−(a ‖x − c_j‖)²) + Σ_t tree_t(x),     β = argmin Σ_i (r_i − Σ_j β_j k(x_i, c_j))² + λ βᵀ K_CC β

r are the residuals at the rows. A fit that expects noise stops early; here more units and hardly any λ pay, and trees follow jumps. Each addition
stays if rows that took no part in it, the judges, are met better.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.compress._residual_trees import with_trees
from motifnet.engine import single_threaded
from motifnet.kernels import Kernel, median_distances, start_kernel
from motifnet.mimicry import kernel_network, values_of
from motifnet.motifs import Affine, Motif, Parallel, Precise
from motifnet.tables import Matrix
from motifnet.teachers import Growth

_UNITS, _FEW = 2_000, 600  # centres; of the problem that chooses a and λ
_ROWS_A_UNIT, _BLOCK = 5, 2_048
_SCALES, _RIDGES = (0.6, 1.2, 2.4), (1e-4, 1e-2)  # a times the median distance; λ
_TREES, _LEAST_TREES = 300, 50  # for all outputs together, and for each at least
_GROWTH = Growth(learning_rate=0.1, leaves=63, min_rows=10, columns=1.0, rows=1.0, l2=0.0, limit=_TREES, patience=_TREES)


@dataclass(frozen=True)
class Answers:
    """Encoded rows with shape (n, d), answers with shape (n, q), and which rows judge."""

    X: Matrix
    y: Matrix
    judges: NDArray[np.bool_]

    def residuals(self, network: Motif) -> tuple[Matrix, Matrix]:
        """Rows that do not judge, and what the network leaves of their answers."""
        X = self.X[~self.judges]
        return X, self.y[~self.judges] - values_of(network, X)

    def error(self, network: Motif) -> float:
        """Sum of squares at the judges."""
        return float(((self.y[self.judges] - values_of(network, self.X[self.judges])) ** 2).sum())


def with_residuals_fitted(network: Motif, answers: Answers, seed: int) -> Motif:
    """The network, or one of kernel units alone, with kernel units and then trees for what it leaves, as far as the judges gain."""
    with single_threaded():
        starts = (network, _mean(answers))  # what a network of few rough units leaves may be harder than the whole
        network = min((network, *(_with_units(start, answers, seed) for start in starts)), key=answers.error)
        return min(network, _with_trees(network, answers, seed), key=answers.error)


def _mean(answers: Answers) -> Motif:
    weight = torch.zeros(answers.y.shape[1], answers.X.shape[1], dtype=torch.float64)
    return Affine(weight, torch.as_tensor(answers.y.mean(0)))


def _with_trees(network: Motif, answers: Answers, seed: int) -> Motif:
    X, residuals = answers.residuals(network)
    return with_trees(network, X, residuals, seed, replace(_GROWTH, limit=max(_LEAST_TREES, _TREES // residuals.shape[1])))


def _with_units(network: Motif, answers: Answers, seed: int) -> Motif:
    X, residuals = answers.residuals(network)
    order = np.random.default_rng(seed).permutation(len(X))
    Z, r = torch.as_tensor(X[order]), torch.as_tensor(residuals[order])
    kernel, ridge = _chosen(Z, r)
    centres = Z[: min(_UNITS, len(Z) // _ROWS_A_UNIT)]
    units = kernel_network(kernel, centres.numpy(), _dual(kernel, Z, r, centres, ridge).numpy(), np.zeros(r.shape[1]), label="kernel")
    return Parallel(torch.ones(2, dtype=torch.float64), [network, Precise(units)])


def _chosen(Z: Tensor, r: Tensor) -> tuple[Kernel, float]:
    """Kernel and λ that meet rows best which a small problem leaves out."""
    learn, judge = Z[: 10 * _FEW][::2], Z[: 10 * _FEW][1::2]
    medians, found = median_distances(learn[:_FEW]), list[tuple[float, Kernel, float]]()
    centres = learn[: min(_FEW, len(learn) // _ROWS_A_UNIT)]
    for scale in _SCALES:
        kernel = start_kernel(("gaussian",), medians, scale)
        K = kernel.gram(judge, centres)
        for ridge in _RIDGES:
            left = r[: 10 * _FEW][1::2] - K @ _dual(kernel, learn, r[: 10 * _FEW][::2], centres, ridge)
            found.append((float((left * left).sum()), kernel, ridge))
    return min(found, key=lambda choice: choice[0])[1:]


def _dual(kernel: Kernel, Z: Tensor, r: Tensor, centres: Tensor, ridge: float) -> Tensor:
    """β with shape (m, q), from sums over blocks of rows."""
    gram = kernel.gram(centres, centres)
    A, b = ridge * gram, torch.zeros(len(centres), r.shape[1], dtype=torch.float64)
    for rows, values in zip(torch.split(Z, _BLOCK), torch.split(r, _BLOCK), strict=True):
        K = kernel.gram(rows, centres)
        A, b = A.addmm_(K.T, K), b.addmm_(K.T, values)
    A.diagonal().add_(1e-10 * A.diagonal().mean())
    return torch.cholesky_solve(b, torch.linalg.cholesky(A))
