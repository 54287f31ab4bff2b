"""How much the instruments say of f.

Let P₁ be the features of f and U₁ the instrument functions, both less their projections on the
exogenous features. The squared canonical correlations ρ_k² of P₁ and U₁ are the shares of P₁'s
directions that the instruments see. Their sum is the trace of the projection; less what K₁
functions of noise would have,

    effective rank = (Σ_k ρ_k² − k₁ K₁/n) / (1 − K₁/n)

The strongest direction has F = ρ₁²/(1 − ρ₁²) · (n − K)/K₁, for one regressor that of the first
stage of 2SLS. Below 10 instruments are weak (Staiger and Stock 1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.engine import Matrix

WEAK_F = 10.0
_NOTHING = 1e-6


@dataclass(frozen=True)
class Identification:
    """What the instruments say of f; `print` gives words.

    Attributes
    ----------
    correlations : array
        Canonical correlations of features and instruments, in decreasing order.
    effective_rank : float
        Number of directions of f that the instruments see.
    directions : int
        Number of all directions of f.
    f_statistic : float
        F of the strongest direction.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.moments import SieveTSLS
    >>> rng = np.random.default_rng(0)
    >>> Z, e = rng.uniform(-3, 3, (300, 2)), rng.normal(size=300)
    >>> X = Z[:, :1] / 2 + e[:, None] / 2  # depends on e
    >>> y = np.sin(X[:, 0]) + e
    >>> print(SieveTSLS().fit(X, y, Z).identification_)
    The instruments see ...
    """

    correlations: Matrix
    effective_rank: float
    directions: int
    f_statistic: float

    @property
    def weak(self) -> bool:
        """Whether F is below 10."""
        return self.f_statistic < WEAK_F

    @classmethod
    def of(cls, P: Matrix, U: Matrix, exogenous: Matrix) -> Identification:
        """Compare features and instruments.

        Parameters
        ----------
        P : array with shape (n, k)
            Features of f.
        U : array with shape (n, K)
            Functions of the instruments.
        exogenous : array with shape (n, j)
            The features among P that hold exogenous columns only.

        Returns
        -------
        Identification
        """
        n = len(P)
        base = orthonormal(exogenous)
        left = orthonormal(P - base @ (base.T @ P) / n)
        right = orthonormal(U - base @ (base.T @ U) / n)
        k, K = left.shape[1], right.shape[1]
        if not k:
            return cls(np.ones(0), 0.0, 0, np.inf)
        if not K:
            return cls(np.zeros(0), 0.0, k, 0.0)
        rho = np.minimum(np.linalg.svd(left.T @ right / n, compute_uv=False), 1.0)
        noise = min(K / n, 1 - 1e-9)
        rank = max(float(((rho**2).sum() - k * noise) / (1 - noise)), 0.0)
        share = rho[0] ** 2 / max(1 - rho[0] ** 2, _NOTHING)
        f = share * max(n - K - base.shape[1], 1) / K
        return cls(rho, rank, k, float(f))

    def __str__(self) -> str:
        if not self.directions:
            return "All columns of X are exogenous: this is a regression on X."
        seen = f"{self.effective_rank:.1f} of the {self.directions} directions of f"
        if self.weak:
            return (
                f"Weak instruments: they see {seen}, and the strongest has F = "
                f"{self.f_statistic:.1f}, below 10. Bands are wide, and may still be too narrow. "
                "Look for instruments that move X more."
            )
        return (
            f"The instruments see {seen}; the strongest has a correlation of "
            f"{self.correlations[0]:.2f} (F = {self.f_statistic:.0f}). Elsewhere the estimate "
            "rests on smoothness."
        )


def orthonormal(A: Matrix) -> Matrix:
    """Functions with the span of the columns of A and second moments 1 over the rows. Columns
    that are zero up to rounding, and dependent ones, have no direction.
    """
    norms = np.sqrt((A**2).mean(0)) if A.size else np.zeros(A.shape[1])
    scaled = A[:, norms > _NOTHING] / norms[norms > _NOTHING]
    if not scaled.size:
        return np.zeros((len(A), 0))
    left, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    return np.asarray(left[:, sizes > _NOTHING * sizes[0]] * np.sqrt(len(A)))
