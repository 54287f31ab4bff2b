"""Kernel units and trees fitted to the residuals of a network, and added to it.

For a function without noise (`Answers`), many kernel units come first, then trees:

    network(x) + Σ_j β_j exp(−(a ‖x − c_j‖)²) + Σ_t tree_t(x)
    β = argmin Σ_i (r_i − Σ_j β_j k(x_i, c_j))² + λ βᵀ K_CC β

r are the residuals at the rows. A fit to noisy targets stops early. Here more units and a small λ
pay, and trees follow jumps. Each addition is kept if it lowers the error on the validation rows,
which take no part in it.

For a student of kernel units whose network has trees, a few small trees follow the jumps:

    student(x) = kernel units(x) + Σ_t tree_t(x)

The trees are boosted on the residuals, network − kernel units, at the rows of the distillation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.compress._student import jittered_cholesky
from motifnet.engine import Matrix, single_threaded
from motifnet.kernels import Kernel, median_distances, start_kernel
from motifnet.motifs import Affine, Concat, Motif, Parallel, Precise, TreeEnsemble
from motifnet.teachers import Growth, Problem, find_engine
from motifnet.transfer import kernel_network, tree_network, values_of

_MAX_CENTRES = 2_000
_CHOICE_CENTRES = 600  # of the smaller problem that chooses a and λ
_MIN_ROWS_A_CENTRE = 5
_BLOCK_ROWS = 2_048
_SCALES = (0.6, 1.2, 2.4)  # a times the median distance
_RIDGES = (1e-4, 1e-2)
_JITTER = 1e-10  # of the mean diagonal
_MAX_TREES = 300  # of all outputs together
_MIN_TREES = 50  # of one output
_MANY_TREES = Growth(learning_rate=0.1, leaves=63, limit=_MAX_TREES, patience=_MAX_TREES)
GROWTH = Growth(learning_rate=0.2, leaves=63, l2=1.0, limit=100, patience=100)


def has_trees(network: Motif) -> bool:
    """Whether a network holds trees."""
    return any(isinstance(part, TreeEnsemble) for part in network.modules())


def with_trees(
    network: Motif, X: Matrix, residuals: Matrix, seed: int, growth: Growth = GROWTH
) -> Motif:
    """The network plus trees for its residuals with shape (n, q) at rows X with shape (n, d)."""
    engine, weight, q = find_engine("lightgbm"), np.ones(len(X)), residuals.shape[1]
    forests = [
        forest
        for column in residuals.T
        for forest in engine.grow(Problem(X, column, weight), growth, seed, None)
    ]
    trees = [tree_network(forest) for forest in forests]
    return Parallel(
        torch.ones(2, dtype=torch.float64), [network, trees[0] if q == 1 else Concat(list(trees))]
    )


@dataclass(frozen=True)
class Answers:
    """Encoded rows with shape (n, d), answers with shape (n, q), and a mask of validation rows."""

    X: Matrix
    y: Matrix
    validation: NDArray[np.bool_]

    def residuals(self, network: Motif) -> tuple[Matrix, Matrix]:
        """The training rows, and the residuals of the network there."""
        X = self.X[~self.validation]
        return X, self.y[~self.validation] - values_of(network, X)

    def error(self, network: Motif) -> float:
        """Sum of squares over the validation rows."""
        X, y = self.X[self.validation], self.y[self.validation]
        return float(((y - values_of(network, X)) ** 2).sum())


def with_residuals_fitted(network: Motif, answers: Answers, seed: int) -> Motif:
    """The network with kernel units, then trees, fitted to its residuals, as far as the validation
    rows gain. Kernel units may also replace the network.
    """
    with single_threaded():
        # the residuals of a network of few rough units may be harder to fit than the function
        starts = (network, _mean(answers))
        network = min(
            (network, *(_with_units(start, answers, seed) for start in starts)), key=answers.error
        )
        return min(network, _with_many_trees(network, answers, seed), key=answers.error)


def _mean(answers: Answers) -> Motif:
    weight = torch.zeros(answers.y.shape[1], answers.X.shape[1], dtype=torch.float64)
    return Affine(weight, torch.as_tensor(answers.y.mean(0)))


def _with_many_trees(network: Motif, answers: Answers, seed: int) -> Motif:
    X, residuals = answers.residuals(network)
    return with_trees(
        network,
        X,
        residuals,
        seed,
        replace(_MANY_TREES, limit=max(_MIN_TREES, _MAX_TREES // residuals.shape[1])),
    )


def _with_units(network: Motif, answers: Answers, seed: int) -> Motif:
    X, residuals = answers.residuals(network)
    order = np.random.default_rng(seed).permutation(len(X))
    Z, r = torch.as_tensor(X[order]), torch.as_tensor(residuals[order])
    kernel, ridge = _chosen(Z, r)
    centres = Z[: min(_MAX_CENTRES, len(Z) // _MIN_ROWS_A_CENTRE)]
    units = kernel_network(
        kernel,
        centres.numpy(),
        _dual(kernel, Z, r, centres, ridge).numpy(),
        np.zeros(r.shape[1]),
        label="kernel",
    )
    return Parallel(torch.ones(2, dtype=torch.float64), [network, Precise(units)])


def _chosen(Z: Tensor, r: Tensor) -> tuple[Kernel, float]:
    """Kernel and λ with the smallest error on the odd rows of a small problem, fitted on its even
    rows.
    """
    rows = 10 * _CHOICE_CENTRES
    learn, scored = Z[:rows][::2], Z[:rows][1::2]
    r_learn, r_scored = r[:rows][::2], r[:rows][1::2]
    medians, found = median_distances(learn[:_CHOICE_CENTRES]), list[tuple[float, Kernel, float]]()
    centres = learn[: min(_CHOICE_CENTRES, len(learn) // _MIN_ROWS_A_CENTRE)]
    for scale in _SCALES:
        kernel = start_kernel(("gaussian",), medians, scale)
        K = kernel.gram(scored, centres)
        for ridge in _RIDGES:
            residuals = r_scored - K @ _dual(kernel, learn, r_learn, centres, ridge)
            found.append((float((residuals * residuals).sum()), kernel, ridge))
    return min(found, key=lambda choice: choice[0])[1:]


def _dual(kernel: Kernel, Z: Tensor, r: Tensor, centres: Tensor, ridge: float) -> Tensor:
    """β with shape (m, q), from normal equations summed over blocks of rows."""
    gram = kernel.gram(centres, centres)
    A, b = ridge * gram, torch.zeros(len(centres), r.shape[1], dtype=torch.float64)
    for rows, values in zip(torch.split(Z, _BLOCK_ROWS), torch.split(r, _BLOCK_ROWS), strict=True):
        K = kernel.gram(rows, centres)
        A, b = A.addmm_(K.T, K), b.addmm_(K.T, values)
    return torch.cholesky_solve(b, jittered_cholesky(A, _JITTER))
