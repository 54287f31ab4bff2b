"""The noise floor: how much of the target no model of these columns can predict.

Three readings of σ², as shares of var(y):

    duplicates   Σ within groups of equal x (y − ȳ)² / (N − groups)          the only one without an assumption; χ² interval
    smooth fit   λτ² of the Gaussian process regression (see `_smooth`)      assumes smoothness; bootstrap over rows of the squared residuals
    neighbours   intercept of ½ mean (y_i − y_nn(k))² on mean distance²      gamma test of Evans and Jones (2002); biased in many dimensions

Equal rows count as many as they are. Leave-one-out error is an upper bound. Duplicates decide where there are enough of them,
else the smooth fit.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import chi2

from motifnet.profiling._finding import Finding
from motifnet.profiling._rows import Rows
from motifnet.tables import Matrix

ENOUGH = 30  # degrees of freedom of duplicates that decide
Estimate = tuple[float, float, float]


def pure_error(X: Matrix, y: Matrix) -> tuple[Estimate, int]:
    """σ² with its 95 % interval from rows with equal x, and the degrees of freedom; NaN without any."""
    _, group, counts = np.unique(X, axis=0, return_inverse=True, return_counts=True)
    group = group.ravel()
    means = np.bincount(group, y) / counts
    squares, freedom = float(((y - means[group]) ** 2).sum()), len(y) - len(counts)
    if freedom == 0:
        return (np.nan, np.nan, np.nan), 0
    low, high = chi2.ppf([0.025, 0.975], freedom)
    return (squares / freedom, squares / high, squares / low), freedom


def gamma_test(X: Matrix, y: Matrix, k: int = 10) -> float:
    """The intercept at distance 0 of the half squared difference to the first k neighbours."""
    distance, neighbour = cKDTree(X).query(X, k + 1)
    delta = (distance[:, 1:] ** 2).mean(0)
    gamma = ((y[:, None] - y[neighbour[:, 1:]]) ** 2).mean(0) / 2
    slope = np.polyfit(delta, gamma, 1) if np.ptp(delta) > 0 else np.array([0.0, gamma.mean()])
    return float(max(slope[1], 0.0))


def noise_floor(rows: Rows) -> Finding:
    """The share of the variance of the (first) target that is noise."""
    y = rows.y[:, 0]
    duplicates, freedom = pure_error(rows.X, y)
    smooth = _smooth_estimate(rows)
    half = rows.halves_rows[0]
    neighbours = gamma_test(rows.X[half], y[half], min(10, len(half) - 1))
    left_out = float(np.mean([np.mean(fit.left_out[:, 0] ** 2) for fit in rows.halves]))
    by_duplicates = freedom >= ENOUGH
    value, low, high = (min(v, 1.0) for v in (duplicates if by_duplicates else smooth))
    floor = np.sqrt(value) * rows.sd[0]
    source = f"{freedom} repeated rows" if by_duplicates else f"a smooth fit to {2 * len(half):,} rows"
    if by_duplicates:
        limit = f"is noise: no model gets below an error of about {floor:.4g}, an R² of {1 - value:.3f}"
    else:  # what a smooth fit leaves may be kinks and jumps
        limit = f"looks like noise: a smooth model gets no further than an error of about {floor:.4g}, an R² of {1 - value:.3f}"
    sentence = (
        f"About {value:.0%} of the variance of {rows.targets[0]} {limit} ({source}). "
        f"One that leaves out the row reaches {np.sqrt(left_out) * rows.sd[0]:.4g}."
    )
    details = {
        "duplicates": _plain(duplicates[0]),
        "duplicate_freedom": freedom,
        "smooth": smooth[0],
        "neighbours": neighbours,
        "left_out": left_out,
        "error_floor": float(floor),
        "rows": 2 * len(half),
    }
    return Finding("noise floor", value, (low, high), "share of var(y)", True, "measured", sentence, details=details)


def _smooth_estimate(rows: Rows, draws: int = 200) -> Estimate:
    """λτ² averaged over the halves; the interval is that of the mean square of studentised residuals under the bootstrap of rows."""
    squares = np.concatenate([fit.studentised[:, 0] ** 2 for fit in rows.halves])
    value = float(np.mean([fit.noise_variance[0] for fit in rows.halves]))
    rng = np.random.default_rng([rows.seed, 3])
    means = np.array([rng.choice(squares, len(squares)).mean() for _ in range(draws)]) / squares.mean()
    low, high = np.quantile(means, [0.025, 0.975])
    return value, value * float(low), value * float(high)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
