"""The distance between two samples."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from motifnet.engine import check_choice, seed_of
from motifnet.transport._critics import Critic, supremum
from motifnet.transport._samples import Samples


def wasserstein_distance(X: Any, Z: Any, *, critic: Critic = "exact", random_state: int = 0) -> float:
    """The 1-Wasserstein distance between two samples, or what a smaller class of critics sees of it.

    Parameters
    ----------
    X, Z : arrays with shape (n, d) and (m, d), or (n,) and (m,)
    critic : {"exact", "sliced", "network"}
        "exact": in closed form for d = 1, an assignment for n = m, else a linear programme of n m variables. "sliced": the mean over 64 directions.
        "network": the best shallow ReLU network of path norm 1. All are in the units of the columns; the last two are at most the exact one.
    random_state : seed of the directions

    Raises
    ------
    DataError, UsageError
        Where a sample is no finite matrix of two rows or more, or the critic is not known.
    """
    check_choice("critic", critic, get_args(Critic))
    samples = Samples.of(X, Z)
    return float(supremum(critic, samples.points, np.random.default_rng(seed_of(random_state)))(samples.masses)[0])
