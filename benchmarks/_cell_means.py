"""A table of cell means, shrunken toward the mean of all rows; how far is chosen leave-one-out.

    m_c = (S_c + k m) / (n_c + k),   k least in  Σ_i ℓ(y_i, (S_c − y_i + k m₋ᵢ) / (n_c − 1 + k))

S_c: sum of y over the n_c rows of cell c; m: the mean of all rows; ℓ: squared error, or log loss
for y in {0, 1}.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = np.geomspace(0.01, 1_000, 26)
Vector = NDArray[np.float64]
Cells = NDArray[np.int64]


@dataclass(frozen=True)
class CellMeans:
    """The mean of each cell that was seen, by the number of the cell, and of all rows."""

    means: dict[int, float]
    mean: float

    @classmethod
    def fit(cls, cells: Cells, y: Vector, classes: bool) -> CellMeans:
        """Cells with shape (n, p), levels below 5."""
        numbers, inverse, counts = np.unique(
            _number(cells), return_inverse=True, return_counts=True
        )
        sums, mean = np.bincount(inverse, y), y.mean()
        others, without = (len(y) * mean - y) / (len(y) - 1), sums[inverse] - y
        left = [(without + k * others) / (counts[inverse] - 1 + k) for k in SHRINKAGE]
        k = SHRINKAGE[int(np.argmin([_loss(y, predicted, classes) for predicted in left]))]
        return cls(
            dict(zip(numbers.tolist(), ((sums + k * mean) / (counts + k)).tolist(), strict=True)),
            float(mean),
        )

    def predict(self, cells: Cells) -> Vector:
        """A cell that was not seen has the mean of all rows."""
        return np.array([self.means.get(number, self.mean) for number in _number(cells).tolist()])


def _number(cells: Cells) -> Cells:
    return cells @ 5 ** np.arange(cells.shape[1])


def _loss(y: Vector, predicted: Vector, classes: bool) -> float:
    if not classes:
        return float(((y - predicted) ** 2).mean())
    return float(-np.log(np.maximum(np.where(y > 0, predicted, 1 - predicted), 1e-15)).mean())
