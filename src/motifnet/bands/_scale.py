"""How large residuals are at a place: boosted trees for σ(x) = E( |r| given x and f(x) ), as a network.

    min over log σ   Σ_i w_i ( log σ(x_i) + |r_i| / σ(x_i) )

the gamma deviance. Only the shape of σ matters: what is divided by it is calibrated afterwards. r are residuals of rows that their predictor has not
seen, and σ is cross-fitted once more by the same folds, so that row i has no part in the σ that its residual is divided by. Trees stay only where
they lower the deviance on rows that they have not seen; otherwise σ = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.losses import Gamma
from motifnet.mimicry import transfer
from motifnet.motifs import Affine, Chain, Motif, Precise
from motifnet.stacking import mean_loss
from motifnet.tables import Sample, code_response
from motifnet.teachers import BoostedTrees

Matrix = NDArray[np.float64]
TREES = BoostedTrees(leaves=4, min_rows=20, max_trees=300)
LEAST_ROWS = 100
_NOTHING = 1e-30  # below which trees in single precision see zeros
_SMALLEST = 1e-3  # of the mean: a residual of zero says that it is small, and no more


@dataclass(frozen=True)
class Scale:
    """The network (x, f(x)) → log σ with q columns, and log σ of each row by trees without it, NaN where there are none, with shape (n, q)."""

    network: Motif
    oof: Matrix


def fit_scale(sample: Sample, predicted: Matrix, residuals: Matrix, *, seed: int, n_jobs: int = 1) -> Scale | None:
    """σ for out-of-fold predictions and residuals with shape (n, q), NaN where there are none; None where a constant does as well."""
    sample, rows = sample.for_stack, np.asarray(np.isfinite(residuals).all(1))
    size = np.abs(residuals[rows])
    mean = sample.weight[rows] @ size / max(float(sample.weight[rows].sum()), 1e-300)
    if len(size) < LEAST_ROWS or not (mean > _NOTHING).all():
        return None
    coded, response = code_response(np.maximum(size, _SMALLEST * mean), sample.weight[rows], (Gamma(),) * residuals.shape[1])
    part = replace(_with_predictions(sample, predicted).rows(rows), y=coded, response=response, views=_views(sample, predicted, rows))
    fitted = TREES.fit(part, seed=seed, n_jobs=n_jobs)
    eta = response.mean + response.sd * fitted.oof
    constant = np.array([loss.constant(y, part.weight) for loss, y in zip(response.losses, response.y.T, strict=True)])
    level = np.where(np.isfinite(eta), constant, np.nan)
    if mean_loss(response, eta, part.weight).mean() >= mean_loss(response, level, part.weight).mean():
        return None
    units = Affine(torch.diag(torch.as_tensor(response.sd.copy())), torch.as_tensor(response.mean.copy()))
    oof = np.full(residuals.shape, np.nan)
    oof[rows] = eta
    return Scale(Precise(Chain([transfer(fitted), units], label="log of the size of residuals")), oof)


def _with_predictions(sample: Sample, predicted: Matrix) -> Sample:
    """The sample with further columns of X."""
    numeric = None if sample.numeric is None else np.append(sample.numeric, np.ones(predicted.shape[1], dtype=bool))
    return replace(sample, X=np.hstack([sample.X, predicted]), numeric=numeric, labels=None, response=None)


def _views(sample: Sample, predicted: Matrix, rows: NDArray[np.bool_]) -> tuple[Matrix, ...] | None:
    """The encodings of the folds that have rows, in their order, with the same further columns."""
    if sample.views is None:
        return None
    folds = np.unique(sample.folds.of[rows])
    kept = folds[1:] if sample.folds.forward and len(folds) > 1 else folds  # the first block in time is not scored: see `Folds.subset`
    return tuple(np.hstack([sample.views[k], predicted])[rows] for k in kept)
