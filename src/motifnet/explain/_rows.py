"""What an explanation stands on: rows of the matrix, and, where they are known, targets and predictions by fits that have not seen them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.tables import Matrix, Table

Origin = Literal["out of fold", "new rows", "rows of the fit", "centres"]


@dataclass(frozen=True)
class Judge:
    """A predictor with the rows that it has not seen: encoded X with shape (k, d), and their target with shape (k, q) in the coding of `predict`."""

    X: Matrix
    target: Matrix
    predict: Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Evidence:
    """n rows of the encoded matrix, with shape (n, d).

    `observed` and `predicted` with shape (n, q), in units of the network, one-hot and probabilities for classes; None where they are not known, NaN
    in rows that are not scored. `covered` with shape (n, L): 1 where the observation is inside the interval, or set, of each of `levels`, 0 where
    it is not, NaN where that is not known. `folds` with shape (n,). `judges` are made when they are asked for. `table`: the rows as they came, None
    where only their encoding is known, which tells neither unseen levels from known ones nor numbers beyond its limit from that limit. Rows count
    alike, whatever their weight.
    """

    X: Matrix
    origin: Origin
    observed: Matrix | None = None
    predicted: Matrix | None = None
    covered: Matrix | None = None
    levels: tuple[float, ...] = ()
    folds: NDArray[np.int64] | None = None
    judges: Callable[[], list[Judge]] | None = None
    table: Table | None = None

    def take(self, rows: NDArray[Any]) -> Evidence:
        """Some of the rows (indices or mask), without judges."""
        table = None if self.table is None else self.table.take(rows)
        parts = [None if part is None else part[rows] for part in (self.observed, self.predicted, self.covered, self.folds)]
        observed, predicted, covered, folds = parts
        return replace(self, X=self.X[rows], observed=observed, predicted=predicted, covered=covered, folds=folds, judges=None, table=table)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Rows with shape (n,) that have an observation and a prediction."""
        if self.observed is None or self.predicted is None:
            return np.zeros(len(self.X), dtype=bool)
        return np.asarray(np.isfinite(self.predicted).all(1))
