"""The corrected output of sup-norm training: of several kernel estimates the one whose held-out errors are least, smooth ones among them.

    candidates      the trained kernel network, kernel ridge regression with each of the kernels in `SMOOTH`
    Ŷ               argmin Σ w (y − Ŷ^{-k(i)}(x_i))²;    without fold k: by the other folds' sums, fitted on fold k's training rows

What has to be good in sup-norm must not be rough. Mixtures with Laplace kernels follow the noise in narrow places: that costs little in the mean, and
much at the worst place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from motifnet.engine import Control
from motifnet.kernels import fit_with_held_out, start_kernel
from motifnet.retrain._cross_tune import CrossTuned, fold_model
from motifnet.tables import Matrix, Sample
from motifnet.teachers import FittedKernel, KernelRidge

Predict = Callable[[Matrix], Matrix]
SMOOTH = (("matern52",), ("gaussian",))


@dataclass(frozen=True)
class Candidate:
    """Out-of-fold predictions with shape (n, q), the estimate from all rows, and that from the training rows of a fold."""

    oof: Matrix
    predict: Predict
    without: Callable[[int], Predict]


def corrected_output(
    sample: Sample, first: CrossTuned, teacher: KernelRidge, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None
) -> Candidate:
    """The best of the trained kernel network and of ridge regressions like `teacher` with one smooth kernel each."""
    smooth = [replace(teacher, profiles=profiles).fit(sample, seed=seed, n_jobs=n_jobs, control=control) for profiles in SMOOTH]
    trained = Candidate(first.oof, first.predict, lambda k: fold_model(sample, first, k).predict)
    return best_candidate(sample, [trained, *(Candidate(fit.oof, fit.predict, partial(_without, sample, fit)) for fit in smooth)])


def best_candidate(sample: Sample, candidates: Sequence[Candidate]) -> Candidate:
    """The candidate of the least squares, and for each fold that of the least squares of the others."""
    squares = np.stack([np.nan_to_num(((c.oof - sample.y) ** 2).sum(1) * sample.weight) for c in candidates])
    chosen = [candidates[c] for c in sample.folds.choices(squares)]
    best = candidates[int(squares.sum(1).argmin())]
    return Candidate(best.oof, best.predict, lambda k: chosen[k].without(k))


def _without(sample: Sample, fit: FittedKernel, k: int) -> Predict:
    """Length scale and λ are those that fold k's training rows have chosen."""
    rows, choice = sample.folds.train(k), fit.choices[k]
    kernel = start_kernel(fit.kernel.profiles, fit.medians, choice.scale)
    X, y, w = (torch.as_tensor(part[rows]) for part in (sample.view(k), sample.y, sample.weight))
    s = fit_with_held_out(kernel.gram, X, y, w, None, [choice.ridge])
    alone = replace(fit, kernel=kernel, centres=X[s.centres].numpy(), dual=s.dual.numpy(), intercept=s.intercept.numpy(), ridge=s.ridge)
    return alone.predict
