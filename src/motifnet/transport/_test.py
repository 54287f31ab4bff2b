"""Do two samples come from one law? (Imaizumi, Ota and Hamaguchi, Neural Computation 34, 2022, with another calibration by default.)

T = sup over critics f of  mean f(X) − mean f(Z)  is compared with its values under

    permutation   rows dealt to the two samples at random: exact for any critic, any sizes and dimension
    multiplier    (1/n) Σ e_i (f(X_i) − mean) − (1/m) Σ e'_j (f(Z_j) − mean),  e standard normal: the paper's law, valid where the class of critics
                  is small enough; for all Lipschitz functions of d ≥ 5 columns it is centred too low and rejects equal laws in a third of cases

p = (1 + number of B draws that are at least T) / (B + 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import check_choice, check_count, check_share, memory_told, seed_of
from motifnet.transport._critics import Critic, supremum
from motifnet.transport._samples import FEWER, Samples, check_multiplier

Matrix = NDArray[np.float64]
Calibration = Literal["permutation", "multiplier"]
_TIES = 1e-12  # relative: sums in another order are the same distance


@dataclass(frozen=True)
class WassersteinTestResult:
    """The distance; its p-value; the critical value, which it exceeds where the laws differ at level alpha; and the B draws that both come from."""

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
        "permutation" keeps the level whatever the data; "multiplier" needs some hundred rows, and for critic "exact" at most two columns.
    critic : {"exact", "sliced", "network"}
        What is compared, see `wasserstein_distance`.
    n_resamples : int
        Draws B of the law under the hypothesis; the least p-value is 1 / (B + 1).
    max_points : int
        The exact critic of several columns takes equally many rows of each sample, drawn at random, at most so many, since its time grows with their
        cube. The others take all rows.
    standardize : bool
        Whether columns are first divided by their standard deviation over both samples; the distance is then in these units.
    random_state : seed of directions, rows and draws; the same seed gives the same result

    Returns
    -------
    WassersteinTestResult

    Raises
    ------
    DataError, UsageError
        Where a sample is no finite matrix, an option is not known, or the multiplier law is not valid.
    """
    check_choice("critic", critic, get_args(Critic))
    check_choice("calibration", calibration, get_args(Calibration))
    check_share("alpha", alpha)
    check_count("n_resamples", n_resamples, 1)
    check_count("max_points", max_points, 2)
    samples = Samples.of(X, Z)
    d, rng = samples.points.shape[1], np.random.default_rng(seed_of(random_state))
    if calibration == "multiplier":
        check_multiplier(critic, d)
    if standardize:
        samples = samples.standardised()
    if critic == "exact" and d > 1:
        samples = samples.thinned(max_points, rng)
    norm = supremum(critic, samples.points, rng)
    distance = float(norm(samples.masses)[0])
    with memory_told(f"{n_resamples:,} resamples", FEWER):
        law = norm(samples.permuted(n_resamples, rng) if calibration == "permutation" else samples.multiplied(n_resamples, rng))
    pvalue = (1 + int((law >= distance * (1 - _TIES)).sum())) / (n_resamples + 1)
    return WassersteinTestResult(distance, pvalue, critical_value(law, alpha), law)


def critical_value(law: Matrix, alpha: float) -> float:
    """The value that B draws and one more exceed with probability at most alpha; infinite where B is too small for that."""
    rank = int(np.ceil((1 - alpha) * (len(law) + 1) - 1e-9))
    return float(np.sort(law)[rank - 1]) if rank <= len(law) else float("inf")
