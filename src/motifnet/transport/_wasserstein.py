"""The Wasserstein distance of two samples, a test of equal laws, and an interval for the laws.

Two samples are points with signed masses, 1/n and −1/m (`Samples`). The distance is the supremum
over critics (see `_critics`).

The null hypothesis is that two samples come from one law (Imaizumi, Ota and Hamaguchi, Neural
Computation 34, 2022, with another calibration by default). T = sup over critics f of  mean f(X) −
mean f(Z)  is compared with its values under

    permutation   rows assigned to the two samples at random: exact for any critic, any sizes and
                  dimension
    multiplier    (1/n) Σ e_i (f(X_i) − mean) − (1/m) Σ e'_j (f(Z_j) − mean),  e standard normal:
                  the law of the paper, valid for a small class of critics; for all Lipschitz
                  functions of d ≥ 5 columns it is centred too low and rejects equal laws in a third
                  of cases

    p = (1 + number of B draws that are at least T) / (B + 1)

The interval is by the multiplier bootstrap. With T the distance of the samples and W that of their
laws,  |T − W| ≤ sup over f of |(μ_n − ν_m)f − (μ − ν)f|,  whose law is that of the multiplier
process. With q its quantile at the level, W lies in [max(T − q, 0), T + q] with at least this
probability, since the bound is not sharp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from motifnet.engine import (
    DataError,
    Matrix,
    UsageError,
    as_floats,
    check_choice,
    check_count,
    check_share,
    seed_of,
    translate_memory_errors,
)
from motifnet.transport._critics import Critic, supremum

Calibration = Literal["permutation", "multiplier"]
_TIES = 1e-12  # relative: sums in another order are the same distance
REMEDY = "Request fewer n_resamples, or pass fewer rows."


@dataclass(frozen=True)
class Samples:
    """Points of both samples with shape (n + m, d), those of the first sample first."""

    points: Matrix
    n: int

    @classmethod
    def of(cls, X: Any, Z: Any) -> Samples:
        """Raises DataError unless both are finite matrices with the same columns and at least two
        rows.
        """
        first, second = _rows("X", X), _rows("Z", Z)
        if first.shape[1] != second.shape[1]:
            raise DataError(
                f"X has {first.shape[1]} columns, Z has {second.shape[1]}. Pass two samples of the "
                "same columns."
            )
        return cls(np.concatenate([first, second]), len(first))

    @property
    def m(self) -> int:
        return len(self.points) - self.n

    @property
    def masses(self) -> Matrix:
        """1/n at the rows of the first sample, −1/m at those of the second, with shape (1,
        n + m).
        """
        return np.repeat([1 / self.n, -1 / self.m], [self.n, self.m])[None]

    def standardised(self) -> Samples:
        """Columns in units of their standard deviation over both samples. A constant column becomes
        0.
        """
        # scaled first: squares of large numbers overflow
        scaled = self.points / np.maximum(np.abs(self.points).max(0), 1e-300)
        centred = scaled - scaled.mean(0)
        sd = centred.std(0)
        return Samples(np.where(sd > 0, centred / np.where(sd > 0, sd, 1.0), 0.0), self.n)

    def thinned(self, max_points: int, rng: np.random.Generator) -> Samples:
        """Random rows, the same number of each sample, at most `max_points`."""
        k = min(self.n, self.m, max_points)
        if k == self.n == self.m:
            return self
        chosen = [rng.permutation(self.n)[:k], self.n + rng.permutation(self.m)[:k]]
        return Samples(self.points[np.concatenate(chosen)], k)

    def permuted(self, count: int, rng: np.random.Generator) -> Matrix:
        """The masses assigned to rows at random, with shape (count, n + m)."""
        return rng.permuted(np.repeat(self.masses, count, axis=0), axis=1)

    def multiplied(self, count: int, rng: np.random.Generator) -> Matrix:
        """Masses (e_i − ē) / n, and for the second sample over m, with e standard normal. They have
        shape (count, n + m).
        """
        e = rng.standard_normal((count, len(self.points)))
        first, second = e[:, : self.n], e[:, self.n :]
        return np.hstack(
            [
                (first - first.mean(1, keepdims=True)) / self.n,
                -(second - second.mean(1, keepdims=True)) / self.m,
            ]
        )


def _rows(name: str, values: Any) -> Matrix:
    rows = as_floats(name, values, "Pass a matrix of numbers, such as model.encode(table).")
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or len(rows) < 2 or not rows.shape[1] or not np.isfinite(rows).all():
        raise DataError(
            f"{name} has shape {rows.shape}; it takes at least two rows of at least one column, "
            "every number finite. Drop other rows."
        )
    return rows


def check_multiplier(critic: Critic, d: int) -> None:
    """Raise UsageError where the multiplier law is centred too low: for the exact critic of more
    than two columns.
    """
    if critic == "exact" and d > 2:
        raise UsageError(
            f"The multiplier bootstrap of the exact distance is not valid for {d} columns: at 5 % "
            "it rejects equal laws in more than a third of "
            "cases from 5 columns on. Use critic='network' or 'sliced', or a test with "
            "calibration='permutation'."
        )


def wasserstein_distance(
    X: Any, Z: Any, *, critic: Critic = "exact", random_state: int = 0
) -> float:
    """The 1-Wasserstein distance between two samples, or its value for a smaller class of critics.

    Parameters
    ----------
    X, Z : arrays with shape (n, d) and (m, d), or (n,) and (m,)
    critic : {"exact", "sliced", "network"}
        "exact": in closed form for d = 1, an assignment for n = m, else a linear programme of n m
        variables. "sliced": the mean over 64 directions. "network": the best shallow ReLU network
        of path norm 1. All are in the units of the columns. The last two are at most the exact one.
    random_state : int, default 0
        Seed of the directions.

    Returns
    -------
    float

    Raises
    ------
    DataError, UsageError
        Where a sample is no finite matrix of two rows or more, or the critic is not known.

    Examples
    --------
    >>> from motifnet.transport import wasserstein_distance
    >>> wasserstein_distance([0.0, 1.0, 2.0], [1.0, 2.0, 3.0])
    1.0
    """
    check_choice("critic", critic, get_args(Critic))
    samples = Samples.of(X, Z)
    return float(
        supremum(critic, samples.points, np.random.default_rng(seed_of(random_state)))(
            samples.masses
        )[0]
    )


@dataclass(frozen=True)
class WassersteinTestResult:
    """The result of `wasserstein_test`.

    Attributes
    ----------
    distance : float
        Distance of the samples.
    pvalue : float
    critical_value : float
        The value that the distance exceeds at level alpha under the hypothesis.
    null_distribution : array with shape (B,)
        The draws.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.transport import wasserstein_test
    >>> A = np.random.default_rng(0).normal(size=(50, 2))
    >>> found = wasserstein_test(A, A + 1)
    >>> found.distance > found.critical_value
    True
    """

    distance: float
    pvalue: float
    critical_value: float
    null_distribution: Matrix


def wasserstein_test(
    X: Any,
    Z: Any,
    *,
    alpha: float = 0.05,
    calibration: Calibration = "permutation",
    critic: Critic = "exact",
    n_resamples: int = 199,
    max_points: int = 150,
    standardize: bool = True,
    random_state: int = 0,
) -> WassersteinTestResult:
    """Test whether two samples come from one law.

    Parameters
    ----------
    X, Z : arrays with shape (n, d) and (m, d), or (n,) and (m,)
        Rows that do not depend on each other.
    alpha : float
        Level of the critical value.
    calibration : {"permutation", "multiplier"}
        "permutation" keeps the level for any data. "multiplier" needs some hundred rows, and for
        critic "exact" at most two columns.
    critic : {"exact", "sliced", "network"}
        The distance, see `wasserstein_distance`.
    n_resamples : int
        Draws B of the law under the hypothesis. The smallest p-value is 1 / (B + 1).
    max_points : int
        Random rows of each sample, at most, for the exact critic of several columns. Its time grows
        with their cube. The other critics take all rows.
    standardize : bool
        Whether columns are first divided by their standard deviation over both samples. The
        distance is then in these units.
    random_state : int, default 0
        Seed of directions, rows and draws.

    Returns
    -------
    WassersteinTestResult

    Raises
    ------
    DataError, UsageError
        Where a sample is no finite matrix, an option is not known, or the multiplier law is not
        valid.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.transport import wasserstein_test
    >>> A = np.random.default_rng(0).normal(size=(50, 2))
    >>> wasserstein_test(A, A + 1).pvalue
    0.005
    """
    check_choice("critic", critic, get_args(Critic))
    check_choice("calibration", calibration, get_args(Calibration))
    check_share("alpha", alpha)
    samples = Samples.of(X, Z)
    distance, law = _distance_and_law(
        samples.standardised() if standardize else samples,
        critic,
        calibration,
        n_resamples=n_resamples,
        max_points=max_points,
        seed=random_state,
    )
    pvalue = (1 + int((law >= distance * (1 - _TIES)).sum())) / (n_resamples + 1)
    return WassersteinTestResult(distance, pvalue, critical_value(law, alpha), law)


def _distance_and_law(
    samples: Samples,
    critic: Critic,
    calibration: Calibration,
    *,
    n_resamples: int,
    max_points: int,
    seed: int,
) -> tuple[float, Matrix]:
    """The distance of the samples, and draws of its law under the calibration."""
    check_count("n_resamples", n_resamples, 1)
    check_count("max_points", max_points, 2)
    d, rng = samples.points.shape[1], np.random.default_rng(seed_of(seed))
    if calibration == "multiplier":
        check_multiplier(critic, d)
    if critic == "exact" and d > 1:
        samples = samples.thinned(max_points, rng)
    norm = supremum(critic, samples.points, rng)
    distance = float(norm(samples.masses)[0])
    with translate_memory_errors(f"{n_resamples:,} resamples", REMEDY):
        draw = samples.permuted if calibration == "permutation" else samples.multiplied
        return distance, norm(draw(n_resamples, rng))


def critical_value(law: Matrix, alpha: float) -> float:
    """The value that one of B + 1 draws exceeds with probability at most alpha. It is infinite
    where B is too small.
    """
    rank = int(np.ceil((1 - alpha) * (len(law) + 1) - 1e-9))
    return float(np.sort(law)[rank - 1]) if rank <= len(law) else float("inf")


@dataclass(frozen=True)
class WassersteinInterval:
    """The result of `wasserstein_interval`.

    Attributes
    ----------
    distance : float
        Distance of the samples.
    low, high : float
        Ends of the interval for the distance of the laws.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.transport import wasserstein_interval
    >>> a = np.random.default_rng(0).normal(size=100)
    >>> found = wasserstein_interval(a, a + 1)
    >>> found.low < found.distance < found.high
    True
    """

    distance: float
    low: float
    high: float


def wasserstein_interval(
    X: Any,
    Z: Any,
    level: float = 0.95,
    *,
    critic: Critic = "exact",
    n_resamples: int = 199,
    max_points: int = 150,
    random_state: int = 0,
) -> WassersteinInterval:
    """An interval that contains the distance between the laws of two samples with probability
    `level` or more, in the units of the columns.

    Parameters
    ----------
    X, Z : arrays with shape (n, d) and (m, d), or (n,) and (m,)
    level : float, default 0.95
        Least probability with which the interval holds the distance.
    critic : {"exact", "sliced", "network"}
        The distance, see `wasserstein_distance`. "exact" takes at most two columns, since the
        multiplier law is not valid for more.
    n_resamples : int
        Draws of the multiplier law. A finite interval at 95 % needs 19.
    max_points : int
        As in `wasserstein_test`. Each draw is a linear programme of max_points² variables.
    random_state : int, default 0
        Seed of directions, rows and draws.

    Returns
    -------
    WassersteinInterval

    Raises
    ------
    DataError, UsageError
        As `wasserstein_test`.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.transport import wasserstein_interval
    >>> A = np.random.default_rng(0).normal(size=(100, 3))
    >>> found = wasserstein_interval(A, A + 1, critic="network")
    >>> found.low <= found.distance <= found.high
    True
    """
    check_choice("critic", critic, get_args(Critic))
    check_share("level", level)
    distance, law = _distance_and_law(
        Samples.of(X, Z),
        critic,
        "multiplier",
        n_resamples=n_resamples,
        max_points=max_points,
        seed=random_state,
    )
    q = critical_value(law, 1 - level)
    return WassersteinInterval(distance, max(distance - q, 0.0), distance + q)
