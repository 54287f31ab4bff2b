"""The last affine layer of a network, network(x) = b + h(x) β, fitted again in closed form.

Ridge regression on the features h that the layers below compute:

    min over b, β of   Σ_i w_i ‖y_i − b − h_i β‖² + λ ‖β − β⁰‖²

β⁰ is the present layer. So λ → ∞ is the present network, up to b. With weighted means,
F = √w (H − h̄), t = √w (y − ȳ − (H − h̄) β⁰) and FᵀF = V Λ Vᵀ, the whole path is

    β(λ) = β⁰ + V (Λ + λ)⁻¹ Vᵀ Fᵀt

The rows must be new to the network: the features and β⁰ have not seen their targets. A fit to the
other rows predicts fold k. The scores of the other folds choose λ for fold k, with time those of
earlier folds. The caller keeps the result only if the error after is less than the error before.

`refit_ridge` solves the last layer of the transferred kernel ridge regression again, by the folds
of its own fit. That fit takes λ from a grid on few rows. The refit takes all rows, with λ and with
smaller and larger values. Fold k is predicted with the λ that is best on the other folds.

`RowSums` is recursive least squares. Rows come and go as sums, and the layers below stay.

    min_{β, b} Σ_i w_i (y_i − b − h(x_i) β)² + λ ‖(β, b) − (β⁰, b⁰)‖²   ⟺   A (β, b) = B
    A = λ I + Σ w h̃ᵀh̃,    B = λ (β⁰, b⁰) + Σ w h̃ᵀy,    h̃ = (h, 1)

(β⁰, b⁰) is the last layer before the first row. A block of k rows adds a matrix of rank k to A, or
takes it away. One Cholesky factorisation then gives the layer. So the order of the rows does not
matter, and a row that was taken away has no effect, up to rounding.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from torch import Tensor, nn

from motifnet.engine import DataError, Matrix, UsageError, parallel_map
from motifnet.kernels import EveryFold
from motifnet.motifs import Affine, Motif, parts_of
from motifnet.tables import Sample
from motifnet.teachers import FittedKernel

_PATH = np.geomspace(1e-9, 1e3, 13)  # of λ, in units of the largest eigenvalue
_FACTORS = (0.3, 3.0)  # of the λ of the convex fit


def features(network: Motif, X: Matrix) -> Tensor:
    """h(X) with shape (n, m), in float64."""
    _last(network)
    parts = parts_of(network)[:-1]
    dtype = next(
        (t.dtype for t in network.state_dict().values() if t.is_floating_point()), torch.float64
    )
    blocks = []
    with torch.no_grad():
        for block in torch.split(torch.as_tensor(X, dtype=dtype), 1024):
            for part in parts:
                block = part(block)
            blocks.append(block.double())
    return torch.cat(blocks)


def coefficients(network: Motif) -> tuple[Tensor, Tensor]:
    """β with shape (m, q) and b with shape (q,), in float64."""
    last = _last(network)
    return last.weight.detach().double().T, last.bias.detach().double()


def with_output(network: Motif, beta: Tensor, b: Tensor) -> Motif:
    """A copy of the network with β of shape (m, q) and b of shape (q,) in its last layer."""
    changed = copy.deepcopy(network)
    last = _last(changed)
    with torch.no_grad():
        last.weight.copy_(beta.T)
        last.bias.copy_(b)
    return changed


def ends_affine(network: nn.Module) -> bool:
    """Whether the last part of the network, with its chains opened, is an affine map."""
    return isinstance(parts_of(network)[-1], Affine)


def _last(network: nn.Module) -> Affine:
    last = parts_of(network)[-1]
    if not isinstance(last, Affine):
        raise UsageError(
            f"The last layer of {type(network).__name__} cannot be refitted; give a Chain whose "
            "last part is Affine."
        )
    return last


@dataclass(frozen=True)
class LastLayer:
    """The network with its new last layer.

    ridge: λ; oof with shape (n, q): predictions by fits and choices of λ without the row's fold,
    NaN where there are none; error_before, error_after: weighted mean squared errors of the given
    network and of oof.
    """

    network: Motif
    ridge: float
    error_before: float
    error_after: float
    oof: Matrix


def refit_last_layer(network: Motif, sample: Sample, *, n_jobs: int = 1) -> LastLayer:
    """Refit the last layer of `network`, a Chain that ends in Affine, on held-out rows."""
    folds, start = sample.folds, coefficients(network)
    whole = _Path.of(features(network, sample.X), sample.y, sample.weight, start[0])
    ridges = [float(ridge) for ridge in _PATH * whole.largest]

    def predict(k: int) -> tuple[Matrix, Matrix]:
        """Fold k's predictions with shape (L, rows, q), and those of the given network."""
        train, X = folds.train(k), sample.view(k)
        path = _Path.of(
            features(network, X[train]), sample.y[train], sample.weight[train], start[0]
        )
        H = features(network, X[folds.held_out(k)])
        fits = [path.coefficients(ridge) for ridge in ridges]
        return torch.stack([H @ beta + b for beta, b in fits]).numpy(), (
            H @ start[0] + start[1]
        ).numpy()

    parts = parallel_map(predict, range(folds.count), n_jobs)
    squares = np.array(
        [_squares(sample, part, folds.held_out(k)) for k, (part, _) in enumerate(parts)]
    )
    others = [
        [j for j in range(folds.count) if (j < k if folds.forward else j != k)]
        for k in range(folds.count)
    ]
    oof = folds.joined(
        [path[_argmin_last(squares[others[k]].sum(0))] for k, (path, _) in enumerate(parts)]
    )
    before = folds.joined([given for _, given in parts])
    ridge = ridges[_argmin_last(squares.sum(0))]
    return LastLayer(
        with_output(network, *whole.coefficients(ridge)),
        ridge,
        _error(sample, before),
        _error(sample, oof),
        oof,
    )


