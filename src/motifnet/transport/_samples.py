"""Two samples as points with signed masses, and the checks of what a user passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, UsageError, as_floats
from motifnet.transport._critics import Critic

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """Points of both samples with shape (n + m, d), those of the first in front."""

    points: Matrix
    n: int

    @classmethod
    def of(cls, X: Any, Z: Any) -> Samples:
        """Raises DataError for anything but two finite matrices with the same columns and at least two rows each."""
        first, second = _rows("X", X), _rows("Z", Z)
        if first.shape[1] != second.shape[1]:
            raise DataError(f"X has {first.shape[1]} columns, Z has {second.shape[1]}. Pass two samples of the same columns.")
        return cls(np.concatenate([first, second]), len(first))

    @property
    def m(self) -> int:
        return len(self.points) - self.n

    @property
    def masses(self) -> Matrix:
        """1/n at the rows of the first sample, −1/m at those of the second, with shape (1, n + m)."""
        return np.repeat([1 / self.n, -1 / self.m], [self.n, self.m])[None]

    def standardised(self) -> Samples:
        """Columns in units of their standard deviation over both samples; a constant column becomes 0."""
        # scaled first: squares of large numbers overflow
        scaled = self.points / np.maximum(np.abs(self.points).max(0), 1e-300)
        centred = scaled - scaled.mean(0)
        sd = centred.std(0)
        return Samples(np.where(sd > 0, centred / np.where(sd > 0, sd, 1.0), 0.0), self.n)

    def thinned(self, most: int, rng: np.random.Generator) -> Samples:
        """Equally many rows of each, drawn at random, at most so many."""
        k = min(self.n, self.m, most)
        if k == self.n == self.m:
            return self
        chosen = [rng.permutation(self.n)[:k], self.n + rng.permutation(self.m)[:k]]
        return Samples(self.points[np.concatenate(chosen)], k)

    def permuted(self, count: int, rng: np.random.Generator) -> Matrix:
        """The masses dealt to rows at random, with shape (count, n + m)."""
        return rng.permuted(np.repeat(self.masses, count, axis=0), axis=1)

    def multiplied(self, count: int, rng: np.random.Generator) -> Matrix:
        """Masses e_i − ē over n, and of the second sample over m, with e standard normal: with shape (count, n + m)."""
        e = rng.standard_normal((count, len(self.points)))
        first, second = e[:, : self.n], e[:, self.n :]
        return np.hstack([(first - first.mean(1, keepdims=True)) / self.n, -(second - second.mean(1, keepdims=True)) / self.m])


def _rows(name: str, values: Any) -> Matrix:
    rows = as_floats(name, values, "Pass a matrix of numbers, such as model.encode(table).")
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or len(rows) < 2 or not rows.shape[1] or not np.isfinite(rows).all():
        raise DataError(f"{name} has shape {rows.shape}; it takes at least two rows of at least one column, every number finite. Drop other rows.")
    return rows


FEWER = "Ask for fewer n_resamples, or pass fewer rows."


def check_multiplier(critic: Critic, d: int) -> None:
    """Refuse the multiplier law where it is centred too low: the exact critic of more than two columns."""
    if critic == "exact" and d > 2:
        raise UsageError(
            f"The multiplier bootstrap of the exact distance is not valid for {d} columns: at 5 % it rejects equal laws in more than a third of "
            "cases from 5 columns on. Use critic='network' or 'sliced', or a test with calibration='permutation'."
        )
