"""The last layer, fitted again in closed form: ridge regression on the features that the layers below it compute.

    f(x) = b + h(x) β,      min over b, β of   Σ_i w_i ‖y_i − b − h_i β‖² + λ ‖β − β⁰‖²

β⁰ is the layer as it is, so that λ → ∞ is the network as it is, up to b. With F = √w (H − h̄), t = √w (y − ȳ − (H − h̄) β⁰) (weighted means) and
FᵀF = V Λ Vᵀ, the whole path is β(λ) = β⁰ + V (Λ + λ)⁻¹ Vᵀ Fᵀt.

The rows must be new to the network: features and β⁰ have not seen their targets, and fold k is predicted by a fit to the other rows. λ for fold k
is chosen by the scores of the other folds, with time by those of earlier ones. The caller keeps the result only if the error after is less than the
error before.

The last layer of the transferred kernel ridge is solved again by the folds of its own fit, which takes λ from a grid on few rows: on all rows, for λ
and for smaller and larger ones; fold k is predicted with the λ that does best on the other folds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import parallel_map
from motifnet.kernels import EveryFold
from motifnet.motifs import Motif
from motifnet.retrain._output import coefficients, features, with_output
from motifnet.tables import Matrix, Sample
from motifnet.teachers import FittedKernel

_PATH = np.geomspace(1e-9, 1e3, 13)
_FACTORS = (0.3, 3.0)


@dataclass(frozen=True)
class LastLayer:
    """The network with its new last layer.

    ridge: λ; oof with shape (n, q): predictions by fits, choice of λ included, without the row's fold, NaN where there are none; error_after is their
    weighted mean squared error, error_before that of the network as it was.
    """

    network: Motif
    ridge: float
    error_before: float
    error_after: float
    oof: Matrix


def refit_last_layer(network: Motif, sample: Sample, *, n_jobs: int = 1) -> LastLayer:
    """Refit the last layer of `network`, a Chain that ends in Affine, on rows that it has not seen."""
    folds, start = sample.folds, coefficients(network)
    whole = _Path.of(features(network, sample.X), sample.y, sample.weight, start[0])
    ridges = [float(ridge) for ridge in _PATH * whole.largest]

    def predict(k: int) -> tuple[Matrix, Matrix]:
        """Fold k's predictions with shape (L, rows, q), and those of the network as it is."""
        train, X = folds.train(k), sample.view(k)
        path = _Path.of(features(network, X[train]), sample.y[train], sample.weight[train], start[0])
        H = features(network, X[folds.held_out(k)])
        fits = [path.coefficients(ridge) for ridge in ridges]
        return torch.stack([H @ beta + b for beta, b in fits]).numpy(), (H @ start[0] + start[1]).numpy()

    parts = parallel_map(predict, range(folds.count), n_jobs)
    squares = np.array([_squares(sample, part, folds.held_out(k)) for k, (part, _) in enumerate(parts)])
    others = [[j for j in range(folds.count) if (j < k if folds.forward else j != k)] for k in range(folds.count)]
    oof = folds.joined([path[_least(squares[others[k]].sum(0))] for k, (path, _) in enumerate(parts)])
    before = folds.joined([as_it_is for _, as_it_is in parts])
    ridge = ridges[_least(squares.sum(0))]
    return LastLayer(with_output(network, *whole.coefficients(ridge)), ridge, _error(sample, before), _error(sample, oof), oof)


def solve_last_layer(network: Motif, X: Matrix, y: Matrix, weight: Matrix, ridge: float) -> Motif:
    """The network with the last layer for one λ: rows X with shape (n, d), y with shape (n, q), weight with shape (n,)."""
    return with_output(network, *_Path.of(features(network, X), y, weight, coefficients(network)[0]).coefficients(ridge))


def refit_ridge(sample: Sample, convex: FittedKernel, folds: EveryFold, *, n_jobs: int = 1) -> FittedKernel:
    """The convex fit with its output layer solved again, by its own folds."""
    solutions = [folds.solve(convex.ridge * factor, n_jobs) for factor in _FACTORS]
    held_out = [convex.oof, *(s.held_out.numpy() for s in solutions)]
    # landmarks have no prediction, in none of them
    errors = np.nan_to_num(np.stack([sample.weight * ((sample.y - p) ** 2).sum(1) for p in held_out]))
    oof = sample.folds.joined([held_out[c][sample.folds.held_out(k)] for k, c in enumerate(sample.folds.choices(errors))])
    best = int(errors.sum(1).argmin())
    if best == 0:
        return replace(convex, oof=oof)
    s = solutions[best - 1]
    return replace(convex, oof=oof, dual=s.dual.numpy(), intercept=s.intercept.numpy(), ridge=s.ridge)


@dataclass(frozen=True)
class _Path:
    """Λ with shape (r,), V with shape (m, r), Vᵀ Fᵀt with shape (r, q); β⁰ with shape (m, q), h̄ with shape (m,) and ȳ with shape (q,)."""

    values: Tensor
    vectors: Tensor
    products: Tensor
    start: Tensor
    centre: Tensor
    level: Tensor

    @classmethod
    def of(cls, H: Tensor, y: Matrix, weight: Matrix, start: Tensor) -> _Path:
        """Features H with shape (n, m), y with shape (n, q), weight with shape (n,)."""
        Y, w = torch.tensor(y), torch.tensor(weight)  # copies: a view of a column of a data frame cannot be written to
        root, centre, level = w.sqrt(), w @ H / w.sum(), w @ Y / w.sum()
        F = root[:, None] * (H - centre)
        values, vectors = _principal(F)
        return cls(values, vectors, (F @ vectors).T @ (root[:, None] * (Y - level) - F @ start), start, centre, level)

    @property
    def largest(self) -> float:
        """The largest eigenvalue; 1 where the features are constant."""
        return float(self.values.max()) if len(self.values) else 1.0

    def coefficients(self, ridge: float) -> tuple[Tensor, Tensor]:
        """β with shape (m, q) and b with shape (q,)."""
        beta = self.start + self.vectors @ (self.products / (self.values + ridge)[:, None])
        return beta, self.level - self.centre @ beta


def _principal(F: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues Λ > 0 of FᵀF and their eigenvectors with shape (m, r), from the smaller of FᵀF and FFᵀ."""
    n, m = F.shape
    values, vectors = torch.linalg.eigh(F.T @ F if m <= n else F @ F.T)
    kept = values > values.max().clamp(min=1e-300) * max(n, m) * torch.finfo(F.dtype).eps
    values, vectors = values[kept], vectors[:, kept]
    return values, vectors if m <= n else (F.T @ vectors) / values.sqrt()


def _squares(sample: Sample, predictions: Matrix, rows: np.ndarray) -> Matrix:
    """Weighted sums of squared errors, with shape (L,), of predictions with shape (L, rows, q)."""
    return np.asarray((((predictions - sample.y[rows]) ** 2).sum(2) * sample.weight[rows]).sum(1))


def _error(sample: Sample, predictions: Matrix) -> float:
    """Weighted mean squared error of predictions with shape (n, q) over scored rows; NaN where there are none."""
    rows = sample.folds.scored
    return float(_squares(sample, predictions[None, rows], rows)[0] / sample.weight[rows].sum()) if rows.any() else float("nan")


def _least(errors: Matrix) -> int:
    """Where errors are least; of equals the last."""
    return len(errors) - 1 - int(np.argmin(errors[::-1]))
