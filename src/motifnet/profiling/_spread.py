"""Heteroscedasticity: does the noise grow along a column or along the prediction?

Studentised residuals e of the smooth fit have one variance under the null, whatever the leverage of their rows. For each candidate z (numeric
columns, and the prediction of a row by the others) the statistic is the rank correlation of |e| and z. Its maximum over candidates is compared with
that of data simulated on the same rows, y* = f̂ + σ ε* with ε* drawn from the pool of residuals, fitted and predicted by the same operator: heavy
tails, the number of candidates, and most of the misfit are in the null. What misfit is not, as that of columns with heavy tails, is the reason for a
level of 3 %.

    ratio = sd of the residuals in the upper third of z over that in the lower third
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from motifnet.profiling._finding import Finding
from motifnet.profiling._rows import Rows
from motifnet.profiling._smooth import Smooth
from motifnet.tables import Matrix

DRAWS, SPREAD_LEVEL = 199, 0.03
NAME = "heteroscedasticity"


def spread(rows: Rows) -> Finding:
    """Whether the noise of the (first) target is larger on one side of a column than on the other."""
    columns = np.flatnonzero(rows.numeric)
    fits = rows.halves
    rng = np.random.default_rng([rows.seed, 4])
    tables = [_ranks(fit.X[:, columns]) for fit in fits]
    targets = [np.column_stack([fit.y[:, :1], _simulated(fit, rng, DRAWS)]) for fit in fits]
    statistic = np.mean([_correlations(fit, Y, table) for fit, Y, table in zip(fits, targets, tables, strict=True)], axis=0)
    observed, draws = statistic[:, 0], np.abs(statistic[:, 1:]).max(0)
    p = float(1 + (draws >= np.abs(observed).max()).sum()) / (DRAWS + 1)
    best = int(np.abs(observed).argmax())
    z = np.concatenate(
        [table[:, best] if best < len(columns) else _ranks(fit.y - fit.left_out)[:, 0] for fit, table in zip(fits, tables, strict=True)]
    )
    e = np.concatenate([fit.studentised[:, 0] for fit in fits])
    ratio, interval = _ratio(e, z)
    found = p <= SPREAD_LEVEL
    where = rows.names[columns[best]] if best < len(columns) else "the prediction"
    if found:
        words = "grows" if ratio > 1 else "falls"
        verdict = f"noise {words} with {where}"
        sentence = (
            f"The noise of {rows.targets[0]} {words} with {where}: its sd in the upper third is {ratio:.2f} times that in the lower third. "
            "Pass sample_weight of one over the variance."
        )
    else:
        verdict, sentence = "noise of one size", f"The noise of {rows.targets[0]} has about one size everywhere: equal weights are right."
    details = {"p_value": p, "column": where, "rows": len(e), "simulations": DRAWS, "correlation": float(observed[best])}
    return Finding(NAME, ratio, interval, "ratio of sd", found, verdict, sentence, details=details)


def _simulated(fit: Smooth, rng: np.random.Generator, draws: int) -> Matrix:
    """Targets f̂ + σ ε* with shape (n, draws)."""
    pool = fit.studentised[:, 0]
    pool = (pool - pool.mean()) / pool.std() * np.sqrt(fit.noise_variance[0])
    return np.asarray(fit.fitted[:, :1] + rng.choice(pool, (len(pool), draws)))


def _correlations(fit: Smooth, Y: Matrix, table: Matrix) -> Matrix:
    """Rank correlations of |e| and z with shape (columns + 1, m) for targets Y with shape (n, m); z: columns, and the prediction by other rows."""
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
    """The ratio of sd and its interval: log sd has the variance (κ − 1) / 4m, κ the kurtosis."""
    low, high = np.quantile(z, [1 / 3, 2 / 3])
    lower, upper = e[z <= low], e[z >= high]
    log_ratio = 0.5 * np.log(max(np.mean(upper**2), 1e-300) / max(np.mean(lower**2), 1e-300))
    error = 1.96 * np.sqrt(sum((_kurtosis(part) - 1) / (4 * len(part)) for part in (lower, upper)))
    return float(np.exp(log_ratio)), (float(np.exp(log_ratio - error)), float(np.exp(log_ratio + error)))


def _kurtosis(e: Matrix) -> float:
    return max(float(np.mean(e**4)) / max(float(np.mean(e**2)), 1e-150) ** 2, 1.0)
