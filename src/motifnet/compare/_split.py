"""Random splits of a table into training and test rows; the same for every method, and for every cap the same test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.compare._method import Target


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


def split_table(frame: pd.DataFrame, target: str, *, classification: bool, seed: int, cap: int) -> Split:
    """The split of this seed."""
    y, classes = frame[target].to_numpy(), 0
    if classification:
        y, levels = pd.factorize(frame[target], sort=True)
        classes = len(levels)
    X = frame.drop(columns=target)
    train, test = split_rows(len(frame), seed, cap)
    parts = [X.iloc[rows].reset_index(drop=True) for rows in (train, test)]
    values = y.astype(np.int64 if classification else float)
    return Split(parts[0], values[train], parts[1], values[test], classes)
