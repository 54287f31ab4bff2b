"""The last layer of the transferred network, solved again on all rows.

The convex fit takes λ from a grid on few rows. Here the output layer is solved in closed form on all rows for λ and for smaller and larger ones;
fold k is predicted with the λ that does best on the other folds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motifnet.kernels import EveryFold
from motifnet.tables import Sample
from motifnet.teachers import FittedKernel

FACTORS = (0.3, 3.0)


def refit_ridge(sample: Sample, convex: FittedKernel, folds: EveryFold, *, n_jobs: int = 1) -> FittedKernel:
    """The convex fit with its output layer solved again, by its own folds."""
    solutions = [folds.solve(convex.ridge * factor, n_jobs) for factor in FACTORS]
    held_out = [convex.oof, *(s.held_out.numpy() for s in solutions)]
    # landmarks have no prediction, in none of them
    errors = np.nan_to_num(np.stack([sample.weight * ((sample.y - p) ** 2).sum(1) for p in held_out]))
    oof = sample.folds.joined([held_out[c][sample.folds.held_out(k)] for k, c in enumerate(sample.folds.choices(errors))])
    best = int(errors.sum(1).argmin())
    if best == 0:
        return replace(convex, oof=oof)
    s = solutions[best - 1]
    return replace(convex, oof=oof, dual=s.dual.numpy(), intercept=s.intercept.numpy(), ridge=s.ridge)
