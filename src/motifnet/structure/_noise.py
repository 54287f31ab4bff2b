"""Noise: the share of the target that no model of these columns predicts, and where it grows.

The noise floor has three estimates of σ², as shares of var(y):

    duplicates   Σ within groups of equal x (y − ȳ)² / (N − groups)
                 the only one without an assumption; χ² interval
    smooth fit   λτ² of the Gaussian process regression (see `_gaussian_process`)
                 assumes smoothness; bootstrap over rows of the squared residuals
    neighbours   intercept of ½ mean (y_i − y_nn(k))² on mean distance²
                 gamma test of Evans and Jones (2002); biased in many dimensions

Each of several equal rows counts. The leave-one-out error is an upper bound. Duplicates decide
where they have `MIN_FREEDOM` degrees of freedom, else the smooth fit.

Heteroscedasticity: does the noise grow along a column or along the prediction? Studentised
residuals e of the Gaussian process fit have one variance under the null, whatever the leverage of
their rows. For each candidate z (numeric columns, and the prediction of a row by the others) the
statistic is the rank correlation of |e| and z. Its maximum over candidates is compared with that of
data simulated on the same rows, y* = f̂ + σ ε*. ε* is drawn from the pool of residuals, and the
same operator fits and predicts y*. So the null contains heavy tails, the number of candidates, and
most of the misfit. The level is 3 % since some misfit is missing in it, such as that of columns
with heavy tails.

    ratio = sd of the residuals in the upper third of z over that in the lower third
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import chi2, rankdata

from motifnet.engine import Matrix
from motifnet.structure._detector import Finding, Rows
from motifnet.structure._gaussian_process import Smooth

NAME = "heteroscedasticity"
MIN_FREEDOM = 30  # degrees of freedom of duplicates that decide
DRAWS, SPREAD_LEVEL = 199, 0.03
Estimate = tuple[float, float, float]


def pure_error(X: Matrix, y: Matrix) -> tuple[Estimate, int]:
    """σ² with its 95 % interval from rows with equal x, and the degrees of freedom. σ² is NaN
    without such rows.
    """
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
    line = np.polyfit(delta, gamma, 1) if np.ptp(delta) > 0 else np.array([0.0, gamma.mean()])
    return float(max(line[1], 0.0))


def noise_floor(rows: Rows) -> Finding:
    """The share of the variance of the (first) target that is noise."""
    y = rows.y[:, 0]
    duplicates, freedom = pure_error(rows.X, y)
    smooth = _smooth_estimate(rows)
    half = rows.halves_rows[0]
    neighbours = gamma_test(rows.X[half], y[half], min(10, len(half) - 1))
    left_out = float(np.mean([np.mean(fit.left_out[:, 0] ** 2) for fit in rows.halves]))
    by_duplicates = freedom >= MIN_FREEDOM
    value, low, high = (min(v, 1.0) for v in (duplicates if by_duplicates else smooth))
    floor = np.sqrt(value) * rows.sd[0]
    source = (
        f"{freedom} repeated rows" if by_duplicates else f"a smooth fit to {2 * len(half):,} rows"
    )
    if by_duplicates:
        limit = (
            f"is noise: no model gets below an error of about {floor:.4g}, an R² of {1 - value:.3f}"
        )
    else:  # residuals of a smooth fit may also be kinks and jumps
        limit = (
            "looks like noise: a smooth model gets no further than an error of about "
            f"{floor:.4g}, an R² of {1 - value:.3f}"
        )
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
    return Finding(
        "noise floor",
        value,
        (low, high),
        "share of var(y)",
        True,
        "measured",
        sentence,
        details=details,
    )


def _smooth_estimate(rows: Rows, draws: int = 200) -> Estimate:
    """λτ² averaged over the halves. The interval is that of the mean square of studentised
    residuals under the bootstrap of rows.
    """
    squares = np.concatenate([fit.studentised[:, 0] ** 2 for fit in rows.halves])
    value = float(np.mean([fit.noise_variance[0] for fit in rows.halves]))
    rng = np.random.default_rng([rows.seed, 3])
    means = (
        np.array([rng.choice(squares, len(squares)).mean() for _ in range(draws)]) / squares.mean()
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return value, value * float(low), value * float(high)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def spread(rows: Rows) -> Finding:
    """Whether the noise of the (first) target grows or falls along a column."""
    columns = np.flatnonzero(rows.numeric)
    fits = rows.halves
    rng = np.random.default_rng([rows.seed, 4])
    tables = [_ranks(fit.X[:, columns]) for fit in fits]
    targets = [np.column_stack([fit.y[:, :1], _simulated(fit, rng, DRAWS)]) for fit in fits]
    statistic = np.mean(
        [_correlations(fit, Y, table) for fit, Y, table in zip(fits, targets, tables, strict=True)],
        axis=0,
    )
    observed, draws = statistic[:, 0], np.abs(statistic[:, 1:]).max(0)
    p = float(1 + (draws >= np.abs(observed).max()).sum()) / (DRAWS + 1)
    best = int(np.abs(observed).argmax())
    z = np.concatenate(
        [
            table[:, best] if best < len(columns) else _ranks(fit.y - fit.left_out)[:, 0]
            for fit, table in zip(fits, tables, strict=True)
        ]
    )
    e = np.concatenate([fit.studentised[:, 0] for fit in fits])
    ratio, interval = _ratio(e, z)
    found = p <= SPREAD_LEVEL
    where = rows.names[columns[best]] if best < len(columns) else "the prediction"
    if found:
        words = "grows" if ratio > 1 else "falls"
        verdict = f"noise {words} with {where}"
        sentence = (
            f"The noise of {rows.targets[0]} {words} with {where}: its sd in the upper third is "
            f"{ratio:.2f} times that in the lower third. Pass sample_weight of one over the "
            "variance."
        )
    else:
        verdict = "noise of one size"
        sentence = (
            f"The noise of {rows.targets[0]} has about one size everywhere: equal weights are "
            "right."
        )
    details = {
        "p_value": p,
        "column": where,
        "rows": len(e),
        "simulations": DRAWS,
        "correlation": float(observed[best]),
    }
    return Finding(NAME, ratio, interval, "ratio of sd", found, verdict, sentence, details=details)


def _simulated(fit: Smooth, rng: np.random.Generator, draws: int) -> Matrix:
    """Targets f̂ + σ ε* with shape (n, draws)."""
    pool = fit.studentised[:, 0]
    pool = (pool - pool.mean()) / pool.std() * np.sqrt(fit.noise_variance[0])
    return np.asarray(fit.fitted[:, :1] + rng.choice(pool, (len(pool), draws)))


def _correlations(fit: Smooth, Y: Matrix, table: Matrix) -> Matrix:
    """Rank correlations of |e| and z with shape (columns + 1, m) for targets Y with shape (n, m).
    z: columns, and the prediction by other rows.
    """
    dual = fit.P @ Y
    size = _ranks(np.abs(dual) / np.sqrt((fit.P**2).sum(1))[:, None]) / len(Y)
    predicted = _ranks(Y - dual / fit.P.diagonal()[:, None])
    return np.vstack([table.T @ size, (predicted * size).sum(0)])


def _ranks(Z: Matrix) -> Matrix:
    """Ranks of each column, scaled to mean 0 and variance 1; zeros where it is constant."""
    R = rankdata(Z, axis=0)
    R = R - R.mean(0)
    return np.asarray(R / np.maximum(R.std(0), 1e-12))


def _ratio(e: Matrix, z: Matrix) -> tuple[float, tuple[float, float]]:
    """The ratio of sd and its interval. log sd has the variance (κ − 1) / 4m, κ the kurtosis."""
    low, high = np.quantile(z, [1 / 3, 2 / 3])
    lower, upper = e[z <= low], e[z >= high]
    log_ratio = 0.5 * np.log(max(np.mean(upper**2), 1e-300) / max(np.mean(lower**2), 1e-300))
    error = 1.96 * np.sqrt(sum((_kurtosis(part) - 1) / (4 * len(part)) for part in (lower, upper)))
    return float(np.exp(log_ratio)), (
        float(np.exp(log_ratio - error)),
        float(np.exp(log_ratio + error)),
    )


def _kurtosis(e: Matrix) -> float:
    return max(float(np.mean(e**4)) / max(float(np.mean(e**2)), 1e-150) ** 2, 1.0)
