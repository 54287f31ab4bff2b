"""Who is fitted, who is scored, and who chooses, for settings that are compared on a whole path of predictions.

For fold k a setting is chosen either inside fold k's training rows (`inner` blocks of them, left out in turn), or by the scores of the other
folds; with time, by earlier folds only. Neither looks at fold k's score; the first does not look at its targets at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.tables import Matrix, Sample, make_folds

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Judge:
    """Rows of a sample and `unscored`, a mask with shape (n,) of rows that stay in every fit (with time: in every fit that may use them)."""

    sample: Sample
    unscored: Mask

    def scored(self, k: int) -> Mask:
        """Rows that are predicted without fold k."""
        return self.sample.folds.held_out(k) & ~self.unscored

    def fitted(self, k: int) -> Mask:
        """Rows from which fold k is predicted."""
        train = self.sample.folds.train(k)
        return train if self.sample.folds.forward else train | self.unscored

    def inner(self, k: int) -> list[Mask]:
        """Blocks of fold k's training rows on which to choose for fold k: the other folds where they are enough; with time, the last third."""
        folds, train = self.sample.folds, self.sample.folds.train(k)
        if folds.forward:
            time = np.arange(self.sample.n, dtype=np.float64) if self.sample.time is None else self.sample.time
            return [train & (time > np.quantile(time[train], 2 / 3, method="nearest")) & ~self.unscored]
        if folds.count > 2:
            return [self.scored(j) for j in range(folds.count) if j != k]
        groups = None if self.sample.groups is None else np.unique(self.sample.groups[train], return_inverse=True)[1].astype(np.int64)
        of = np.full(self.sample.n, -1)
        of[train] = make_folds(int(train.sum()), 3, k, groups=groups).of
        return [(of == j) & ~self.unscored for j in range(3)]

    def squares(self, predictions: NDArray[np.float64], rows: Mask) -> Matrix:
        """Weighted sums of squared errors of predictions with shape (L, rows, q)."""
        return (((predictions - self.sample.y[rows]) ** 2).sum(2) * self.sample.weight[rows]).sum(1)

    def error(self, predictions: Matrix) -> float:
        """Weighted mean squared error of predictions with shape (n, q) over scored rows; NaN where there are none."""
        rows = self.sample.folds.scored & ~self.unscored
        return float(self.squares(predictions[None, rows], rows)[0] / self.sample.weight[rows].sum()) if rows.any() else float("nan")

    def by_others(self, squares: Matrix, k: int) -> Matrix:
        """Sums of squares with shape (count, L), over the folds that may choose for fold k."""
        others = [j for j in range(len(squares)) if (j < k if self.sample.folds.forward else j != k)]
        return squares[others].sum(0)


def least(errors: Matrix) -> int:
    """Where errors are least; of equals the last."""
    return len(errors) - 1 - int(np.argmin(errors[::-1]))
