"""The size of residuals: their local scale, and the factor by which they shrink without folds.

The scale is σ(x) = E( |r| given x and f(x) ), by boosted trees, as a network:

    min over log σ   Σ_i w_i ( log σ(x_i) + |r_i| / σ(x_i) )

the gamma deviance. Only the shape of σ matters, since the quotients are calibrated afterwards. r
are out-of-fold residuals. σ is cross-fitted again by the same folds, so that the residual of row i
is divided by a σ without row i. Trees stay only where they lower the deviance on held-out rows.
Otherwise σ = 1.

Out-of-fold residuals come from fits to a part of the rows, the finished network from all of them.
The effect is measured for the convex fit, for which algebra gives both residuals: with one row left
out (with groups, one group) and with a whole fold left out,

    ρ = min( 1, Σ w |r_LOO| / Σ w |r_fold| ),      r_B = (P_BB)⁻¹ α_B

Conformal scores are multiplied by ρ. This assumes that the network has the learning curve of its
convex fit. docs/intervals.md measures the coverage. Forward in time ρ = 1, since nothing is known
of the future.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.kernels import blocks_of, leave_out_residuals, projector
from motifnet.losses import Gamma
from motifnet.motifs import Affine, Chain, Motif, Precise
from motifnet.stacking import mean_loss
from motifnet.tables import Sample, code_response
from motifnet.teachers import BoostedTrees, FittedKernel
from motifnet.transfer import transfer

TREES = BoostedTrees(leaves=4, min_rows=20, max_trees=300)
MIN_ROWS = 100  # of a scale
MAX_ROWS, MIN_NARROWING = 1_000, 0.5  # rows that give ρ, and its bound
_MIN_MEAN = 1e-30  # of residuals: smaller ones are zero in single precision
_MIN_RATIO = 1e-3  # of a residual to the mean: one of zero is only known to be small


@dataclass(frozen=True)
class Scale:
    """The network (x, f(x)) → log σ with q columns, and out-of-fold log σ with shape (n, q), NaN
    where there is none.
    """

    network: Motif
    oof: Matrix


def fit_scale(
    sample: Sample, predicted: Matrix, residuals: Matrix, *, seed: int, n_jobs: int = 1
) -> Scale | None:
    """σ for out-of-fold predictions and residuals with shape (n, q), NaN where there are none. None
    where a constant is equally good.
    """
    sample, rows = sample.for_stack, np.asarray(np.isfinite(residuals).all(1))
    size = np.abs(residuals[rows])
    mean = sample.weight[rows] @ size / max(float(sample.weight[rows].sum()), 1e-300)
    if len(size) < MIN_ROWS or not (mean > _MIN_MEAN).all():
        return None
    coded, response = code_response(
        np.maximum(size, _MIN_RATIO * mean), sample.weight[rows], (Gamma(),) * residuals.shape[1]
    )
    part = replace(
        _with_predictions(sample, predicted).rows(rows),
        y=coded,
        response=response,
        views=_views(sample, predicted, rows),
    )
    fitted = TREES.fit(part, seed=seed, n_jobs=n_jobs)
    eta = response.mean + response.sd * fitted.oof
    constant = np.array(
        [
            loss.constant(y, part.weight)
            for loss, y in zip(response.losses, response.y.T, strict=True)
        ]
    )
    level = np.where(np.isfinite(eta), constant, np.nan)
    if (
        mean_loss(response, eta, part.weight).mean()
        >= mean_loss(response, level, part.weight).mean()
    ):
        return None
    units = Affine(
        torch.diag(torch.as_tensor(response.sd.copy())), torch.as_tensor(response.mean.copy())
    )
    oof = np.full(residuals.shape, np.nan)
    oof[rows] = eta
    return Scale(
        Precise(Chain([transfer(fitted), units], label="log of the size of residuals")), oof
    )


def _with_predictions(sample: Sample, predicted: Matrix) -> Sample:
    """The sample with the predictions as columns of X."""
    numeric = (
        None
        if sample.numeric is None
        else np.append(sample.numeric, np.ones(predicted.shape[1], dtype=bool))
    )
    return replace(
        sample, X=np.hstack([sample.X, predicted]), numeric=numeric, labels=None, response=None
    )


def _views(sample: Sample, predicted: Matrix, rows: NDArray[np.bool_]) -> tuple[Matrix, ...] | None:
    """The encodings of the folds with rows, in their order, with the predictions as columns."""
    if sample.views is None:
        return None
    folds = np.unique(sample.folds.of[rows])
    # the first block in time is not scored: see `Folds.subset`
    kept = folds[1:] if sample.folds.forward and len(folds) > 1 else folds
    return tuple(np.hstack([sample.views[k], predicted])[rows] for k in kept)


def narrowing(sample: Sample, convex: FittedKernel, seed: int) -> float:
    """ρ, from at most `MAX_ROWS` rows."""
    if sample.folds.forward:
        return 1.0
    chosen = np.sort(np.random.default_rng([seed, 2]).permutation(sample.n)[:MAX_ROWS])
    X, y, w = (torch.as_tensor(part[chosen]) for part in (sample.X, sample.y, sample.weight))
    single = (
        None
        if sample.groups is None
        else blocks_of(torch.as_tensor(sample.groups[chosen]), len(chosen))
    )
    folds = blocks_of(torch.as_tensor(sample.folds.of[chosen]), len(chosen))
    scored = torch.as_tensor(sample.folds.scored[chosen])
    try:
        P = projector(convex.kernel.gram(X, X), convex.ridge / w)
        without_row, without_fold = (
            float(((w * scored)[:, None] * leave_out_residuals(P, P @ y, blocks).abs()).sum())
            for blocks in (single, folds)
        )
    except RuntimeError:
        # LinAlgError, a singular matrix: ρ is unknown, and intervals must not end a fit
        return 1.0
    return (
        min(1.0, max(MIN_NARROWING, without_row / without_fold))
        if without_fold > 0 and np.isfinite(without_row)
        else 1.0
    )
