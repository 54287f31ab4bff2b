"""The last layer, fitted again in closed form: ridge regression on the features that the layers below it compute.

    f(x) = b + h(x) β,      min Σ w (y − f)² + λ tr (β − β⁰)ᵀ Ω (β − β⁰)

λ comes from a path, by exact predictions of left-out folds. What makes the score honest is that fold k's targets have no part in what predicts it,
features and β⁰ included. There are two ways to have it:

    features that do not depend on the targets (kernel units at given centres are such): one factorisation serves all folds, β⁰ = 0, as the present
    last layer has seen every row, and λ for fold k is chosen inside its training rows;
    fold networks, each built without its fold: each gives its own features and its own last layer as β⁰, so that λ → ∞ is the network as it is,
    up to b, and λ for fold k is chosen by the scores of the other folds. Where no weight depends on the targets, `[network] * folds` will do.

The caller keeps the result only if the error after is less than the error before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Control, parallel_map
from motifnet.motifs import Motif
from motifnet.retrain._judge import Judge, Mask, least
from motifnet.retrain._output import coefficients, features, with_output
from motifnet.retrain._ridge_path import RidgePath
from motifnet.tables import Matrix, Sample

Penalty = Callable[[Motif], Tensor]
_PATH = np.geomspace(1e-9, 1e3, 13)


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
    unscored: Mask | None = None,
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
    judge = Judge(sample, np.zeros(sample.n, dtype=bool) if unscored is None else unscored)
    pulled, everyone = fold_networks is not None, np.ones(sample.n, dtype=bool)
    whole = _path(network, sample, sample.X, everyone, penalty, pulled)
    lams = [float(lam) for lam in (_PATH * whole.top if ridges is None else ridges)]

    def fold(k: int) -> tuple[Matrix, int | None]:
        """Fold k's predictions with shape (L, rows, q), and the number of λ that its training rows choose."""
        if control is not None:
            control.check()
        fitted, scored = judge.fitted(k), judge.scored(k)
        if fold_networks is None and sample.views is None:
            path, rows = whole, everyone
            predictions = _without(path, rows, ~fitted, scored, lams)
        else:
            own, X = network if fold_networks is None else fold_networks[k], sample.view(k)
            path, rows = _path(own, sample, X, fitted, penalty, pulled), fitted
            predictions = path.predict(features(own, X[scored]), lams).numpy()
        if pulled:
            return predictions, None
        squares = [judge.squares(_without(path, rows, ~fitted | block, block, lams), block) for block in judge.inner(k)]
        return predictions, least(np.sum(squares, 0))

    parts = parallel_map(fold, range(sample.folds.count), n_jobs)
    squares = np.array([judge.squares(part, judge.scored(k)) for k, (part, _) in enumerate(parts)]).reshape(-1, len(lams))
    oof = np.full(sample.y.shape, np.nan)
    for k, (part, chosen) in enumerate(parts):
        oof[judge.scored(k)] = part[least(judge.by_others(squares, k)) if chosen is None else chosen]
    if before is None and fold_networks is not None:
        before = _as_they_are(fold_networks, sample)
    best = least(squares.sum(0))
    total = max(float(sample.weight[sample.folds.scored & ~judge.unscored].sum()), 1e-300)
    return LastLayer(
        with_output(network, *whole.coefficients(lams[best])),
        lams[best],
        float("nan") if before is None else judge.error(before),
        judge.error(oof),
        oof,
        squares.sum(0) / total,
    )


def _path(network: Motif, sample: Sample, X: Matrix, rows: Mask, penalty: Penalty | None, pulled: bool) -> RidgePath:
    """The ridge path of a network's features on `rows`."""
    omega = None if penalty is None else penalty(network).detach().double()
    start = coefficients(network)[0] if pulled else None
    return RidgePath.of(features(network, X[rows]), torch.as_tensor(sample.y[rows]), torch.as_tensor(sample.weight[rows]), omega, start)


def _without(path: RidgePath, rows: Mask, left_out: Mask, wanted: Mask, lams: Sequence[float]) -> Matrix:
    """Predictions with shape (L, wanted, q) by the fits without the rows left out; `rows` are those of the path."""
    numbers = np.flatnonzero(left_out[rows])
    return path.leave_out(torch.as_tensor(numbers), lams).numpy()[:, wanted[rows][numbers]]


def _as_they_are(networks: Sequence[Motif], sample: Sample) -> Matrix:
    """Predictions of every fold by its network before the refit."""
    predictions = np.full(sample.y.shape, np.nan)
    for k, network in enumerate(networks):
        rows = sample.folds.held_out(k)
        beta, b = coefficients(network)
        predictions[rows] = (features(network, sample.view(k)[rows]) @ beta + b).numpy()
    return predictions
