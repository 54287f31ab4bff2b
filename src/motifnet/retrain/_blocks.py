"""How many networks stand in parallel: as many as averaging is worth, by how much the trained networks of the folds differ.

The mean of M networks of one kind has the error (Krogh and Vedelsby 1995)

    E_M = E (f − y)² − s² (1 − 1/M),     s² = E Var f(x), the disagreement, which asks for no target

so that M is the least number with E_M ≤ (1 + worth)² E_K, where K networks are in hand. Out-of-fold predictions cannot say it, as each of them is of
one network. Both terms are of rows of the last fold, by output layers of its own training rows; the error is that of the one network whose inner
layers have not seen the fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motifnet.kernels import CAPACITY
from motifnet.retrain._cross_tune import solve_whole
from motifnet.retrain._inner_layers import InnerLayers
from motifnet.tables import Sample, drawn

WORTH = 0.01  # of the error: what the networks that are left out may be worth together
FITTED, COMPARED = 600, 300  # rows


@dataclass(frozen=True)
class Blocks:
    """The number of networks that theory predicts, that which is taken, and their disagreement as a share of the squared error of one."""

    predicted: int
    taken: int
    share: float

    @property
    def sentence(self) -> str:
        return f"{self.predicted} in parallel predicted by a disagreement of {self.share:.1%} of the squared error, {self.taken} taken"


def predicted_blocks(sample: Sample, inner: Sequence[InnerLayers], seed: int, most: int) -> Blocks:
    """From the trained layers of all folds; at most `most` are taken."""
    last, rng = sample.folds.count - 1, np.random.default_rng([seed, 31])
    train, new = (drawn(rows, most, rng) for rows, most in ((sample.folds.train(last), FITTED), (sample.folds.held_out(last), COMPARED)))
    if len(inner) < 2 or train.sum() < 2 or not new.any():
        return Blocks(1, 1, 0.0)
    part, X = sample.rows(train, last), sample.view(last)[new]
    values = np.stack([solve_whole(part, one, CAPACITY).predict(X) for one in inner])
    of_row = sample.weight[new]
    error = float(np.average((values[last] - sample.y[new]) ** 2, axis=0, weights=of_row).mean())
    disagreement = float(np.average(values.var(0, ddof=1), axis=0, weights=of_row).mean())
    predicted = least_count(disagreement, error, len(inner))
    return Blocks(predicted, min(predicted, most), disagreement / max(error, 1e-300))


def least_count(disagreement: float, error: float, most: int) -> int:
    """The least M with E_M ≤ (1 + worth)² E_K for K = `most`."""
    errors = [error - disagreement * (1 - 1 / m) for m in range(1, most + 1)]
    return next(m for m, of_m in enumerate(errors, 1) if m == most or of_m <= (1 + WORTH) ** 2 * errors[-1])
