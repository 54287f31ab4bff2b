"""Coverage by repeated sampling: intervals, sets and bands of whole fits, of rows, new groups and
later moments, on both sides of each threshold.

Of R fits that each judge G units (rows, or groups of rows that hold or miss together) by m units of
calibration, the mean coverage c has about

    variance  c (1 − c) (1/m + 1/G) / R

at most, for units of which one says nothing about the next. A band for all rows at once is counted
by the event that it holds the whole function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom

from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import Matrix
from tests.shared.leak_cases import Drawn, drawn

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7_200),
    pytest.mark.filterwarnings("ignore:.*outside the range"),
]
LEVELS = (0.8, 0.9)
# below 1,200 rows and above, above 4,000, above 12,000
FITS = {300: 20, 1_600: 12, 5_000: 6, 15_000: 3}


@dataclass(frozen=True)
class Case:
    """Rows to fit and to judge; how many units calibrate and judge, for n rows."""

    draw: Callable[..., Drawn]
    units: Callable[[Drawn], tuple[float, float]]


def by_rows(d: Drawn) -> tuple[float, float]:
    return float(len(d.y)), float(len(d.y_new))


def by_objects(d: Drawn) -> tuple[float, float]:
    return len(d.y) / d.size, len(d.y_new) / d.size


def by_later_objects(d: Drawn) -> tuple[float, float]:
    """A quarter of the rows comes before all that are scored."""
    return 0.75 * len(d.y) / d.size, len(d.y_new) / d.size


def plain(n: int, seed: int) -> Drawn:
    """Noise that grows with the second column."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n + 3_000, 2))
    y = np.sin(2 * X[:, 0]) + (0.1 + 0.4 * np.abs(X[:, 1])) * rng.standard_normal(len(X))
    return Drawn(X[:n], y[:n], {}, X[n:], y[n:], 1)


def weighted(n: int, seed: int) -> Drawn:
    """Half of all rows are loud, which no column says; a quarter as many were drawn, and have four
    times the weight.
    """
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n + 3_000, 2))
    loud = rng.random(len(X)) < np.where(np.arange(len(X)) < n, 0.2, 0.5)
    y = np.sin(2 * X[:, 0]) + np.where(loud, 1.0, 0.2) * rng.standard_normal(len(X))
    return Drawn(X[:n], y[:n], {"sample_weight": np.where(loud[:n], 4.0, 1.0)}, X[n:], y[n:], 1)


def by_weight(d: Drawn) -> tuple[float, float]:
    w = d.beside["sample_weight"]
    return float(w.sum() ** 2 / (w**2).sum()), float(len(d.y_new))


def of_objects(kind: str) -> Callable[..., Drawn]:
    """An effect of groups or of moments beside something to be learned."""
    return lambda n, seed, slope=1.0: drawn(kind, n, seed, slope=slope)