def solve_last_layer(network: Motif, X: Matrix, y: Matrix, weight: Matrix, ridge: float) -> Motif:
    """The network with the last layer for one λ. X has shape (n, d), y has shape (n, q), weight has
    shape (n,).
    """
    return with_output(
        network,
        *_Path.of(features(network, X), y, weight, coefficients(network)[0]).coefficients(ridge),
    )


def refit_ridge(
    sample: Sample, convex: FittedKernel, folds: EveryFold, *, n_jobs: int = 1
) -> FittedKernel:
    """The convex fit with its output layer solved again, by its own folds."""
    solutions = [folds.solve(convex.ridge * factor, n_jobs) for factor in _FACTORS]
    held_out = [convex.oof, *(s.held_out.numpy() for s in solutions)]
    # landmarks have no prediction in any of them
    errors = np.nan_to_num(
        np.stack([sample.weight * ((sample.y - p) ** 2).sum(1) for p in held_out])
    )
    oof = sample.folds.joined(
        [held_out[c][sample.folds.held_out(k)] for k, c in enumerate(sample.folds.choices(errors))]
    )
    best = int(errors.sum(1).argmin())
    if best == 0:
        return replace(convex, oof=oof)
    s = solutions[best - 1]
    return replace(
        convex, oof=oof, dual=s.dual.numpy(), intercept=s.intercept.numpy(), ridge=s.ridge
    )


