"""Bands, and the test of over-identification.

With A = DᵀD + η diag(R), u_i = U_i m_i and Ω = (1/n) Σ u_i u_iᵀ the estimate moves by

    θ^ − θ ≈ A⁻¹ Dᵀ (1/n) Σ_i u_i − η A⁻¹ R θ

Over draws of θ from the prior of the penalty, the mean square of both terms together is

    V_η = A⁻¹ (Dᵀ Ω D + σ² η diag(R)) A⁻¹ / n

For Ω = σ² I this is σ² A⁻¹/n, the band of Wahba (1983), which covers on average over x (Nychka
1988). Without a penalty it is the sandwich of GMM. Over the posterior of η the variance is the mean
of V_η plus the variance of θ_η. Directions that the instruments do not see have DᵀD near 0, so that
the band there has the width of the prior, or grows without bound where nothing is penalised.

The test asks whether any f in the model has zero moments of functions T(Z). With D_T the derivative
of these moments, N an orthonormal basis of the directions that no θ can change, NᵀD_T = 0, and
t_i = Nᵀ T_i m_i, S = (1/n) Σ t_i t_iᵀ:

    J = n t̄ᵀ S⁺ t̄,      J* = (1/n) ‖(S⁺)^½ Σ_i e_i t_i‖²,  e_i independent N(0, 1)

To first order t̄ does not depend on θ, so that neither the penalty nor the estimate matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from motifnet.engine import Matrix
from motifnet.further.moments._solve import Solution

_NOTHING = 1e-8


@dataclass(frozen=True)
class OverIdentification:
    """A test of whether the instruments contradict each other; `print` gives words.

    Attributes
    ----------
    statistic : float
        J.
    p_value : float
        By multiplier bootstrap; NaN where no restriction is left over.
    restrictions : int
        Number of moments that are left over.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.moments import SieveTSLS
    >>> rng = np.random.default_rng(0)
    >>> Z, e = rng.uniform(-3, 3, (300, 2)), rng.normal(size=300)
    >>> X = Z[:, :1] / 2 + e[:, None] / 2  # depends on e
    >>> y = np.sin(X[:, 0]) + e
    >>> test = SieveTSLS("linear").fit(X, y, Z).overidentification_test()
    >>> test.restrictions
    1
    """

    statistic: float
    p_value: float
    restrictions: int

    def __str__(self) -> str:
        if not self.restrictions:
            return "Just identified: no restriction is left to test."
        verdict = "contradict" if self.p_value < 0.05 else "do not contradict"
        return (
            f"The instruments {verdict} each other: J = {self.statistic:.2f} for "
            f"{self.restrictions} restrictions, p = {self.p_value:.3f}."
        )


def covariance(solution: Solution, U: Matrix, m: Matrix, penalty: Matrix) -> Matrix:
    """V with shape (k, k), of an estimate with moments m with shape (n,)."""
    u, D = U * m[:, None], solution.D
    omega = D.T @ (u.T @ u / len(u)) @ D
    deviations = solution.each - solution.theta
    V = (deviations * solution.choice.shares[:, None]).T @ deviations
    for eta, share in zip(solution.choice.etas, solution.choice.shares, strict=True):
        bound = np.diag(eta * penalty)
        inverse = np.linalg.pinv(D.T @ D + bound, rcond=1e-14, hermitian=True)
        V += share * inverse @ (omega + solution.variance * bound) @ inverse / len(u)
    return V


def band(P: Matrix, f: Matrix, V: Matrix, level: float) -> Matrix:
    """f ± z √(P V Pᵀ) at rows, with shape (n, 2)."""
    half = ndtri((1 + level) / 2) * np.sqrt(np.maximum(((P @ V) * P).sum(1), 0))
    return np.column_stack([f - half, f + half])


def moments_test(
    T: Matrix, m: Matrix, D_T: Matrix, n_resamples: int, seed: int
) -> OverIdentification:
    """The test with functions T with shape (n, L), orthonormal, and D_T with shape (L, k)."""
    n = len(T)
    left, sizes, _ = np.linalg.svd(D_T)
    free = left[:, int((sizes > _NOTHING * sizes.max()).sum()) :]
    t = (T @ free) * m[:, None]
    if not t.size:
        return OverIdentification(0.0, float("nan"), 0)
    values, turn = np.linalg.eigh(t.T @ t / n)
    kept = values > _NOTHING * values[-1]
    scaled = t @ (turn[:, kept] / np.sqrt(values[kept]))
    mean = scaled.mean(0)
    statistic = n * float(mean @ mean)
    e = np.random.default_rng(seed).standard_normal((n_resamples, n))
    draws = ((e @ scaled) ** 2).sum(1) / n
    p = (1 + int((draws >= statistic).sum())) / (n_resamples + 1)
    return OverIdentification(statistic, p, int(kept.sum()))
