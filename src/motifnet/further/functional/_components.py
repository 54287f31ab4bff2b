"""Functional principal components of a derivative, as one affine map of the raw curve.

With M the map of `_smoothing` from values x to a derivative of order q, W the trapezoidal weights,
Φ the leading right singular vectors of the centred rows M x W^½, and κ their variances:

    scores  z = A (x − x̄),    A = R diag(κ_j^{−p/2}) Φᵀ W^½ M / s

The exponent p is the whitening. With p = 0 distances of scores are L2 distances of derivatives, up
to what the left-out components hold; with p = 1 all components count alike. An estimator that
standardises its columns would undo p. Therefore R is a rotation after which all columns have the
same variance, and s makes it one: standardising then changes nothing. Such a rotation exists
(Schur and Horn), and k − 1 plane rotations give it (Bendel and Mickey, Commun. Stat. B 7, 1978).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.engine import Matrix
from motifnet.further.functional._curves import Curves
from motifnet.further.functional._smoothing import Smoother

ROUNDING = 1e-10  # standard deviations below this share of the largest are lost in rounding
_EPS = 64 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class FrontLayer:
    """Scores z = x @ weight + offset of curves x with shape (n, T).

    weight : array with shape (T, k).
    offset : array with shape (k,).
    derivative, whitening, smoothing : q, p and λ, see above.
    explained : share of the variance of the derivative that the k components hold.
    """

    weight: Matrix
    offset: Matrix
    derivative: int
    whitening: float
    smoothing: float
    explained: float

    def __call__(self, values: Matrix) -> Matrix:
        """Scores with shape (n, k)."""
        return np.asarray(values @ self.weight + self.offset)

    @property
    def n_components(self) -> int:
        """k."""
        return len(self.offset)


@dataclass(frozen=True)
class Components:
    """All components of one derivative of curves.

    loading : array with shape (rank, T), the rows of Φᵀ W^½ M.
    centre : array with shape (T,), the mean curve.
    variances : array with shape (rank,), κ.
    """

    loading: Matrix
    centre: Matrix
    variances: Matrix
    derivative: int
    smoothing: float

    @property
    def shares(self) -> Matrix:
        """The share of the variance that the first 1, 2, … components hold."""
        return np.asarray(np.cumsum(self.variances) / self.variances.sum())

    def count(self, share: float) -> int:
        """The least number of components that holds this share of the variance."""
        return min(int(np.searchsorted(self.shares, share)) + 1, len(self.variances))

    def front_layer(self, k: int, whitening: float) -> FrontLayer:
        """The layer of the first k components."""
        scale = self.variances[:k] ** (-whitening / 2)
        variances = self.variances[:k] ** (1 - whitening)
        rotation = equal_variances(variances) / np.sqrt(variances.mean())
        weight = (rotation * scale) @ self.loading[:k]
        return FrontLayer(
            weight=np.ascontiguousarray(weight.T),
            offset=-weight @ self.centre,
            derivative=self.derivative,
            whitening=whitening,
            smoothing=self.smoothing,
            explained=float(self.shares[k - 1]),
        )


def fit_components(
    curves: Curves, smoother: Smoother, smoothing: float, derivative: int
) -> Components:
    """The components of one derivative. None are found (rank 0) where it does not vary."""
    root = np.sqrt(curves.weights / curves.length)
    to_rows = smoother.matrix(smoothing, derivative) * root[:, None]
    centre = curves.values.mean(0)
    rows = (curves.values - centre) @ to_rows.T
    singular, right = np.linalg.svd(rows, full_matrices=False)[1:]
    # what rounding of the largest values alone can make of a derivative
    noise = _EPS * np.linalg.norm(np.abs(to_rows) @ np.abs(curves.values).max(0))
    rank = int((singular > max(ROUNDING * singular[0], noise)).sum())
    variances = singular[:rank] ** 2 / len(rows)
    return Components(right[:rank] @ to_rows, centre, variances, derivative, smoothing)


def equal_variances(variances: Matrix) -> Matrix:
    """An orthogonal R with shape (k, k), so that R diag(variances) Rᵀ has a constant diagonal."""
    k, target = len(variances), float(variances.mean())
    covariance, rotation = np.diag(variances), np.eye(k)
    for _ in range(k - 1):
        diagonal = np.diag(covariance)
        i, j = int(diagonal.argmin()), int(diagonal.argmax())
        below, above = diagonal[i] - target, diagonal[j] - target
        if above <= _EPS * target:
            break
        # the plane rotation that makes entry i the mean: above t² + 2 c t + below = 0
        c = covariance[i, j]
        t = (-c + np.sqrt(max(c * c - above * below, 0.0))) / above
        plane = np.eye(k)
        plane[[i, j], [i, j]] = 1 / np.hypot(1, t)
        plane[i, j], plane[j, i] = t / np.hypot(1, t), -t / np.hypot(1, t)
        covariance, rotation = plane @ covariance @ plane.T, plane @ rotation
    return rotation
