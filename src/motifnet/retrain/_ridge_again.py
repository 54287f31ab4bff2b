"""The last layer of the transferred network, solved again on all rows.

The convex fit takes λ from a grid on few rows. Here the output layer is solved in closed form for λ times a few factors on all rows; fold k is predicted with the
factor that does best on the other folds. With one encoding for all folds the projector P of a factor serves every fold at once.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from motifnet.engine import parallel_map
from motifnet.kernels import EXACT_ROWS, leave_out_residuals, projector, solve_ridge
from motifnet.tables import Matrix, Sample
from motifnet.teachers import FittedKernel

FACTORS = (0.1, 0.3, 1.0, 3.0)


def refit_ridge(sample: Sample, convex: FittedKernel, *, n_jobs: int = 1) -> FittedKernel | None:
    """The convex fit with its output layer solved again; None where there is no single exact factorisation to do it from."""
    if sample.n > EXACT_ROWS or sample.views is not None or sample.folds.forward:
        return None
    X, y, w = torch.as_tensor(sample.X), torch.as_tensor(sample.y), torch.as_tensor(sample.weight)
    K = convex.kernel.gram(X, X)
    blocks = [torch.as_tensor(np.flatnonzero(sample.folds.held_out(k))) for k in range(sample.folds.count)]

    def predictions(factor: float) -> Matrix:
        P = projector(K, convex.ridge * factor / w)
        return (y - leave_out_residuals(P, P @ y, blocks)).numpy()

    held_out = dict(zip(FACTORS, parallel_map(predictions, FACTORS, n_jobs), strict=True))
    errors = {f: sample.weight * ((sample.y - p) ** 2).sum(1) for f, p in held_out.items()}
    oof = np.full(sample.y.shape, np.nan)
    for k in range(sample.folds.count):
        rows, others = sample.folds.held_out(k), sample.folds.train(k)
        oof[rows] = held_out[min(FACTORS, key=lambda f: float(errors[f][others].sum()))][rows]
    ridge = convex.ridge * min(FACTORS, key=lambda f: float(errors[f].sum()))
    dual, b = solve_ridge(K, y, ridge / w)
    return replace(convex, oof=oof, centres=sample.X, dual=dual.numpy(), intercept=b.numpy(), ridge=ridge)
