"""How far smooth components separate two classes of curves.

θ_j and φ_j are the eigenvalues and eigenfunctions of the covariance within classes, and μ_j are the
scores of the difference of the class means. The profile is the squared Mahalanobis distance of the
means in the first r components:

    S(r) = Σ_{j≤r} μ_j²/θ_j

Perfect classification of Gaussian curves is possible if and only if S(r) grows without bound
(Delaigle and Hall, J. R. Stat. Soc. B 74, 2012). With r components the best rule has the error
Φ(−S(r)^½/2), for classes of equal size. The plain estimate grows like r even where the classes do
not differ. The estimate without bias, for a fixed basis, ν = n_0 + n_1 − 2 and δ = 1/n_0 + 1/n_1,
is

    Ŝ(r) = (ν − r − 1)/ν · Σ_{j≤r} μ̂_j²/θ̂_j − r δ
    Var Ŝ(r) ≈ 4 δ S(r) + 2 r δ² + 2 S(r)²/ν        (errors of μ̂_j, and of θ̂_j)

The second half of R components is compared with the first half: linear growth doubles S. The
exponent is log₂ S(R)/S(R/2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, Matrix, UsageError, check_count
from motifnet.further.functional._curves import Curves, read_curves
from motifnet.further.functional._estimator import axes_of
from motifnet.tables import as_target

MAX_COMPONENTS = 40
CURVES_PER_COMPONENT = 10  # with fewer, the last eigenvalues are mostly noise
ROUNDING = 1e-12  # eigenvalues below this share of the largest are lost in rounding


@dataclass(frozen=True)
class SeparabilityProfile:
    """The profile r ↦ S(r) of two classes, for r = 1, …, R.

    Attributes
    ----------
    values : array with shape (R,)
        Ŝ(r).
    delta : float
        δ = 1/n_0 + 1/n_1, the variance of μ̂_j in units of θ_j.
    freedom : int
        ν = n_0 + n_1 − 2.

    Examples
    --------
    >>> from motifnet.functional import make_curve_classes, separability_profile
    >>> X, y, grid = make_curve_classes(200, random_state=0)
    >>> found = separability_profile(X, y, grid)
    >>> len(found.values), found.freedom
    (20, 198)
    """

    values: Matrix
    delta: float
    freedom: int

    @property
    def components(self) -> Matrix:
        """1, …, R."""
        return np.arange(1.0, len(self.values) + 1)

    @property
    def standard_errors(self) -> Matrix:
        """Standard errors of Ŝ(r), with shape (R,)."""
        return self._error(self.values, self.components)

    @property
    def gaussian_errors(self) -> Matrix:
        """Errors Φ(−S(r)^½/2) of the best rule for Gaussian classes of equal size."""
        from scipy.special import ndtr

        return np.asarray(ndtr(-np.sqrt(np.maximum(self.values, 0)) / 2))

    @property
    def halves(self) -> tuple[float, float]:
        """What the first and the second half of the components add to S."""
        first = float(self.values[len(self.values) // 2 - 1])
        return first, float(self.values[-1]) - first

    @property
    def exponent(self) -> float:
        """log₂ S(R)/S(R/2): 1 is linear growth, 0 none. NaN where S is not positive."""
        first, second = self.halves
        return float(np.log2(1 + second / first)) if first > 0 < first + second else float("nan")

    @property
    def grows(self) -> bool:
        """Whether the second half adds more than two standard errors."""
        return self.halves[1] > 2 * self._error_of_halves[1]

    @property
    def at_least_linear(self) -> bool:
        """Whether S grows, and the second half adds what the first one does, up to one standard
        error of their difference.
        """
        first, second = self.halves
        return self.grows and second >= first - float(np.hypot(*self._error_of_halves))

    @property
    def _error_of_halves(self) -> Matrix:
        return self._error(np.array(self.halves), np.full(2, len(self.values) / 2))

    def _error(self, S: Matrix, r: Matrix) -> Matrix:
        S = np.maximum(S, 0)
        variance = 4 * self.delta * S + 2 * r * self.delta**2 + 2 * S**2 / self.freedom
        return np.asarray(np.sqrt(variance))

    def __str__(self) -> str:
        R = len(self.values)
        found = (
            "The growth is at least linear: smooth components beyond these still help, and the "
            "error can vanish with more curves."
            if self.at_least_linear
            else "The growth is slower than linear, but has not ended: more components still help."
            if self.grows
            else "The growth ends: no later component helps by more than noise, so that a share of "
            "errors remains."
        )
        first, second = self.halves
        return (
            f"The squared distance of the classes is {first:.3g} in the first {R // 2} components "
            f"and {first + second:.3g} in {R}. {found}"
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw S(r) with two standard errors.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        ax = axes_of(ax)
        error = 2 * self.standard_errors
        r, S = self.components, self.values
        ax.fill_between(r, S - error, S + error, alpha=0.25, linewidth=0, label="± 2 errors")
        ax.plot(r, S, marker="o", markersize=3, label="S(r)")
        half = len(r) // 2
        ax.plot(r, S[half - 1] * r / half, ":", color="0.4", label="linear growth")
        ax.set(xlabel="components r", ylabel="squared distance of the classes")
        ax.legend(frameon=False)
        return ax


def separability_profile(
    X: Any, y: Any, grid: Any = None, n_components: int | None = None
) -> SeparabilityProfile:
    """Whether more smooth components go on separating two classes of curves.

    Parameters
    ----------
    X : curves as `read_curves` takes them
    y : array with shape (n,)
        Two classes.
    grid : array with shape (T,), optional
        Points of the curves, increasing. Default: see `read_curves`.
    n_components : int, optional
        R, an even number. Default: a tenth of the number of curves, at most 40.

    Returns
    -------
    SeparabilityProfile

    Raises
    ------
    DataError
        For unusable curves or another number of classes than two.
    UsageError
        For more components than the curves have.

    Examples
    --------
    >>> from motifnet.functional import make_curve_classes, separability_profile
    >>> X, y, grid = make_curve_classes(200, random_state=0)
    >>> print(separability_profile(X, y, grid))
    The squared distance of the classes is ...
    """
    curves = read_curves(X, grid)
    target = as_target(y, len(curves), "classification")
    if len(target.classes or ()) != 2:
        raise DataError(
            f"The target has {len(target.classes or ())} classes, but a profile compares two. Pass "
            "the curves of two classes."
        )
    second = target.values[:, 0] == 1
    theta, mu = _scores(curves, second)
    R = _even(n_components, len(theta), len(curves))
    n, nu = len(curves), len(curves) - 2
    delta = n / (second.sum() * (n - second.sum()))
    r = np.arange(1, R + 1)
    plain = np.cumsum(mu[:R] ** 2 / theta[:R])
    return SeparabilityProfile((nu - r - 1) / nu * plain - r * delta, float(delta), nu)


def _scores(curves: Curves, second: NDArray[np.bool_]) -> tuple[Matrix, Matrix]:
    """θ_j, and scores μ_j of the difference of the means."""
    root = np.sqrt(curves.weights)
    rows = curves.values * root
    means = np.stack([rows[~second].mean(0), rows[second].mean(0)])
    rest = rows - means[second.astype(int)]
    singular, right = np.linalg.svd(rest / np.sqrt(max(len(rows) - 2, 1)), full_matrices=False)[1:]
    theta = singular**2
    kept = theta > ROUNDING * max(theta[0], ROUNDING * np.mean(rows**2))
    return theta[kept], (right @ (means[1] - means[0]))[kept]


def _even(n_components: int | None, rank: int, n: int) -> int:
    most = min(rank, n - 4)
    if most < 2:
        raise DataError(
            f"{n} curves vary in {rank} components within their classes, but a profile needs at "
            "least two components and six curves. Pass more curves."
        )
    if n_components is None:
        return 2 * max(1, min(most, n // CURVES_PER_COMPONENT, MAX_COMPONENTS) // 2)
    check_count("n_components", n_components, 2, example=10)
    if n_components > most or n_components % 2:
        raise UsageError(
            f"n_components={n_components} must be even, and at most {most} for {n} curves that "
            f"vary in {rank} components within their classes."
        )
    return int(n_components)
