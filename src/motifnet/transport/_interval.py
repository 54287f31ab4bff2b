"""How far apart are the laws of two samples? An interval by the multiplier bootstrap (Imaizumi, Ota and Hamaguchi 2022).

With T the distance of the samples and W that of their laws,  |T − W| ≤ sup over f of |(μ_n − ν_m)f − (μ − ν)f|,  whose law is that of the multiplier
process. With q its quantile at the level, W lies in [max(T − q, 0), T + q]: at least that often, since the bound is not sharp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from motifnet.engine import check_choice, check_count, check_share, memory_told, seed_of
from motifnet.transport._critics import Critic, supremum
from motifnet.transport._samples import FEWER, Samples, check_multiplier
from motifnet.transport._test import critical_value


@dataclass(frozen=True)
class WassersteinInterval:
    """The distance of the samples, and the ends of an interval for that of the laws."""

    distance: float
    low: float
    high: float


def wasserstein_interval(
    X: Any, Z: Any, level: float = 0.95, *, critic: Critic = "exact", n_resamples: int = 199, max_points: int = 150, random_state: int = 0
) -> WassersteinInterval:
    """An interval that holds the distance between the laws of two samples with probability `level` or more, in the units of the columns.

    Parameters
    ----------
    X, Z : arrays with shape (n, d) and (m, d), or (n,) and (m,)
    level : float
    critic : {"exact", "sliced", "network"}
        Which distance, see `wasserstein_distance`; "exact" for at most two columns, as the multiplier law is not valid beyond.
    n_resamples : int
        Draws of the multiplier law; 19 or more for a finite interval at 95 %.
    max_points : int
        As in `wasserstein_test`; each draw is a linear programme of max_points² variables.
    random_state : seed of directions, rows and draws

    Raises
    ------
    DataError, UsageError
        As `wasserstein_test`.
    """
    check_choice("critic", critic, get_args(Critic))
    check_share("level", level)
    check_count("n_resamples", n_resamples, 1)
    check_count("max_points", max_points, 2)
    samples, rng = Samples.of(X, Z), np.random.default_rng(seed_of(random_state))
    d = samples.points.shape[1]
    check_multiplier(critic, d)
    if critic == "exact" and d > 1:
        samples = samples.thinned(max_points, rng)
    norm = supremum(critic, samples.points, rng)
    distance = float(norm(samples.masses)[0])
    with memory_told(f"{n_resamples:,} resamples", FEWER):
        q = critical_value(norm(samples.multiplied(n_resamples, rng)), 1 - level)
    return WassersteinInterval(distance, max(distance - q, 0.0), distance + q)
