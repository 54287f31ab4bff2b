"""Random splits of a table into training and test rows; the same for every method, and for every cap the same test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.compare._method import Target
from motifnet.engine import DataError
from motifnet.tables import Task, as_table, as_target


@dataclass(frozen=True)
class Split:
    """Training and test rows; y holds numbers, or class codes below `classes` (0 for regression)."""

    X: pd.DataFrame
    y: Target
    X_test: pd.DataFrame
    y_test: Target
    classes: int


def split_rows(n: int, seed: int, cap: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of training and test rows: a random fifth for the test, of the rest at most `cap` for training."""
    order = np.random.default_rng(seed).permutation(n)
    return order[n // 5 :][:cap], order[: n // 5]


def split_table(table: pd.DataFrame, target: str, *, task: Task, seed: int, cap: int) -> Split:
    """The split of this seed. Raises DataError for a table or a target that no fit could take."""
    train, test = split_rows(len(table), seed, cap)
    return split_at(table, target, train, test, task=task)


def split_at(table: pd.DataFrame, target: str, train: NDArray[np.int64], test: NDArray[np.int64], *, task: Task) -> Split:
    """The split into rows of these numbers. Raises DataError as `split_table` does."""
    X = table.drop(columns=target)
    as_table(X)
    goal = as_target(table[target], len(table), task)
    values = goal.values[:, 0]
    if len(np.unique(values)) < 2:
        raise DataError(f"Target {target!r} holds a single value in all rows, so there is nothing to compare. Choose another target.")
    y = values if goal.classes is None else values.astype(np.int64)
    parts = [X.iloc[rows].reset_index(drop=True) for rows in (train, test)]
    return Split(parts[0], y[train], parts[1], y[test], 0 if goal.classes is None else len(goal.classes))
