"""Permutation importance on rows that the predictor has not seen (Breiman 2001; Fisher, Rudin and Dominici, JMLR 20, 2019).

    I_j = Σ_i [ (y_i − f(x_i^π))² − (y_i − f(x_i))² ] / Σ_i (y_i − ȳ)²

where x_i^π is the row with column j of another such row. So the unit is the share of the target's variance; 0 is a column that is not needed. On rows
of the fit a column of noise that was fitted would seem to matter: so f is the network of a fold for the rows of that fold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motifnet.explain._columns import RawColumn
from motifnet.explain._rows import Judge
from motifnet.explain._sensitivity import Share
from motifnet.tables import Matrix

REPEATS = 3


def permutation_importance(columns: Sequence[RawColumn], judges: Sequence[Judge], seed: int) -> list[Share]:
    """I of every column with its standard error over rows."""
    rng = np.random.default_rng([seed, 12])
    rises = np.concatenate([_rises(columns, judge, rng) for judge in judges], axis=1)
    target = np.concatenate([judge.target for judge in judges])
    variance = float(target.var(0).sum())
    if not variance > 0:
        return [Share(0.0, 0.0) for _ in columns]
    return [Share(float(rise.mean() / variance), float(rise.std() / np.sqrt(len(rise)) / variance)) for rise in rises]


def _rises(columns: Sequence[RawColumn], judge: Judge, rng: np.random.Generator) -> Matrix:
    """What the squared error of each row rises by, with shape (columns, rows)."""
    before = ((judge.target - judge.predict(judge.X)) ** 2).sum(1)
    rises = np.zeros((len(columns), len(judge.X)))
    for j, column in enumerate(columns):
        for _ in range(REPEATS):
            moved = judge.X.copy()
            moved[:, column.where] = moved[rng.permutation(len(moved)), column.where]
            rises[j] += (((judge.target - judge.predict(moved)) ** 2).sum(1) - before) / REPEATS
    return rises