@dataclass(frozen=True)
class _Path:
    """Λ with shape (r,), V with shape (m, r), Vᵀ Fᵀt with shape (r, q); β⁰ with shape (m, q), h̄
    with shape (m,) and ȳ with shape (q,).
    """

    values: Tensor
    vectors: Tensor
    products: Tensor
    start: Tensor
    centre: Tensor
    level: Tensor

    @classmethod
    def of(cls, H: Tensor, y: Matrix, weight: Matrix, start: Tensor) -> _Path:
        """Features H with shape (n, m), y with shape (n, q), weight with shape (n,)."""
        # copies: a view of a column of a data frame cannot be written to
        Y, w = torch.tensor(y), torch.tensor(weight)
        root, centre, level = w.sqrt(), w @ H / w.sum(), w @ Y / w.sum()
        F = root[:, None] * (H - centre)
        values, vectors = _principal(F)
        return cls(
            values,
            vectors,
            (F @ vectors).T @ (root[:, None] * (Y - level) - F @ start),
            start,
            centre,
            level,
        )

    @property
    def largest(self) -> float:
        """The largest eigenvalue; 1 where the features are constant."""
        return float(self.values.max()) if len(self.values) else 1.0

    def coefficients(self, ridge: float) -> tuple[Tensor, Tensor]:
        """β with shape (m, q) and b with shape (q,)."""
        beta = self.start + self.vectors @ (self.products / (self.values + ridge)[:, None])
        return beta, self.level - self.centre @ beta


def _principal(F: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues Λ > 0 of FᵀF and their eigenvectors with shape (m, r), from the smaller of FᵀF
    and FFᵀ.
    """
    n, m = F.shape
    values, vectors = torch.linalg.eigh(F.T @ F if m <= n else F @ F.T)
    kept = values > values.max().clamp(min=1e-300) * max(n, m) * torch.finfo(F.dtype).eps
    values, vectors = values[kept], vectors[:, kept]
    return values, vectors if m <= n else (F.T @ vectors) / values.sqrt()


def _squares(sample: Sample, predictions: Matrix, rows: np.ndarray) -> Matrix:
    """Weighted sums of squared errors, with shape (L,), of predictions with shape (L, rows, q)."""
    return np.asarray((((predictions - sample.y[rows]) ** 2).sum(2) * sample.weight[rows]).sum(1))


def _error(sample: Sample, predictions: Matrix) -> float:
    """Weighted mean squared error of predictions with shape (n, q) over scored rows; NaN where
    there are none.
    """
    rows = sample.folds.scored
    return (
        float(_squares(sample, predictions[None, rows], rows)[0] / sample.weight[rows].sum())
        if rows.any()
        else float("nan")
    )


def _argmin_last(errors: Matrix) -> int:
    """The index of the smallest error, the last of equal ones."""
    return len(errors) - 1 - int(np.argmin(errors[::-1]))


@dataclass(frozen=True)
class RowSums:
    """A with shape (m + 1, m + 1), B with shape (m + 1, q), and the sum of the rows' weights."""

    A: Matrix
    B: Matrix
    weight: float

    @classmethod
    def start(cls, network: Motif, ridge: float) -> RowSums:
        """The sums of no rows. `ridge` is λ, the weight of the present layer."""
        beta, b = coefficients(network)
        present = np.vstack([beta.numpy(), b.numpy()[None]])
        return cls(ridge * np.eye(len(present)), ridge * present, 0.0)

    def changed(self, network: Motif, X: Matrix, y: Matrix, weight: Matrix, sign: int) -> RowSums:
        """The sums with rows added (sign 1) or taken away (sign −1). X has shape (k, d), y has
        shape (k, q).
        """
        h = np.column_stack([features(network, X).numpy(), np.ones(len(X))])
        weighted = sign * weight[:, None] * h
        return replace(
            self,
            A=self.A + weighted.T @ h,
            B=self.B + weighted.T @ y,
            weight=self.weight + sign * float(weight.sum()),
        )

    def network(self, network: Motif) -> Motif:
        """A copy of the network with the layer that solves the sums."""
        try:
            solution = torch.as_tensor(cho_solve(cho_factor(self.A, lower=True), self.B))
        except LinAlgError as error:
            raise DataError(
                "These rows cannot be taken away: what is left is no sum of rows. Were they given "
                "to `update` before?"
            ) from error
        return with_output(network, solution[:-1], solution[-1])
