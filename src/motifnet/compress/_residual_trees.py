"""A few small trees for what kernel units leave of a network that has trees itself: its jumps.

student(x) = kernel units(x) + Σ_t tree_t(x),      trees boosted on the residuals, network − kernel units, at the rows of the distillation
"""

from __future__ import annotations

import numpy as np
import torch

from motifnet.mimicry import tree_network
from motifnet.motifs import Concat, Motif, Parallel, TreeEnsemble
from motifnet.tables import Matrix
from motifnet.teachers import Growth, Problem, find_engine

GROWTH = Growth(learning_rate=0.2, leaves=63, min_rows=10, columns=1.0, rows=1.0, l2=1.0, limit=100, patience=100)


def has_trees(network: Motif) -> bool:
    """Whether a network jumps as trees do."""
    return any(isinstance(part, TreeEnsemble) for part in network.modules())


def with_trees(network: Motif, X: Matrix, residuals: Matrix, seed: int, growth: Growth = GROWTH) -> Motif:
    """The network plus trees for its residuals with shape (n, q) at rows X with shape (n, d)."""
    engine, weight, q = find_engine("lightgbm"), np.ones(len(X)), residuals.shape[1]
    forests = [forest for column in residuals.T for forest in engine.grow(Problem(X, column, weight), growth, seed, None)]
    trees = [tree_network(forest) for forest in forests]
    return Parallel(torch.ones(2, dtype=torch.float64), [network, trees[0] if q == 1 else Concat(list(trees))])
