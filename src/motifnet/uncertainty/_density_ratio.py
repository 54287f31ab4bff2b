"""The density ratio of new rows to rows of the fit, and the error that follows from it.

The ratio r(x) = p_new(x) / p_old(x) comes from a classifier of new against old rows (Bickel,
Brückner and Scheffer 2009):

    r(x) = P(new | x) / P(old | x) · n_old / n_new

Five folds give held-out probabilities of all rows. Candidates are no difference (r = 1), logistic
regression on columns and their squares with strong and with weak regularisation, and boosted trees.
They are compared by the log loss of these probabilities. r = 1 stays unless another is better by a
standard error. A new row counts as covered where 1 / r(x) ≥ 1/20: the density of old rows is at
least a twentieth of that of new ones.

If the target still depends on the columns as before, a shift changes the error to (Shimodaira 2000)

    E_new ℓ = E_old r(x) ℓ  ≈  Σ r_i ℓ_i / Σ r_i,     ℓ_i: out-of-fold losses of rows of the fit

with the standard error of a ratio, √(Σ_g (Σ_{i in g} r_i (ℓ_i − mean))²) / Σ r_i, over groups g of
rows that belong together, or over single rows (Liang and Zeger 1986). It ignores that r is an
estimate itself. The estimate is not `reliable` where few old rows, or groups, carry the weight, or
where new rows lie without old ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix

FOLDS = 5
MAX_RATIO = 20.0  # r of a new row that is covered
MIN_ROWS = 30  # old and new, of an estimate
MIN_EFFECTIVE, MIN_COVERED = 30.0, 0.5  # rows, and share of new rows, of a reliable estimate
_NORMAL = 1.96
_MIN_PROBABILITY = 1e-6


@dataclass(frozen=True)
class DensityRatio:
    """r at the old rows with shape (n,), the share of new rows that are covered, and the name of
    the candidate.
    """

    values: Matrix
    covered: float
    method: str


def density_ratio(old: Matrix, new: Matrix, seed: int) -> DensityRatio:
    """The ratio by rows with shape (n, k) and (m, k), with columns in comparable units."""
    X, is_new = np.concatenate([old, new]), np.repeat([0, 1], [len(old), len(new)])
    fold = np.empty(len(X), dtype=np.int64)
    for code, part in enumerate((is_new == 0, is_new == 1)):
        rows = np.flatnonzero(part)
        fold[np.random.default_rng([seed, code]).permutation(rows)] = np.arange(len(rows)) % FOLDS
    best, best_gain = DensityRatio(np.ones(len(old)), 1.0, "no difference"), 0.0
    bare = _log_loss(is_new, np.full(len(X), is_new.mean()))
    for name, build in _CANDIDATES.items():
        p = np.empty(len(X))
        for k in range(FOLDS):
            out = fold == k
            with warnings.catch_warnings():
                # a fit that stops early is compared by its held-out loss like any other
                warnings.simplefilter("ignore")
                p[out] = build(seed).fit(X[~out], is_new[~out]).predict_proba(X[out])[:, 1]
        p = np.clip(p, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
        gain = bare - _log_loss(is_new, p)
        if gain.mean() > max(best_gain, gain.std() / np.sqrt(len(X))):
            r = p / (1 - p) * len(old) / len(new)
            best = DensityRatio(r[: len(old)], float((r[len(old) :] <= MAX_RATIO).mean()), name)
            best_gain = float(gain.mean())
    return best


def _logistic(seed: int, C: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(
        FunctionTransformer(_with_squares),
        StandardScaler(),
        LogisticRegression(C=C, max_iter=300, tol=1e-3),
    )


def _trees(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_leaf_nodes=8, max_iter=60, min_samples_leaf=20, early_stopping=False, random_state=seed
    )


def _with_squares(X: Matrix) -> Matrix:
    return np.hstack([X, X**2])


def _log_loss(y: NDArray[np.int64], p: Matrix) -> Matrix:
    return -np.log(np.where(y == 1, p, 1 - p))


@dataclass(frozen=True)
class ErrorShift:
    """Expected errors, in the unit of the ledger.

    Attributes
    ----------
    before : float
        Error on rows like the old ones.
    after : float
        Error on rows like the new ones.
    interval : tuple of two floats
        95 % interval of it.
    effective : float
        Number of equally weighted old rows, or groups, that the estimate is based on,
        (Σ r)² / Σ r² (Kish 1965).
    rows : int
        Number of old rows.
    covered : float
        Share of new rows where there are old ones.
    method : str
        The classifier that gives the density ratio r.
    unit : {"rows", "groups"}
        What `effective` counts: groups where the fit has some.

    Examples
    --------
    Here `model` is a `MotifRegressor` that was fitted to X and y.

    >>> error = model.check_shift(X).error
    >>> error.interval[0] <= error.after <= error.interval[1]
    True
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
        """Whether there are enough old rows like the new ones."""
        return self.effective >= MIN_EFFECTIVE and self.covered >= MIN_COVERED

    @property
    def changed(self) -> bool:
        """Whether the error before lies outside the interval."""
        return self.reliable and not self.interval[0] <= self.before <= self.interval[1]


def error_shift(
    old: Matrix,
    losses: Matrix,
    new: Matrix,
    *,
    groups: NDArray[np.int64] | None = None,
    root: bool,
    seed: int,
) -> ErrorShift | None:
    """The error by old rows with shape (n, k), their losses and codes of groups with shape (n,),
    and new rows with shape (m, k). None where old or new rows are too few.

    root: whether the error is the root of the mean loss.
    """
    if min(len(old), len(new)) < MIN_ROWS:
        return None
    ratio = density_ratio(old, new, seed)
    r = ratio.values / ratio.values.sum()
    mean = float(r @ losses)
    of = np.arange(len(r)) if groups is None else groups
    share = np.bincount(of, r)
    half = _NORMAL * float(np.linalg.norm(np.bincount(of, r * (losses - mean))))
    before, after, low, high = (
        _error(value, root)
        for value in (float(losses.mean()), mean, max(mean - half, 0.0), mean + half)
    )
    unit = "rows" if groups is None else "groups"
    return ErrorShift(
        before,
        after,
        (low, high),
        float(1 / (share @ share)),
        len(old),
        ratio.covered,
        ratio.method,
        unit,
    )


def _error(mean: float, root: bool) -> float:
    return float(np.sqrt(mean)) if root else mean


_CANDIDATES: dict[str, Callable[[int], Any]] = {
    "logistic regression": partial(_logistic, C=0.1),
    "logistic regression, weakly regularised": partial(_logistic, C=10.0),
    "boosted trees": _trees,
}
