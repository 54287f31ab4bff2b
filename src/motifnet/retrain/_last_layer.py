"""The last layer, fitted again in closed form: ridge regression on the features that the layers below it compute.

    f(x) = b + h(x) β,      min Σ w (y − f)² + λ tr (β − β⁰)ᵀ Ω (β − β⁰)

λ comes from the whole path by leave-block-out over the folds; for the score of fold k it is chosen by the other folds. What makes the score honest
is that fold k's targets have no part in what predicts it, features and β⁰ included. There are two ways to have it:

    features that do not depend on the targets (kernel units at given centres are such): one factorisation serves all folds, and β⁰ = 0, as the
    present last layer has seen every row;
    fold networks, each built without its fold: each gives its own features and its own last layer as β⁰, so that λ → ∞ is the network as it is,
    up to b. Where no weight depends on the targets, `[network] * folds` will do.

The caller keeps the result only if the error after is less than the error before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.engine import Control, parallel_map
from motifnet.motifs import Motif
from motifnet.retrain._output import coefficients, features, with_output
from motifnet.retrain._ridge_path import RidgePath
from motifnet.tables import Matrix, Sample

Penalty = Callable[[Motif], Tensor]
_PATH = np.geomspace(1e-9, 1e3, 25)


@dataclass(frozen=True)
class LastLayer:
    """The network with its new last layer.

    ridge: λ; errors: weighted mean squared held-out error at each λ of the path; oof with shape (n, q): predictions by fits, choice of λ included,
    without the row's fold, NaN where there are none; error_after is their error, error_before that of the network as it was, NaN where not known.
    """

    network: Motif
    ridge: float
    error_before: float
    error_after: float
    oof: Matrix
    errors: Matrix


def refit_last_layer(
    network: Motif,
    sample: Sample,
    *,
    penalty: Penalty | None = None,
    fold_networks: Sequence[Motif] | None = None,
    before: Matrix | None = None,
    unscored: NDArray[np.bool_] | None = None,
    ridges: Sequence[float] | None = None,
    n_jobs: int = 1,
    control: Control | None = None,
) -> LastLayer:
    """Refit the last layer of `network`, a Chain that ends in Affine.

    penalty: gives Ω with shape (m, m) for a network, the identity when None; before with shape (n, q): honest predictions of the network as it is,
    those of the fold networks when None; unscored: rows that stay in every fit, such as those that are centres of a network with fewer centres than
    rows (a centre without its row is a free parameter and makes scores far too pessimistic); ridges: the values of λ, a path relative to the largest
    eigenvalue of the features when None.
    """
    pulled = fold_networks is not None
    judge = _Judge(sample, np.zeros(sample.n, dtype=bool) if unscored is None else unscored)
    path = _path(network, sample, sample.X, np.ones(sample.n, dtype=bool), penalty, pulled)
    lams = [float(lam) for lam in (_PATH * path.top if ridges is None else ridges)]

    def held_out(k: int) -> Tensor:
        if control is not None:
            control.check()
        if fold_networks is None and sample.views is None:
            left_out = np.flatnonzero(~judge.fitted(k))
            return path.leave_out(torch.as_tensor(left_out), lams)[:, torch.as_tensor(judge.scored(k)[left_out])]
        own = network if fold_networks is None else fold_networks[k]
        X = sample.view(k)
        return _path(own, sample, X, judge.fitted(k), penalty, pulled).predict(features(own, X[judge.scored(k)]), lams)

    predictions = np.full((len(lams), *sample.y.shape), np.nan)
    for k, part in enumerate(parallel_map(held_out, range(sample.folds.count), n_jobs)):
        predictions[:, judge.scored(k)] = part.numpy()
    if before is None and fold_networks is not None:
        before = _as_they_are(fold_networks, sample)
    errors = np.array([judge.error(p) for p in predictions])
    lam, oof = lams[_least(errors)], judge.choose(predictions)
    error_before = float("nan") if before is None else judge.error(before)
    return LastLayer(with_output(network, *path.coefficients(lam)), lam, error_before, judge.error(oof), oof, errors)


def _path(network: Motif, sample: Sample, X: Matrix, rows: NDArray[np.bool_], penalty: Penalty | None, pulled: bool) -> RidgePath:
    """The ridge path of a network's features on `rows`, a mask."""
    omega = None if penalty is None else penalty(network).detach().double()
    start = coefficients(network)[0] if pulled else None
    return RidgePath.of(features(network, X[rows]), torch.as_tensor(sample.y[rows]), torch.as_tensor(sample.weight[rows]), omega, start)


def _as_they_are(networks: Sequence[Motif], sample: Sample) -> Matrix:
    """Predictions of every fold by its network before the refit."""
    predictions = np.full(sample.y.shape, np.nan)
    for k, network in enumerate(networks):
        rows = sample.folds.held_out(k)
        beta, b = coefficients(network)
        predictions[rows] = (features(network, sample.view(k)[rows]) @ beta + b).numpy()
    return predictions


def _least(errors: Matrix) -> int:
    """Where the error is least; of equals the last, which is the largest λ."""
    return len(errors) - 1 - int(np.argmin(errors[::-1]))


@dataclass(frozen=True)
class _Judge:
    """Which rows are fitted and scored for each fold, and errors over scored rows. `unscored`: mask with shape (n,)."""

    sample: Sample
    unscored: NDArray[np.bool_]

    def scored(self, k: int) -> NDArray[np.bool_]:
        return self.sample.folds.held_out(k) & ~self.unscored

    def fitted(self, k: int) -> NDArray[np.bool_]:
        train = self.sample.folds.train(k)
        return train if self.sample.folds.forward else train | self.unscored

    def error(self, predictions: Matrix, without: int | None = None) -> float:
        """Weighted mean squared error over scored rows, of fold `without` or not; NaN where there are none."""
        folds = self.sample.folds
        rows = folds.scored & ~self.unscored & (folds.of != without if without is not None else True)
        if not rows.any():
            return float("nan")
        return float(np.average(((predictions[rows] - self.sample.y[rows]) ** 2).sum(1), weights=self.sample.weight[rows]))

    def choose(self, predictions: NDArray[np.float64]) -> Matrix:
        """From predictions with shape (L, n, q): each fold at the λ that the other folds choose. One fold cannot both choose and be scored."""
        folds, oof = self.sample.folds, np.full(self.sample.y.shape, np.nan)
        for k in range(folds.count if folds.count > 1 else 0):
            errors = np.array([self.error(p, without=k) for p in predictions])
            oof[self.scored(k)] = predictions[_least(errors)][self.scored(k)]
        return oof