def drifting(n: int, seed: int) -> Drawn:
    """A level that wanders around 0, which a column tells of moments of the fit only; the moments
    judged come next.
    """
    rng = np.random.default_rng(seed)
    new = max(60, n // 5)
    period = 10
    level = rng.normal(size=(n + new) // period + 1)[np.arange(n + new) // period]
    X = np.column_stack([rng.uniform(-2, 2, n + new), np.arange(n + new) / n])
    y = np.sin(2 * X[:, 0]) + level + 0.3 * rng.standard_normal(n + new)
    return Drawn(X[:n], y[:n], {"time": np.arange(n)}, X[n:], y[n:], period)


CASES = {
    "plain": Case(plain, by_rows),
    "groups": Case(of_objects("groups"), by_objects),
    "time": Case(of_objects("time"), by_later_objects),
    "drift": Case(drifting, by_later_objects),
    "weights": Case(weighted, by_weight),
}
every_case = pytest.mark.parametrize("name", CASES)
every_size = pytest.mark.parametrize("n", FITS)


def draws(name: str, n: int, **options: float) -> Iterator[Drawn]:
    return (CASES[name].draw(n, seed, **options) for seed in range(FITS[n]))


def check(covered: Matrix, level: float, name: str, n: int, above: float = 0.0) -> None:
    """Mean coverage of the fits within three standard errors of the nominal one; `above` is what it
    may be more.
    """
    units = CASES[name].units(CASES[name].draw(n, 0))
    error = np.sqrt(level * (1 - level) * (1 / units[0] + 1 / units[1]) / len(covered))
    assert level - 3 * error <= covered.mean() <= level + 3 * error + above + 1 / (units[0] + 1), (
        level,
        error,
        np.round(covered, 3),
    )


@every_size
@every_case
def test_intervals(name: str, n: int) -> None:
    inside = []
    for d in draws(name, n):
        ends = (
            MotifRegressor(preset="fast")
            .fit(d.X, d.y, **d.beside)
            .predict_interval(d.X_new, LEVELS)
        )
        inside.append(
            ((ends[:, :, 0] <= d.y_new[:, None]) & (d.y_new[:, None] <= ends[:, :, 1])).mean(0)
        )
    for level, covered in zip(LEVELS, np.transpose(inside), strict=True):
        check(covered, level, name, n)


@every_size
@pytest.mark.parametrize("name", ["plain", "groups", "time", "weights"])
@pytest.mark.parametrize("method", ["lac", "aps"])
def test_sets(name: str, n: int, method: str) -> None:
    """The most probable class is always in and sets are of whole classes, by which coverage may be
    more than what was asked for.
    """
    inside = []
    for d in draws(name, n, **({"slope": 3.0} if name in ("groups", "time") else {})):
        cuts = np.quantile(d.y, [1 / 3, 2 / 3])
        fitted = MotifClassifier(preset="fast").fit(d.X, np.digitize(d.y, cuts), **d.beside)
        members = fitted.predict_set(d.X_new, LEVELS, method)
        inside.append(members[np.arange(len(d.y_new)), :, np.digitize(d.y_new, cuts)].mean(0))
    for level, covered in zip(LEVELS, np.transpose(inside), strict=True):
        check(covered, level, name, n, above=0.1)


BANDS = {150: 40, 1_600: 8, 5_000: 3}


def truth(X: Matrix) -> Matrix:
    return np.asarray(np.sin(2 * X[:, 0]) + 0.5 * X[:, 1])


def banded(n: int, seed: int, weights: bool) -> tuple[MotifRegressor, Matrix]:
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n, 2))
    w = np.where(rng.random(n) < 0.5, 4.0, 1.0) if weights else np.ones(n)
    y = truth(X) + 0.5 / np.sqrt(w) * rng.standard_normal(n)
    at = rng.uniform(-1.8, 1.8, (60, 2))
    return MotifRegressor(preset="fast").fit(X, y, sample_weight=w if weights else None), at


@pytest.mark.filterwarnings("ignore:About .* residuals speak:motifnet.engine.MotifnetWarning")
@pytest.mark.parametrize("weights", [False, True], ids=["plain", "weights"])
@pytest.mark.parametrize("n", BANDS)
def test_bands_hold_the_whole_function(n: int, weights: bool) -> None:
    held, rows = [], []
    for seed in range(BANDS[n]):
        fitted, at = banded(n, seed, weights)
        both, each = (
            fitted.predict_band(at, 0.9, kind, split=True) for kind in ("simultaneous", "pointwise")
        )
        f = truth(at)
        held.append(bool(((both[:, 0] <= f) & (f <= both[:, 1])).all()))
        rows.append(float(((each[:, 0] <= f) & (f <= each[:, 1])).mean()))
    assert sum(held) >= binom.ppf(0.005, len(held), 0.9), held
    error = np.std(rows, ddof=1) / np.sqrt(len(rows))
    assert np.mean(rows) >= 0.9 - 3 * max(error, 0.01), np.round(rows, 3)
