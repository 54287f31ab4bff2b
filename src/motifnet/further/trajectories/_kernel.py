"""The Fréchet kernel as a transformer and as a function.

The average of soft minima is no positive definite kernel: its Gram matrices have negative
eigenvalues. Clipping sets those to zero, and has to treat new tracks the same way (Chen, Garcia,
Gupta, Rahimi and Cazzanti, JMLR 10, 2009). With R the reference tracks of the fit,

    K_RR = U Λ Uᵀ,    φ(t) = Λ₊^(−1/2) U₊ᵀ k(R, t),    K(s, t) = φ(s)ᵀ φ(t) / (‖φ(s)‖ ‖φ(t)‖)

where U₊ and Λ₊ are what is positive. On R this is the clipped Gram matrix, scaled to a unit
diagonal; a new track has the row that it would have if it were equal to one of R. Eigenvalues below
TOLERANCE of the largest count as zero.
"""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags

from motifnet.engine import (
    DataError,
    Matrix,
    UsageError,
    check_choice,
    check_count,
    check_positive,
    seed_of,
)
from motifnet.further.trajectories._gram import PairKernel, median_gamma
from motifnet.further.trajectories._tracks import Tracks, read_tracks

TOLERANCE = 1e-10
MAX_BETA = 100.0


class FrechetKernel(TransformerMixin, BaseEstimator):
    """Tracks to a Gram matrix, for SVC(kernel="precomputed") behind it in a pipeline.

    Parameters
    ----------
    gamma : "median" or float
        Squared distance at which two points have similarity exp(−1). "median": of the squared
        distances between points of different tracks of the fit.
    beta : float
        Soft minimum over an alignment: 0 is the mean, infinity the minimum (at most 100 else).
    n_alignments : int
        Number of alignments that are drawn.
    exact : bool
        The limit of infinitely many alignments, by a dynamic programme. Its cost is about 12 times
        that of 100 alignments; with beta=inf it grows like (n m)² in the lengths of two tracks.
    normalize : bool
        K_ij / sqrt(K_ii K_jj): a unit diagonal.
    psd : {"clip", None}
        "clip" removes negative eigenvalues, of the tracks of the fit and of new ones alike.
    random_state : int, RandomState or None
        For the alignments; the same for all pairs of tracks.

    Attributes
    ----------
    gamma_ : float
    tracks_ : list of arrays with shape (L, d)
        Those of the fit, the columns of the Gram matrix.
    eigenvalues_ : array with shape (n,)
        Of the Gram matrix of the fit before clipping, ascending. Only with psd="clip".

    Notes
    -----
    Takeuchi et al., SIGSPATIAL 2021. Tracks are a list of arrays with shape (L, d), an array with
    shape (n, L, d), or a long data frame (id, time, coordinates). All coordinates have one scale:
    standardise them where their units differ.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import SVC
    >>> from motifnet.trajectories import FrechetKernel
    >>> rng = np.random.default_rng(0)
    >>> east = [np.column_stack([np.arange(5), rng.normal(0, 0.1, 5)]) for _ in range(10)]
    >>> north = [track[:, ::-1] for track in east]
    >>> machine = make_pipeline(FrechetKernel(), SVC(kernel="precomputed"))
    >>> machine = machine.fit(east + north, [0] * 10 + [1] * 10)
    >>> machine.predict([east[0] + 0.1, north[0] + 0.1]).tolist()
    [0, 1]
    """

    def __init__(
        self,
        gamma: float | Literal["median"] = "median",
        beta: float = 1.0,
        n_alignments: int = 100,
        *,
        exact: bool = False,
        normalize: bool = True,
        psd: Literal["clip"] | None = "clip",
        random_state: Any = 0,
    ) -> None:
        self.gamma = gamma
        self.beta = beta
        self.n_alignments = n_alignments
        self.exact = exact
        self.normalize = normalize
        self.psd = psd
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Take tracks as the columns of the Gram matrix.

        Parameters
        ----------
        X : n tracks
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        UsageError
            For a wrong setting.
        DataError
            For empty tracks, missing values, unequal numbers of coordinates, or times that repeat.
        """
        self._fit(X, "X")
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Matrix:
        """Fit, and give the Gram matrix of the tracks.

        Parameters
        ----------
        X : n tracks
        y : ignored

        Returns
        -------
        array with shape (n, n)
            Symmetric.
        """
        gram = self._fit(X, "X")
        return gram if self.psd is None else _inner(self._features, self._features)

    def transform(self, X: Any) -> Matrix:
        """The Gram matrix of tracks and those of the fit.

        Parameters
        ----------
        X : m tracks

        Returns
        -------
        array with shape (m, n)
        """
        return self._transform(X, "X")

    def _transform(self, X: Any, name: str) -> Matrix:
        if not hasattr(self, "tracks_"):
            raise NotFittedError("This FrechetKernel is not fitted yet. Call fit(tracks) first.")
        tracks = read_tracks(X, name, self.tracks_[0].shape[1])
        gram = self._pair_kernel.cross(tracks, self.tracks_)
        if self.normalize:
            gram /= np.sqrt(np.outer(self._pair_kernel.of_itself(tracks), self._of_itself))
        return gram if self.psd is None else _inner(self._embedded(gram), self._features)

    def _fit(self, X: Any, name: str) -> Matrix:
        """Returns the Gram matrix before clipping."""
        seed = self._checked_seed()
        self.tracks_ = read_tracks(X, name)
        self.gamma_ = self._gamma_of(self.tracks_, seed)
        draws = None if self.exact else int(self.n_alignments)
        self._pair_kernel = PairKernel(self.gamma_, float(self.beta), draws, seed)
        gram = self._pair_kernel.gram(self.tracks_)
        self._of_itself = gram.diagonal().copy()
        if self.normalize:
            gram /= np.sqrt(np.outer(self._of_itself, self._of_itself))
        if self.psd == "clip":
            self.eigenvalues_, vectors = np.linalg.eigh(gram)
            kept = self.eigenvalues_ > TOLERANCE * self.eigenvalues_[-1]
            self._embedding = vectors[:, kept] / np.sqrt(self.eigenvalues_[kept])
            self._features = self._embedded(gram)
        return gram

    def _state(self) -> tuple[PairKernel, Tracks, Matrix | None, tuple[Matrix, ...]]:
        """What the values of new tracks are computed from."""
        clip = () if self.psd is None else (self._embedding, self._features)
        return self._pair_kernel, self.tracks_, self._of_itself if self.normalize else None, clip

    def _embedded(self, gram: Matrix) -> Matrix:
        """φ of the rows."""
        features = gram @ self._embedding
        if not self.normalize:
            return features
        length = np.sqrt((features**2).sum(1, keepdims=True))
        return np.asarray(features / np.maximum(length, np.finfo(np.float64).tiny))

    def _gamma_of(self, tracks: Tracks, seed: int) -> float:
        if self.gamma != "median":
            return float(self.gamma)
        gamma = median_gamma(tracks, np.random.default_rng(seed))
        if not 0 < gamma < np.inf:
            raise DataError(
                f"The median squared distance between points is {gamma:g}, no scale for a kernel. "
                "Pass gamma as a number."
            )
        return gamma

    def _checked_seed(self) -> int:
        if not isinstance(self.gamma, str) or self.gamma != "median":
            check_positive("gamma", self.gamma, "0.1, or 'median'")
        if self.beta not in (0, np.inf):
            check_positive("beta", self.beta, "1.0, or 0, or inf")
            if self.beta > MAX_BETA:
                raise UsageError(
                    f"beta={self.beta!r} is above {MAX_BETA:g}. Pass beta=inf for the minimum."
                )
        check_count("n_alignments", self.n_alignments, 1, 100)
        if self.psd is not None:
            check_choice("psd", self.psd, ("clip",))
        return seed_of(self.random_state)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


def frechet_kernel(
    T1: Any,
    T2: Any = None,
    *,
    gamma: float | Literal["median"] = "median",
    beta: float = 1.0,
    n_alignments: int = 100,
    exact: bool = False,
    normalize: bool = True,
    psd: Literal["clip"] | None = "clip",
    random_state: Any = 0,
) -> Matrix:
    """The Gram matrix of tracks, or of tracks and those of a fit.

    `frechet_kernel(train)` and `frechet_kernel(test, train)` belong together, and the second has
    the rows of the first for tracks that occur in both. `FrechetKernel` does the same, and keeps
    what it has computed of the tracks of the fit.

    Parameters
    ----------
    T1 : n1 tracks
    T2 : n2 tracks, optional
        The tracks of the fit: they give gamma and the eigenvectors of the clipping. Default: T1.
    gamma, beta, n_alignments, exact, normalize, psd, random_state
        As in `FrechetKernel`.

    Returns
    -------
    array with shape (n1, n1), or (n1, n2)

    Raises
    ------
    UsageError, DataError
        As `FrechetKernel.fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.trajectories import frechet_kernel
    >>> tracks = np.random.default_rng(0).normal(size=(4, 6, 2))
    >>> frechet_kernel(tracks).shape, frechet_kernel(tracks[:2], tracks).shape
    ((4, 4), (2, 4))
    """
    kernel = FrechetKernel(
        gamma,
        beta,
        n_alignments,
        exact=exact,
        normalize=normalize,
        psd=psd,
        random_state=random_state,
    )
    if T2 is None:
        gram = kernel._fit(T1, "T1")
        return gram if psd is None else _inner(kernel._features, kernel._features)
    kernel._fit(T2, "T2")
    return kernel._transform(T1, "T1")


def _inner(first: Matrix, second: Matrix) -> Matrix:
    return np.asarray(first @ second.T)
