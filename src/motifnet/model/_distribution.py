"""The predictive distribution of a fitted model, from what it keeps for intervals.

Residuals of a model of means, medians or one quantile have one law up to their scale,

    Y = f(x) + σ(x) ε,       ε ~ the law of the conformal scores (`motifnet.uncertainty.fit_law`)

A model of several quantiles has the law through these (`motifnet.uncertainty.QuantileLaw`).

Counts and positive amounts have the mean μ = f(x) and a law of their own (`law_of_means`). Its
dispersion is that of the out-of-fold residuals: at the rows x_i that the model holds, their mean
squares are σ(x_i)² v with v = Σ w s² / Σ w. The whole is computed from the file of a model, so that
models of earlier versions give it too.
"""

from __future__ import annotations

import numpy as np

from motifnet.engine import Matrix, UsageError
from motifnet.model._fitted import FittedModel
from motifnet.tables import Table
from motifnet.uncertainty import (
    Bend,
    Intervals,
    Law,
    PredictiveDistribution,
    QuantileLaw,
    RowLaw,
    Scaled,
    fit_law,
    law_of_means,
)

_FLOOR = 1e-9  # of the scale of residuals, in standard deviations of the target


def distribution_of(model: FittedModel, table: Table, n_jobs: int = 1) -> PredictiveDistribution:
    """The laws of the rows of a table; UsageError where the model gives no intervals."""
    values, log_scale = model.centre_and_log_scale(table, n_jobs)

    def bounds(levels: Matrix, side: str) -> Matrix:
        return model.bounds(values, log_scale, levels, side)

    laws: tuple[RowLaw, ...]
    if model.has_quantiles:
        laws = (through_quantiles(model, values),)
    elif model.log_link:
        laws = _means(model, values, n_jobs)
    else:
        sigma = np.ones_like(values) if log_scale is None else np.exp(log_scale)
        laws = tuple(Scaled(values[:, j], sigma[:, j], law) for j, law in enumerate(laws_of(model)))
    return PredictiveDistribution(model.targets, laws, bounds, flat=len(model.targets) == 1)


def through_quantiles(model: FittedModel, values: Matrix) -> QuantileLaw:
    """The laws through quantiles with shape (n, K)."""
    intervals, levels = model.intervals, np.array(model.info.quantiles)
    tail = min(levels[0], 1 - levels[-1]) / 2  # the outer nodes are not in the tails
    law = fit_law(intervals.scores[:, 0], intervals.weight, intervals.unit, tail=tail)
    return QuantileLaw(Bend.of(law.quantile(levels), values, model.spread), law)


def laws_of(model: FittedModel) -> tuple[Law, ...]:
    """The law of ε of each target; UsageError for counts, amounts and several quantiles, which
    have none.
    """
    intervals = model.intervals
    if model.log_link or model.has_quantiles:
        raise UsageError(
            f"objective={model.info.objective!r} has no law of residuals to export. Ask "
            "predict_distribution of the model in Python."
        )
    return tuple(
        fit_law(scores, intervals.weight, intervals.unit, float(floor))
        for scores, floor in zip(intervals.scores.T, _floors(model), strict=True)
    )


def _floors(model: FittedModel) -> Matrix:
    """The smallest scale of the scores of each target."""
    sd = np.asarray(model.info.target_sd or np.ones(model.width), dtype=np.float64)
    relative = model.intervals.scale is not None
    return np.where(relative | (sd <= 0), 1.0, sd) * _FLOOR


def _means(model: FittedModel, values: Matrix, n_jobs: int) -> tuple[RowLaw, ...]:
    """Laws of counts and amounts around their means."""
    mu, square = _squares(model, n_jobs)
    columns = zip(values.T, mu.T, square.T, strict=True)
    return tuple(law_of_means(model.info.objective, *column) for column in columns)


def _squares(model: FittedModel, n_jobs: int) -> tuple[Matrix, Matrix]:
    """Means and mean squared residuals with shape (k, q) at rows that the model holds."""
    intervals: Intervals = model.intervals
    X = None if model.reference is None or model.reference.rows is None else model.reference.rows.X
    if X is None:
        raise UsageError(
            "This model gives no distribution: it holds no rows that tell the dispersion of "
            f"objective={model.info.objective!r}. Fit it again, or ask for predict_interval."
        )
    mu, log_scale = model.encoded_centre_and_log_scale(X, n_jobs)
    share = intervals.weight / intervals.weight.sum()
    sigma = np.ones_like(mu) if log_scale is None else np.exp(log_scale)
    return mu, sigma**2 * (share @ intervals.scores**2)
