"""The density ratio of a pair, r(w, z) = p(w, z) / (p(w) p(z)), by least squares.

It turns a conditional mean into a plain one, E[m(W) | Z = z] = E[m(W) r(W, z)] (Kato et al., ICLR
2022). uLSIF (Kanamori, Hido and Sugiyama, JMLR 10, 2009) minimises

    J(r) = ½ mean_ij r(w_i, z_j)² − mean_i r(w_i, z_i)

over r = 1 + Σ_kl A_kl φ_k(w) ψ_l(z), where φ and ψ are Gaussian kernels at centres, less their
means over the rows. So the mean over w is 1 for every z. With C_w = E φφᵀ, C_z = E ψψᵀ and C_zw =
E ψφᵀ the quadratic form of J is C_w ⊗ C_z, and with a ridge λ on both the minimum is closed:

    (C_z + λ)^(−½) C_zw (C_w + λ)^(−½) = U diag(s) Vᵀ,      r(w, z) = 1 + Σ_k s_k u_k(z) v_k(w)
    u = Uᵀ (C_z + λ)^(−½) ψ,   v = Vᵀ (C_w + λ)^(−½) φ

s_k are regularised canonical correlations: u_k are the functions of z that say most of w. Widths,
λ and the number of pairs are those of least J on held-out rows: the fit is to one half, J of the
other half. In use r is clipped at 0, and each z has weights of mean 1 over the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Self

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import DataError, Matrix, check_count, seed_of
from motifnet.further.moments._input import as_matrix

WIDTHS, RIDGES = (0.25, 0.5, 1.0), (1e-5, 1e-4, 1e-3, 1e-2)
_NOTHING = 1e-10


class DensityRatio(BaseEstimator):
    """The ratio of a joint density to the product of its marginals, by uLSIF.

    Parameters
    ----------
    n_centers : int, default 200
        Centres of the Gaussian kernels of w, and of those of z: rows drawn at random.
    random_state : int, RandomState or None
        Seed of the centres and of the halves of the rows; None is 0.

    Attributes
    ----------
    singular_values_ : array with shape (k,)
        The correlations s_k of the pairs that lower J on held-out rows.
    width_w_, width_z_ : float
        Kernel widths, in standard deviations of a column times the root of the number of columns.
    ridge_ : float
    objective_ : float
        J on held-out rows; −.5 is that of r = 1.

    References
    ----------
    Kanamori, Hido and Sugiyama, JMLR 10 (2009). Kato, Imaizumi, McAlinn, Yasui and Kakehi, ICLR
    2022.
    """

    def __init__(self, n_centers: int = 200, random_state: Any = None) -> None:
        self.n_centers = n_centers
        self.random_state = random_state

    def fit(self, W: Any, Z: Any) -> Self:
        """Fit to pairs: W with shape (n, a), Z with shape (n, b). Raises DataError, UsageError."""
        check_count("n_centers", self.n_centers, 2, 200)
        W, Z = as_matrix("W", W), as_matrix("Z", Z)
        if len(W) != len(Z) or len(W) < 4:
            raise DataError(
                f"W has {len(W)} rows and Z {len(Z)}, expected equal numbers of at least 4. Pass "
                "pairs."
            )
        rng = np.random.default_rng(seed_of(self.random_state))
        order = rng.permutation(len(W))
        centres = order[: self.n_centers]
        first, second = order[::2], order[1::2]
        sides = [[_Kernels.of(A, A[centres], width) for width in WIDTHS] for A in (W, Z)]
        best = min(
            (
                (*_held_out(w, z, W, Z, first, second, ridge), w, z, ridge)
                for w, z in product(*sides)
                for ridge in RIDGES
            ),
            key=lambda found: found[0],
        )
        self.objective_, rank, w, z, self.ridge_ = best
        self.width_w_, self.width_z_ = w.width, z.width
        self._pairs = _Pairs.of(w, z, w(W), z(Z), self.ridge_).first(rank)
        self.singular_values_ = self._pairs.s
        self.n_features_in_ = W.shape[1]
        return self

    def __call__(self, W: Any, Z: Any) -> Matrix:
        """r(w_i, z_j), clipped at 0, with mean 1 over the rows of W, with shape (len(Z), len(W))."""
        check_is_fitted(self)
        v, u = self._pairs.v(as_matrix("W", W)), self._pairs.u(as_matrix("Z", Z))
        raw = np.maximum(1 + (u * self._pairs.s) @ v.T, 0)
        return np.asarray(raw / np.maximum(raw.mean(1, keepdims=True), _NOTHING))

    def conditional_mean(self, values: Matrix, W: Any, Z: Any) -> Matrix:
        """E[values | Z = z_j] by weights, (1/n) Σ_i r(w_i, z_j) values_i, with the shape of the
        values but len(Z) rows.
        """
        Z = as_matrix("Z", Z)
        step = max(1, 4_000_000 // len(W))
        blocks = [self(W, Z[start : start + step]) for start in range(0, len(Z), step)]
        return np.concatenate([block @ values / len(values) for block in blocks])

    def instruments(self, Z: Any) -> Matrix:
        """1 and the functions u_k of z, with shape (len(Z), 1 + k)."""
        check_is_fitted(self)
        Z = as_matrix("Z", Z)
        return np.column_stack([np.ones(len(Z)), self._pairs.u(Z)])


@dataclass(frozen=True)
class _Kernels:
    """Gaussian kernels at centres, of standardised columns, less their means."""

    centre: Matrix
    scale: Matrix
    points: Matrix
    width: float
    mean: Matrix

    @classmethod
    def of(cls, rows: Matrix, points: Matrix, width: float) -> _Kernels:
        scale = rows.std(0)
        scale = np.where(scale > 0, scale, 1.0) * np.sqrt(rows.shape[1]) * width
        plain = cls(rows.mean(0), scale, np.unique(points, axis=0), width, np.zeros(1))
        return cls(plain.centre, scale, plain.points, width, plain(rows).mean(0))

    def __call__(self, rows: Matrix) -> Matrix:
        a, b = (rows - self.centre) / self.scale, (self.points - self.centre) / self.scale
        return np.asarray(np.exp(-cdist(a, b, "sqeuclidean") / 2) - self.mean)


@dataclass(frozen=True)
class _Pairs:
    """Singular functions and values."""

    kernels_w: _Kernels
    kernels_z: _Kernels
    turn_w: Matrix
    turn_z: Matrix
    s: Matrix

    @classmethod
    def of(cls, w: _Kernels, z: _Kernels, phi: Matrix, psi: Matrix, ridge: float) -> _Pairs:
        half_w, half_z = _inverse_root(phi, ridge), _inverse_root(psi, ridge)
        cross = half_z.T @ (psi.T @ phi / len(phi)) @ half_w
        U, s, Vt = np.linalg.svd(cross, full_matrices=False)
        return cls(w, z, half_w @ Vt.T, half_z @ U, s)

    def first(self, rank: int) -> _Pairs:
        return _Pairs(
            self.kernels_w,
            self.kernels_z,
            self.turn_w[:, :rank],
            self.turn_z[:, :rank],
            self.s[:rank],
        )

    def u(self, Z: Matrix) -> Matrix:
        return np.asarray(self.kernels_z(Z) @ self.turn_z)

    def v(self, W: Matrix) -> Matrix:
        return np.asarray(self.kernels_w(W) @ self.turn_w)


def _inverse_root(features: Matrix, ridge: float) -> Matrix:
    """E diag(1/√(e + λ)) of the second moments E diag(e) Eᵀ."""
    values, vectors = np.linalg.eigh(features.T @ features / len(features))
    kept = values > _NOTHING * max(values[-1], _NOTHING)
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept] + ridge))


def _held_out(
    w: _Kernels,
    z: _Kernels,
    W: Matrix,
    Z: Matrix,
    first: Matrix,
    second: Matrix,
    ridge: float,
) -> tuple[float, int]:
    """The least J of the second half over the number of pairs, and that number."""
    pairs = _Pairs.of(w, z, w(W[first]), z(Z[first]), ridge)
    u, v = pairs.u(Z[second]), pairs.v(W[second])
    n, s = len(u), pairs.s
    # mean_ij (1 + Σ_k s_k u_k(z_j) v_k(w_i))² for the first 0, 1, 2, … pairs
    square = (s[:, None] * (u.T @ u / n) * s) * (v.T @ v / n)
    inside = np.diag(np.cumsum(np.cumsum(square, axis=0), axis=1))
    linear = np.cumsum(s * u.mean(0) * v.mean(0))
    joint = np.cumsum(s * (u * v).mean(0))
    path = np.concatenate([[-0.5], 0.5 * (1 + 2 * linear + inside) - 1 - joint])
    return float(path.min()), int(path.argmin())
