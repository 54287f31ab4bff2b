"""What a shift does to the error, if the target still depends on the columns as before:

    E_new ℓ = E_old r(x) ℓ  ≈  Σ r_i ℓ_i / Σ r_i,     ℓ_i: honest losses of rows of the fit, r: density ratio       (Shimodaira 2000)

with the standard error of a ratio, √(Σ_g (Σ_{i in g} r_i (ℓ_i − mean))²) / Σ r_i, over groups g of rows that belong together, or over single rows
(Liang and Zeger 1986). That r is an estimate itself is not in it. Where few old rows, or groups, carry the weight, or new rows lie where there are no
old ones, nothing can be said; then the estimate is not `reliable`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.shift._ratio import density_ratio

Matrix = NDArray[np.float64]
LEAST_NEW, LEAST_EFFECTIVE, LEAST_COVERED = 30, 30.0, 0.5
_NORMAL = 1.96


@dataclass(frozen=True)
class ErrorShift:
    """Errors, in the unit of the ledger, on rows like the old and on rows like the new, the latter with a 95 % interval.

    `effective`: number of equally weighted old rows, or groups where the fit had some (`unit`), that the estimate rests on, (Σ r)² / Σ r²
    (Kish 1965); `rows`: number of old rows; `covered`: share of new rows where there are old ones.
    """

    before: float
    after: float
    interval: tuple[float, float]
    effective: float
    rows: int
    covered: float
    method: str
    unit: str = "rows"

    @property
    def reliable(self) -> bool:
        return self.effective >= LEAST_EFFECTIVE and self.covered >= LEAST_COVERED

    @property
    def changed(self) -> bool:
        """Whether the error before lies outside the interval."""
        return self.reliable and not self.interval[0] <= self.before <= self.interval[1]


def error_shift(old: Matrix, losses: Matrix, new: Matrix, *, groups: NDArray[np.int64] | None = None, root: bool, seed: int) -> ErrorShift | None:
    """Old rows with shape (n, k), their losses and the codes of their groups with shape (n,), new rows with shape (m, k).

    `root`: the error is the root of the mean loss. None where old or new rows are too few.
    """
    if min(len(old), len(new)) < LEAST_NEW:
        return None
    ratio = density_ratio(old, new, seed)
    r = ratio.values / ratio.values.sum()
    mean = float(r @ losses)
    of = np.arange(len(r)) if groups is None else groups
    share = np.bincount(of, r)
    half = _NORMAL * float(np.linalg.norm(np.bincount(of, r * (losses - mean))))
    before, after, low, high = (_error(value, root) for value in (float(losses.mean()), mean, max(mean - half, 0.0), mean + half))
    unit = "rows" if groups is None else "groups"
    return ErrorShift(before, after, (low, high), float(1 / (share @ share)), len(old), ratio.covered, ratio.method, unit)


def _error(mean: float, root: bool) -> float:
    return float(np.sqrt(mean)) if root else mean
