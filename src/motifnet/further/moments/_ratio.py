"""The density ratio of a pair, r(w, z) = p(w, z) / (p(w) p(z)), by least squares.

It turns a conditional mean into a plain one, E[m(W) | Z = z] = E[m(W) r(W, z)] (Kato et al., ICLR
2022). uLSIF (Kanamori, Hido and Sugiyama, JMLR 10, 2009) minimises

    J(r) = ½ mean_ij r(w_i, z_j)² − mean_i r(w_i, z_i)

over r = 1 + Σ_kl A_kl φ_k(w) ψ_l(z), where φ are Gaussian kernels at centres, and ψ are Gaussian
kernels or the products of splines of a `Sieve`; all less their means over the rows. So the mean
over w is 1 for every z. With C_w = E φφᵀ, C_z = E ψψᵀ and C_zw = E ψφᵀ the quadratic form of J is
C_w ⊗ C_z, and with a ridge λ on both the minimum is closed:

    (C_z + λ)^(−½) C_zw (C_w + λ)^(−½) = U diag(s) Vᵀ,      r(w, z) = 1 + Σ_k s_k u_k(z) v_k(w)
    u = Uᵀ (C_z + λ)^(−½) ψ,   v = Vᵀ (C_w + λ)^(−½) φ

s_k are regularised canonical correlations: u_k are the functions of z that say most of w. Functions
of z, widths, λ and the number of pairs are those of least J on held-out rows: the fit is to one
half, J of the other half. In use r is clipped at 0, and each z has weights of mean 1 over the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import DataError, Matrix, check_count, seed_of
from motifnet.further.moments._features import Sieve
from motifnet.further.moments._input import as_matrix

WIDTHS, RIDGES = (0.25, 0.5, 1.0), (1e-5, 1e-4, 1e-3, 1e-2)
Rows = NDArray[np.int64]
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
    functions_w_, functions_z_ : str
        The functions of w and z: kernels with their width, in standard deviations of a column
        times the root of the number of columns, or splines.
    ridge_ : float
    objective_ : float
        J on held-out rows; −.5 is that of r = 1.

    References
    ----------
    Kanamori, Hido and Sugiyama, JMLR 10 (2009). Kato, Imaizumi, McAlinn, Yasui and Kakehi, ICLR
    2022.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.moments import DensityRatio
    >>> rng = np.random.default_rng(0)
    >>> Z = rng.uniform(-1, 1, (200, 1))
    >>> W = Z + 0.1 * rng.normal(size=(200, 1))
    >>> ratio = DensityRatio().fit(W, Z)
    >>> mean = ratio.conditional_mean(W, W, Z)  # E[W | Z], which is Z
    >>> bool(abs(mean - Z).mean() < 0.1)
    True
    """

    def __init__(self, n_centers: int = 200, random_state: Any = None) -> None:
        self.n_centers = n_centers
        self.random_state = random_state

    def fit(self, W: Any, Z: Any) -> Self:
        """Fit to pairs.

        Parameters
        ----------
        W : array or data frame with shape (n, a)
        Z : array or data frame with shape (n, b)

        Returns
        -------
        self

        Raises
        ------
        DataError, UsageError
            For rows that are no pairs or not complete, and settings out of range.
        """
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
        halves = order[::2], order[1::2]
        sides = [[_Functions.kernels(A, A[centres], h) for h in WIDTHS] for A in (W, Z)]
        sides[1].append(_Functions.centred(Sieve.of(Z), Z, "splines"))
        w_split, z_split = (
            [(functions, _Split.of(functions(A), *halves)) for functions in side]
            for side, A in zip(sides, (W, Z), strict=True)
        )
        best = min(
            (
                (*_held_out(w_half, z_half, ridge), w, z, ridge)
                for (w, w_half), (z, z_half) in product(w_split, z_split)
                for ridge in RIDGES
            ),
            key=lambda found: found[0],
        )
        self.objective_, rank, w, z, self.ridge_ = best
        self.functions_w_, self.functions_z_ = w.name, z.name
        self._pairs = _Pairs.of(w, z, w(W), z(Z), self.ridge_, rank)
        self.singular_values_ = self._pairs.s
        self.n_features_in_ = W.shape[1]
        return self

    def __call__(self, W: Any, Z: Any) -> Matrix:
        """r(w_i, z_j), clipped at 0 and with mean 1 over the rows of W, with shape (len(Z),
        len(W)).
        """
        check_is_fitted(self)
        v, u = self._pairs.v(as_matrix("W", W)), self._pairs.u(as_matrix("Z", Z))
        raw = np.maximum(1 + (u * self._pairs.s) @ v.T, 0)
        return np.asarray(raw / np.maximum(raw.mean(1, keepdims=True), _NOTHING))

    def conditional_mean(self, values: Matrix, W: Any, Z: Any) -> Matrix:
        """E[values | Z = z_j] by weights, (1/n) Σ_i r(w_i, z_j) values_i.

        Parameters
        ----------
        values : array with shape (n, k)
            Functions of W at the n rows.
        W : array or data frame with shape (n, a)
        Z : array or data frame with shape (m, b)

        Returns
        -------
        array with shape (m, k)
        """
        Z = as_matrix("Z", Z)
        step = max(1, 4_000_000 // len(W))
        blocks = [self(W, Z[start : start + step]) for start in range(0, len(Z), step)]
        return np.concatenate([block @ values / len(values) for block in blocks])

    def instruments(self, Z: Any) -> Matrix:
        """1 and the functions u_k of z.

        Parameters
        ----------
        Z : array or data frame with shape (m, b)

        Returns
        -------
        array with shape (m, 1 + k)
        """
        check_is_fitted(self)
        Z = as_matrix("Z", Z)
        return np.column_stack([np.ones(len(Z)), self._pairs.u(Z)])


@dataclass(frozen=True)
class _Functions:
    """Functions of rows, less their means over the rows of the fit."""

    function: Callable[[Matrix], Matrix]
    mean: Matrix
    name: str

    @classmethod
    def centred(cls, function: Callable[[Matrix], Matrix], rows: Matrix, name: str) -> _Functions:
        return cls(function, function(rows).mean(0), name)

    @classmethod
    def kernels(cls, rows: Matrix, points: Matrix, width: float) -> _Functions:
        """Gaussian kernels of standardised columns, of this width times √columns."""
        scale = rows.std(0)
        scale = np.where(scale > 0, scale, 1.0) * np.sqrt(rows.shape[1]) * width
        kernels = partial(_gaussian, np.unique(points, axis=0) / scale, scale)
        return cls.centred(kernels, rows, f"kernels of width {width:g}")

    def __call__(self, rows: Matrix) -> Matrix:
        return np.asarray(self.function(rows) - self.mean)


def _gaussian(points: Matrix, scale: Matrix, rows: Matrix) -> Matrix:
    return np.asarray(np.exp(-cdist(rows / scale, points, "sqeuclidean") / 2))


@dataclass(frozen=True)
class _Pairs:
    """Singular functions and values."""

    functions_w: _Functions
    functions_z: _Functions
    turn_w: Matrix
    turn_z: Matrix
    s: Matrix

    @classmethod
    def of(
        cls, w: _Functions, z: _Functions, phi: Matrix, psi: Matrix, ridge: float, rank: int
    ) -> _Pairs:
        """The first pairs for values φ and ψ at the rows."""
        turn_w, turn_z, s = _decomposed(_Moments.of(phi), _Moments.of(psi), ridge)
        return cls(w, z, turn_w[:, :rank], turn_z[:, :rank], s[:rank])

    def u(self, Z: Matrix) -> Matrix:
        return np.asarray(self.functions_z(Z) @ self.turn_z)

    def v(self, W: Matrix) -> Matrix:
        return np.asarray(self.functions_w(W) @ self.turn_w)


@dataclass(frozen=True)
class _Moments:
    """Values with shape (n, m), eigenvalues and eigenvectors of their second moments."""

    values: Matrix
    eigenvalues: Matrix
    vectors: Matrix

    @classmethod
    def of(cls, values: Matrix) -> _Moments:
        found, vectors = np.linalg.eigh(values.T @ values / len(values))
        kept = found > _NOTHING * max(found[-1], _NOTHING)
        return cls(values, found[kept], vectors[:, kept])

    def inverse_root(self, ridge: float) -> Matrix:
        """E diag(1/√(e + λ))."""
        return np.asarray(self.vectors / np.sqrt(self.eigenvalues + ridge))


@dataclass(frozen=True)
class _Split:
    """The first half of the rows, and values of the second."""

    first: _Moments
    second: Matrix

    @classmethod
    def of(cls, values: Matrix, first: Rows, second: Rows) -> _Split:
        return cls(_Moments.of(values[first]), values[second])


def _decomposed(phi: _Moments, psi: _Moments, ridge: float) -> tuple[Matrix, Matrix, Matrix]:
    """The maps from φ to v and from ψ to u, and s."""
    half_w, half_z = phi.inverse_root(ridge), psi.inverse_root(ridge)
    cross = half_z.T @ (psi.values.T @ phi.values / len(phi.values)) @ half_w
    U, s, Vt = np.linalg.svd(cross, full_matrices=False)
    return half_w @ Vt.T, half_z @ U, s


def _held_out(w: _Split, z: _Split, ridge: float) -> tuple[float, int]:
    """The least J of the second half over the number of pairs, and that number."""
    turn_w, turn_z, s = _decomposed(w.first, z.first, ridge)
    u, v = z.second @ turn_z, w.second @ turn_w
    n = len(u)
    # mean_ij (1 + Σ_k s_k u_k(z_j) v_k(w_i))² for the first 0, 1, 2, … pairs
    square = (s[:, None] * (u.T @ u / n) * s) * (v.T @ v / n)
    inside = np.diag(np.cumsum(np.cumsum(square, axis=0), axis=1))
    linear = np.cumsum(s * u.mean(0) * v.mean(0))
    joint = np.cumsum(s * (u * v).mean(0))
    path = np.concatenate([[-0.5], 0.5 * (1 + 2 * linear + inside) - 1 - joint])
    return float(path.min()), int(path.argmin())
