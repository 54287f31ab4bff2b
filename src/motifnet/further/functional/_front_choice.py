"""The choice of a front layer: by the leave-one-out error of kernel ridge regression on its scores.

Derivative, number of components and whitening go with a length scale ℓ and a ridge λ, as one
question: which geometry of the curves predicts the target? With K = U diag(l) Uᵀ, the Gaussian
kernel of the scores, and G = U diag(1/(l + λ)) Uᵀ, the residuals of rows that are left out are

    y_i − ŷ_{−i} = (G y)_i / G_ii        (Craven and Wahba, Numer. Math. 31, 1979)

so that no fit is repeated. The components come from all curves, but from no target. Classes are
columns of 0 and 1. Only training rows are seen. The first of equal settings counts: the curve
itself before its derivatives, no whitening before some.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from motifnet.engine import DataError, Matrix
from motifnet.further.functional._components import Components, FrontLayer, fit_components
from motifnet.further.functional._curves import Curves
from motifnet.further.functional._smoothing import MAX_ORDER, Smoother

SHARES = (0.999, 1.0)  # of the variance
MAX_COMPONENTS = 20
WHITENINGS = (0.0, 0.5)
WIDTHS = (0.5, 1.0, 2.0, 4.0, 8.0)  # ℓ in median distances
RIDGES = tuple(float(ridge) for ridge in 10.0 ** np.arange(-8, 2))
MAX_ROWS = 300  # that are scored


@dataclass(frozen=True)
class FrontSettings:
    """What may be chosen.

    counts : numbers of components (int), or shares of the variance that these hold (float).
    """

    derivatives: tuple[int, ...] = tuple(range(MAX_ORDER + 1))
    counts: tuple[int | float, ...] = SHARES
    whitenings: tuple[float, ...] = WHITENINGS
    smoothing: float | None = None  # None: by generalised cross-validation


@dataclass(frozen=True)
class FrontChoice:
    """A front layer with the kernel ridge regression that chose it.

    error : root mean squared leave-one-out error, in units of the targets.
    length_scale, ridge : ℓ and λ.
    """

    error: float
    length_scale: float
    ridge: float
    layer: FrontLayer


def choose_front(
    curves: Curves, targets: Matrix, settings: FrontSettings, seed: int = 0
) -> FrontChoice:
    """The choice for curves and targets with shape (n, q). DataError where no curve differs."""
    n = len(curves)
    scored = np.sort(np.random.default_rng(seed).permutation(n)[:MAX_ROWS])
    found: FrontChoice | None = None
    for layer in _layers(curves, settings):
        trial = FrontChoice(*tuned(layer(curves.values[scored]), targets[scored]), layer)
        if found is None or trial.error < found.error:
            found = trial
    if found is None:
        raise DataError(
            f"The {n} curves are all equal, or have no derivative of the order "
            f"{settings.derivatives} that differs, so they explain nothing. Check the curves."
        )
    return found


def _layers(curves: Curves, settings: FrontSettings) -> Iterator[FrontLayer]:
    smoother = Smoother(curves.grid)
    smoothing = settings.smoothing
    if smoothing is None:
        smoothing = smoother.penalty(curves.values)
    for derivative in settings.derivatives:
        components = fit_components(curves, smoother, smoothing, derivative)
        for k in sorted({_count(components, count) for count in settings.counts} - {0}):
            yield from (components.front_layer(k, p) for p in settings.whitenings)


def _count(components: Components, count: int | float) -> int:
    if isinstance(count, int):
        return min(count, len(components.variances))
    return min(components.count(count), MAX_COMPONENTS) if len(components.variances) else 0


def tuned(scores: Matrix, targets: Matrix) -> tuple[float, float, float]:
    """The least leave-one-out error of kernel ridge regression, its length scale and its ridge."""
    from scipy.spatial.distance import pdist, squareform

    squares = squareform(pdist(scores, "sqeuclidean"))
    apart = squares[squares > 0]
    median = float(np.sqrt(np.median(apart))) if len(apart) else 1.0
    rest = targets - targets.mean(0)
    return min(
        (error, width * median, ridge)
        for width in WIDTHS
        for ridge, error in _errors(np.exp(-squares / (2 * (width * median) ** 2)), rest)
    )


def _errors(kernel: Matrix, rest: Matrix) -> Iterator[tuple[float, float]]:
    """Each ridge with its leave-one-out error."""
    values, vectors = np.linalg.eigh(kernel)
    values, turned = np.maximum(values, 0.0), vectors.T @ rest
    for ridge in RIDGES:
        inverse = 1 / (values + ridge)
        left_out = (vectors @ (inverse[:, None] * turned)) / (vectors**2 @ inverse)[:, None]
        yield ridge, float(np.sqrt(np.mean(left_out**2)))
