"""Synthetic curves with known truth: for tests, examples and experiments.

Regression, a design of the kind of Hall and Horowitz (2007), on 101 points of [0, 1]:

    x(t) = Σ_j (−1)^{j+1} j^{−α/2} Z_j φ_j(t),    b(t) = 0.3 + Σ_{j≥2} 4 (−1)^{j+1} j^{−β} φ_j(t)
    y = ∫ b(t) x(t) dt + 0.5 ε

with Z_j uniform of variance 1, and the cosine basis φ_1 = 1, φ_j = √2 cos (j − 1)πt for j ≤ 50. The
curves are rougher for small α, the coefficient function for small β.

Two classes of Gaussian curves on the sine basis φ_j = √2 sin jπt, j ≤ 50:

    θ_j = j⁻²,    μ_j = 1.2 j^{−decay},    x = ± ½ Σ_j μ_j φ_j + Σ_j θ_j^½ η_j φ_j

Σ_j μ_j²/θ_j diverges for a decay up to 1.5. The Bayes error is Φ(−½ (Σ_j μ_j²/θ_j)^½).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, check_count
from motifnet.further.functional._curves import trapezoid

POINTS, TERMS = 101, 50


def make_curve_regression(
    n: int, alpha: float = 1.1, beta: float = 2.0, random_state: Any = None
) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Draw curves with a target, linear in the curve, for examples and tests.

    Parameters
    ----------
    n : int
        Number of curves.
    alpha : float, default 1.1
        Decay of the variances of the curves' components.
    beta : float, default 2.0
        Decay of the coefficients of b in these components.
    random_state : int, numpy Generator or None
        With None results differ from call to call.

    Returns
    -------
    X : array with shape (n, 101)
    y : array with shape (n,)
    grid : array with shape (101,)
    coef : array with shape (101,)
        The coefficient function b on the grid.

    Raises
    ------
    UsageError
        Where n is no positive whole number.

    Examples
    --------
    >>> from motifnet.functional import make_curve_regression
    >>> X, y, grid, coef = make_curve_regression(20, random_state=0)
    >>> X.shape, y.shape, grid.shape, coef.shape
    ((20, 101), (20,), (101,), (101,))
    """
    check_count("n", n, 1, example=200)
    rng = np.random.default_rng(random_state)
    grid, j = np.linspace(0, 1, POINTS), np.arange(1, TERMS + 1)
    basis = np.sqrt(2) * np.cos(np.pi * np.outer(j - 1, grid))
    basis[0] = 1.0
    signs = (-1.0) ** (j + 1)
    coef = np.append(0.3, (4 * signs * j**-beta)[1:]) @ basis
    Z = rng.uniform(-np.sqrt(3), np.sqrt(3), (n, TERMS))
    X = (Z * signs * j ** (-alpha / 2)) @ basis
    return X, X @ (trapezoid(grid) * coef) + 0.5 * rng.standard_normal(n), grid, coef


def make_curve_classes(
    n: int, decay: float = 1.2, random_state: Any = None
) -> tuple[Matrix, NDArray[np.int64], Matrix]:
    """Draw curves of two classes, for examples and tests.

    Parameters
    ----------
    n : int
        Number of curves.
    decay : float, default 1.2
        Decay of the components of the difference of the class means. Up to 1.5 perfect
        classification is possible.
    random_state : int, numpy Generator or None
        With None results differ from call to call.

    Returns
    -------
    X : array with shape (n, 101)
    y : array with shape (n,)
        Classes 0 and 1 with equal probability.
    grid : array with shape (101,)

    Raises
    ------
    UsageError
        Where n is no positive whole number.

    Examples
    --------
    >>> from motifnet.functional import make_curve_classes
    >>> X, y, grid = make_curve_classes(20, random_state=0)
    >>> X.shape, sorted(set(y.tolist()))
    ((20, 101), [0, 1])
    """
    check_count("n", n, 1, example=200)
    rng = np.random.default_rng(random_state)
    grid, j = np.linspace(0, 1, POINTS), np.arange(1, TERMS + 1)
    y = rng.integers(0, 2, n)
    scores = rng.standard_normal((n, TERMS)) / j + np.outer(y - 0.5, 1.2 * j**-decay)
    return scores @ (np.sqrt(2) * np.sin(np.pi * np.outer(j, grid))), y, grid


def bayes_error_of_classes(decay: float = 1.2) -> float:
    """The smallest possible error of the classes of `make_curve_classes`."""
    from scipy.special import ndtr

    j = np.arange(1.0, TERMS + 1)
    return float(ndtr(-0.6 * np.sqrt((j ** (2 - 2 * decay)).sum())))
