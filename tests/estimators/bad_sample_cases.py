"""Bad samples of two-sample tests and of bootstraps, as in bad_input_cases.py."""

from __future__ import annotations

import numpy as np

from motifnet.engine import DataError, ResourceError, UsageError
from motifnet.transport import wasserstein_distance, wasserstein_interval, wasserstein_test
from motifnet.uncertainty import linear_band, multiplier_bootstrap
from tests.estimators.bad_input import ENDS, GRID, LABELS, N, Refused, Stubborn, X, Y, graded

REFUSED: dict[str, Refused] = {
    # two samples
    "test of one row": (
        lambda: wasserstein_test(X[:1], X),
        DataError,
        r"X has shape \(1, "
        r"3\).*two rows",
    ),
    "test of nothing": (lambda: wasserstein_test(None, X), DataError, r"shape \(\).*two rows"),
    "test with gaps": (lambda: wasserstein_test(X, X * np.nan), DataError, "Z has.*finite"),
    "test of other columns": (
        lambda: wasserstein_test(X[:, :2], X),
        DataError,
        "2 columns, Z has 3",
    ),
    "test of texts": (
        lambda: wasserstein_test(LABELS, X),
        DataError,
        "X of type ndarray.*not numbers.*model.encode",
    ),
    "test of complex numbers": (
        lambda: wasserstein_test(X * 1j, X),
        DataError,
        "not numbers.*complex",
    ),
    "test of what breaks": (
        lambda: wasserstein_test(Stubborn(), X),
        DataError,
        "Stubborn.*no array for you",
    ),
    "test of gradients": (
        lambda: wasserstein_test(graded(), X),
        DataError,
        "Tensor.*requires grad",
    ),
    "test of three dimensions": (
        lambda: wasserstein_test(X[None], X),
        DataError,
        r"shape \(1, "
        r"40, 3\)",
    ),
    "test beyond float64": (
        lambda: wasserstein_test(ENDS, -ENDS, standardize=False),
        DataError,
        "beyond float64.*another unit",
    ),
    "test at a level in per cent": (
        lambda: wasserstein_test(X, X, alpha=5),
        UsageError,
        "alpha=5.*0.05",
    ),
    "test by an unknown critic": (
        lambda: wasserstein_test(X, X, critic="best"),  # type: ignore[arg-type]
        UsageError,
        "'best'.*'sliced'",
    ),
    "test by a list of critics": (
        lambda: wasserstein_test(X, X, critic=["exact"]),  # type: ignore[arg-type]
        UsageError,
        "must be one of",
    ),
    "test of no resamples": (
        lambda: wasserstein_test(X, X, n_resamples=0),
        UsageError,
        "n_resamples=0.*whole number",
    ),
    "test of endless resamples": (
        lambda: wasserstein_test(X, X, n_resamples=10**13),
        ResourceError,
        "10,000,000,000,000 resamples.*fewer",
    ),
    "test by a seed of text": (
        lambda: wasserstein_test(X, X, random_state="x"),  # type: ignore[arg-type]
        UsageError,
        "random_state='x'",
    ),
    "distance by a seed below 0": (
        lambda: wasserstein_distance(X, X, random_state=-1),
        UsageError,
        "random_state=-1",
    ),
    "distance in a multiplier law that fails": (
        lambda: wasserstein_test(X, X, calibration="multiplier"),
        UsageError,
        "3 columns.*critic='network'",
    ),
    "distance interval in per cent": (
        lambda: wasserstein_interval(X, X, 95),
        UsageError,
        "level=95",
    ),
    "distance interval of nothing": (lambda: wasserstein_interval([], X), DataError, "two rows"),
    "distance interval beyond float64": (
        lambda: wasserstein_interval(ENDS[:, 0], -ENDS[:, 0]),
        DataError,
        "beyond float64",
    ),
    "distance interval of half a point": (
        lambda: wasserstein_interval(X, X, max_points=2.5),  # type: ignore[arg-type]
        UsageError,
        "max_points=2.5",
    ),
    # bootstraps
    "bootstrap of texts": (
        lambda: multiplier_bootstrap(LABELS, GRID),
        DataError,
        "values.*not numbers",
    ),
    "bootstrap of another grid": (
        lambda: multiplier_bootstrap(X, np.arange(4)),
        DataError,
        "each of 4 grid points",
    ),
    "bootstrap with gaps": (
        lambda: multiplier_bootstrap(X * np.nan, GRID),
        DataError,
        r"shape \(40, 3\).*numbers below",
    ),
    "bootstrap of huge values": (
        lambda: multiplier_bootstrap(ENDS, GRID),
        DataError,
        r"below 1e\+150",
    ),
    "bootstrap on a grid with gaps": (
        lambda: multiplier_bootstrap(X, GRID * np.nan),
        DataError,
        "grid has shape",
    ),
    "bootstrap on one number": (
        lambda: multiplier_bootstrap(X, 3),
        DataError,
        r"grid has shape "
        r"\(\)",
    ),
    "bootstrap on nothing": (
        lambda: multiplier_bootstrap(X[:, :0], []),
        DataError,
        "Pass the values of θ",
    ),
    "bootstrap by another drift": (
        lambda: multiplier_bootstrap(X, GRID, drift="cubic"),
        UsageError,
        "'cubic'.*'quadratic'",
    ),
    "bootstrap without a width": (
        lambda: multiplier_bootstrap(X, GRID, drift="quadratic"),
        UsageError,
        "smoothing=None.*positive",
    ),
    "bootstrap of a width too small": (
        lambda: multiplier_bootstrap(X, GRID, drift="quadratic", smoothing=1e-300),
        DataError,
        "Smooth more",
    ),
    "bootstrap of no resamples": (
        lambda: multiplier_bootstrap(X, GRID, n_resamples=0),
        UsageError,
        "n_resamples=0",
    ),
    "bootstrap of endless resamples": (
        lambda: multiplier_bootstrap(X, GRID, n_resamples=10**13),
        ResourceError,
        "fewer n_resamples",
    ),
    "bootstrap interval in per cent": (
        lambda: multiplier_bootstrap(X, GRID).interval(95),
        UsageError,
        "coverage=95",
    ),
    "linear band of texts": (lambda: linear_band(LABELS, Y, X), DataError, "features.*not numbers"),
    "linear band of other features": (lambda: linear_band(X, Y, X[:, :2]), DataError, r"\(k, m\)"),
    "linear band of a target with gaps": (
        lambda: linear_band(X, Y * np.nan, X),
        DataError,
        "y holds NaN.*Leave",
    ),
    "linear band at infinity": (
        lambda: linear_band(X, Y, X * np.inf),
        DataError,
        "at holds NaN, infinity",
    ),
    "linear band of several coverages": (
        lambda: linear_band(X, Y, X, [0.5, 0.9]),  # type: ignore[arg-type]
        UsageError,
        "one number for a band",
    ),
    "linear band of weights below 0": (
        lambda: linear_band(X, Y, X, weight=-np.ones(N)),
        DataError,
        "positive weights",
    ),
    "linear band by a seed below 0": (lambda: linear_band(X, Y, X, seed=-1), UsageError, "seed=-1"),
}
