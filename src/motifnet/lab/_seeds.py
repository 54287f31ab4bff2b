"""Numbers over seeds: means, ratios and exponents, each with its standard error.

A ratio of two methods is taken within each seed, where both saw the same rows, and averaged on the logarithm:

    ratio = exp(mean_s log(a_s/b_s)),   its error = ratio · sd_s log(a_s/b_s) / √S
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]
FRESH = 1_000


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and its standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, values: ArrayLike) -> Estimate:
        """From one value a seed."""
        each = np.asarray(values, dtype=np.float64)
        return cls(float(each.mean()), _standard_error(each))

    @classmethod
    def jackknife(cls, function: Callable[..., float], *parts: Values) -> Estimate:
        """Of a function of arrays whose first axis is that of seeds, by leaving out one seed at a time: for ratios of means and the like."""
        count = len(parts[0])
        without = np.array([function(*(np.delete(part, k, axis=0) for part in parts)) for k in range(count)])
        return cls(float(function(*parts)), float(np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())))

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} ± {self.error:{spec}}"


def draws(quick: bool, count: int) -> range:
    """Seeds; the full run has others than the quick one, by which bounds and settings are chosen, and so confirms it."""
    return range(count) if quick else range(FRESH, FRESH + count)


def mean_and_error(values: ArrayLike) -> tuple[Values, Values]:
    """Over the first axis, which is that of seeds."""
    each = np.asarray(values, dtype=np.float64)
    return each.mean(0), each.std(0, ddof=1) / np.sqrt(len(each))


def ratio(above: ArrayLike, below: ArrayLike) -> Estimate:
    """The geometric mean of ratios of one pair a seed."""
    logs = np.log(np.asarray(above, dtype=np.float64) / np.asarray(below, dtype=np.float64))
    value = float(np.exp(logs.mean()))
    return Estimate(value, value * _standard_error(logs))


def exponent(sizes: Sequence[float], errors: ArrayLike) -> Estimate:
    """The mean of the exponents r of errors that fall like size^(−r), errors with shape (seeds, sizes)."""
    return Estimate.of([slope(sizes, row) for row in np.atleast_2d(np.asarray(errors, dtype=np.float64))])


def slope(sizes: Sequence[float], errors: ArrayLike) -> float:
    """The exponent r of errors that fall like size^(−r), by least squares on logarithms; NaN where one is not above 0."""
    if not np.min(errors) > 0:
        return float("nan")
    return -float(np.polyfit(np.log(np.asarray(sizes, dtype=np.float64)), np.log(np.asarray(errors, dtype=np.float64)), 1)[0])


def draw_bars(axis: Any, x: ArrayLike, values: ArrayLike, line: str = "o-", **options: Any) -> None:
    """Means over seeds, values with shape (seeds, points), with bars of two standard errors."""
    centre, error = mean_and_error(values)
    axis.errorbar(x, centre, yerr=2 * error, fmt=line, capsize=2, **options)


def _standard_error(values: Values) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))
