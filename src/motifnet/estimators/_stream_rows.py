"""The rows of a streamed table in their roles, and their coding by the encoder of the sample.

    draw of a row:   0 ─ choose ─ score ─ sample ──────── trees ─────────────── 1
                         │        │       │               └ trees are grown on sample and these
                         │        │       └ encoder, convex fit, inner layers, landmarks
                         │        └ no stage sees them: the error and the intervals of the finished model
                         └ they choose: ridge, number of trees, weights of the stack

The last layer is solved on all rows but those that choose and score; where the sample's targets are in the encoding, also without the sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.estimators._prepare import Prepared
from motifnet.tables import Block, Matrix, Sample, Stream, Table, as_table, as_target, make_folds

if TYPE_CHECKING:
    from pandas import DataFrame

HELD_OUT = 10_000
FOLDS = 4
Mask = NDArray[np.bool_]
Coded = tuple[Matrix, Matrix, NDArray[np.int64] | None]  # X (rows, d), coded y (rows, q), class codes or None


@dataclass(frozen=True)
class Roles:
    """Ends of the intervals of draws above."""

    choose: float
    score: float
    sample: float
    trees: float

    @classmethod
    def of(cls, n: int, sample_rows: int, tree_rows: int) -> Roles:
        """At most a tenth of n rows choose, as many score, and the sample is at most half of the others."""
        held = min(0.1, HELD_OUT / n)
        fitted = 1 - 2 * held
        sample = min(fitted / 2, sample_rows / n)
        return cls(held, 2 * held, 2 * held + sample, 2 * held + min(fitted, max(sample, tree_rows / n)))


@dataclass(frozen=True)
class Coding:
    """From raw rows of a stream to what the stages see, as the sample's rows were coded."""

    stream: Stream
    inputs: list[str]
    target: str
    ready: Prepared

    def rows(self, block: Block, mask: Mask) -> Coded:
        """The rows of a mask that have a target."""
        frame = with_target(self.stream.frame([self.stream.kept(block, mask)], self.ready.schema), self.target)
        if not len(frame):
            return np.empty((0, self.ready.sample.X.shape[1])), np.empty((0, self.ready.sample.y.shape[1])), np.empty(0, dtype=np.int64)
        y, labels = self.coded(frame)
        return self.ready.encoder.transform(self._table(frame)), y, labels

    def coded(self, frame: DataFrame) -> tuple[Matrix, NDArray[np.int64] | None]:
        """Coded y and class codes of rows with a target."""
        goal, classes = self.ready.goal, self.ready.classes
        if classes is None:
            values = as_target(frame[self.target], len(frame), "regression").values
            return (values - goal.mean) / goal.sd, None  # type: ignore[attr-defined]
        codes = frame[self.target].astype(object).map({level: code for code, level in enumerate(classes)})
        if codes.isna().any():
            rare = frame[self.target][codes.isna()].iloc[0]
            raise DataError(f"The class {rare!r} is so rare that the sample has no row of it. Leave its rows out, or join it to another class.")
        labels = codes.to_numpy(np.int64)
        one_hot = np.eye(len(classes))[labels]
        return (2 * one_hot[:, 1:] - 1 if len(classes) == 2 else one_hot), labels

    def held_out(self, frame: DataFrame, seed: int) -> tuple[Table, Sample]:
        """Rows of a role as a table and a sample, with folds for the choice of weights."""
        table, (y, labels) = self._table(frame), self.coded(frame)
        X = self.ready.encoder.transform(table)
        folds = make_folds(table.n, min(FOLDS, table.n), seed, labels=labels)
        return table, Sample(X, y, np.ones(table.n), folds, labels=labels, numeric=self.ready.encoder.numeric)

    def ready_for(self, table: Table, sample: Sample) -> Prepared:
        """What the pipeline stands on, for rows of a role in place of the sample."""
        return replace(self.ready, sample=sample, table=table, goal=replace(self.ready.goal, sample=sample), log=None)  # type: ignore[type-var]

    def _table(self, frame: DataFrame) -> Table:
        return as_table(frame[self.inputs], schema=self.ready.schema)


def with_target(frame: DataFrame, target: str) -> DataFrame:
    """The rows that have a target."""
    return frame[frame[target].notna()]
