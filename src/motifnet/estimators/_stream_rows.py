"""The rows of a streamed table in their roles, their coding by the encoder of the sample, and passes over those to fit.

    draw of a row:   0 ─ choose ─ score ─ sample ──────── trees ─────────────── 1
                         │        │       │               └ trees are grown on sample and these
                         │        │       └ encoder, convex fit, inner layers, landmarks
                         │        └ no stage sees them: the error and the intervals of the finished model
                         └ they choose: ridge, number of trees, weights of the stack

The last layer is solved on all rows but those that choose and score, up to `ROWS_PER_CENTRE` for each of its centres beside the sample; where the
sample's targets are in the encoding, without the sample. A pass
gives pieces of raw rows; a piece travels to the job that codes it, which may run on another machine; what codes it, `code`, goes there once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.estimators._goal import RegressionGoal
from motifnet.estimators._prepare import Prepared
from motifnet.tables import (
    CodedRows,
    Encoder,
    Folds,
    Matrix,
    Sample,
    Schema,
    Stream,
    Table,
    as_groups,
    as_table,
    as_target,
    codes_among,
    make_folds,
    numbered,
)

if TYPE_CHECKING:
    from pandas import DataFrame

HELD_OUT = 10_000
ROWS_PER_CENTRE = 500  # m coefficients from n rows add σ² m / n to the squared error: by more rows than this it falls by less than .2 % of the noise
TRIAL_ROWS = 40_000  # beside the sample, where its targets are not in the encoding
FOLDS = 4


@dataclass(frozen=True)
class Roles:
    """Ends of the intervals of draws above, for n rows."""

    choose: float
    score: float
    sample: float
    trees: float
    n: int

    @classmethod
    def of(cls, n: int, sample_rows: int, tree_rows: int) -> Roles:
        """At most a tenth of n rows choose, as many score, and the sample is at most half of the others."""
        held = min(0.1, HELD_OUT / n)
        fitted = 1 - 2 * held
        sample = min(fitted / 2, sample_rows / n)
        return cls(held, 2 * held, 2 * held + sample, 2 * held + min(fitted, max(sample, tree_rows / n)), n)

    @property
    def of_trial(self) -> float:
        """The end of the interval of rows that grow the first trees; all, where these are few."""
        end = self.sample + TRIAL_ROWS / self.n
        return end if 2 * end < self.trees else self.trees

    def of_layer(self, centres: int) -> float:
        """The end of the interval of rows that solve a last layer with some centres."""
        return min(1.0, self.sample + ROWS_PER_CENTRE * centres / self.n)


@dataclass(frozen=True)
class Coding:
    """From raw rows of a stream to what the stages see, as the sample's rows were coded; `units` are mean and sd of a target of numbers."""

    stream: Stream
    inputs: list[str]
    target: str
    groups: str | None
    schema: Schema
    encoder: Encoder
    classes: tuple[Any, ...] | None
    units: tuple[Matrix, Matrix] | None

    @classmethod
    def of(cls, stream: Stream, inputs: list[str], target: str, groups: str | None, ready: Prepared) -> Coding:
        """That of the sample's rows."""
        units = (ready.goal.mean, ready.goal.sd) if isinstance(ready.goal, RegressionGoal) else None
        return cls(stream, inputs, target, groups, ready.schema, ready.encoder, ready.classes, units)

    def rows(self, raw: Any, numbers: NDArray[np.int64]) -> CodedRows:
        """Raw rows of a block with their numbers in the file, those that have a target."""
        texts = [self.target] if self.classes is not None and isinstance(self.classes[0], str) else []
        frame = with_target(self.stream.frame([raw], self.schema, texts=texts).set_axis(numbers, axis=0), self.target)
        y, labels = self.coded(frame)
        return self.encoder.transform(self._table(frame)) if len(frame) else np.empty((0, len(self.encoder.names))), y, labels

    def coded(self, frame: DataFrame) -> tuple[Matrix, NDArray[np.int64] | None]:
        """Coded y and class codes of rows with a target."""
        with numbered(frame.index):
            if self.classes is None:
                assert self.units is not None
                mean, sd = self.units
                return (as_target(frame[self.target], len(frame), "regression").values - mean) / sd if len(frame) else np.empty((0, len(mean))), None
            labels = codes_among(self.classes, frame[self.target], len(frame))
        if (labels < 0).any():
            rare = frame[self.target][labels < 0].iloc[0]
            raise DataError(f"The class {rare!r} is so rare that the sample has no row of it. Leave its rows out, or join it to another class.")
        one_hot = np.eye(len(self.classes))[labels]
        return (2 * one_hot[:, 1:] - 1 if len(self.classes) == 2 else one_hot), labels

    def held_out(self, frame: DataFrame, ready: Prepared, seed: int) -> Prepared:
        """What the pipeline stands on, for rows of a role in place of the sample, with folds for the choice of weights."""
        table, (y, labels) = self._table(frame), self.coded(frame)
        groups = None if self.groups is None else as_groups(frame[self.groups], len(frame))
        folds = make_folds(table.n, min(FOLDS, table.n), seed, groups=groups, labels=labels)
        sample = Sample(self.encoder.transform(table), y, np.ones(table.n), folds, groups, labels=labels, numeric=self.encoder.numeric)
        return replace(ready, sample=sample, table=table, goal=replace(ready.goal, sample=sample), log=None)  # type: ignore[type-var]

    def _table(self, frame: DataFrame) -> Table:
        with numbered(frame.index):
            return as_table(frame[self.inputs], schema=self.schema)


def beside(sample: Sample, choose: Sample) -> Sample:
    """The sample, whose rows are never scored, and the rows that choose as its one scored fold; no target of theirs is in the encoding."""

    def joined(one: Any, other: Any) -> Any:
        return None if one is None else np.concatenate([one, other])

    groups = None if sample.groups is None or choose.groups is None else joined(sample.groups, choose.groups + sample.groups.max() + 1)
    folds = Folds(np.repeat([-1, 0], [sample.n, choose.n]), 1, groups=groups)
    X, y, weight, labels = (joined(getattr(sample, name), getattr(choose, name)) for name in ("X", "y", "weight", "labels"))
    return Sample(X, y, weight, folds, groups, labels=labels, numeric=sample.numeric)


def with_target(frame: DataFrame, target: str) -> DataFrame:
    """The rows that have a target."""
    return frame[frame[target].notna()]


@dataclass(frozen=True)
class FileRows:
    """The file from the draw `begin` on."""

    coding: Coding
    begin: float
    seed: int

    def pieces(self, end: float) -> Iterator[Any]:
        for block in self.coding.stream.blocks():
            u = self.coding.stream.draws(block, self.seed)
            if (mask := (u >= self.begin) & (u < end)).any():
                yield block.first + np.flatnonzero(mask), self.coding.stream.kept(block, mask)

    def code(self, piece: Any) -> CodedRows:
        numbers, raw = piece
        return self.coding.rows(raw, numbers)

    def count(self, end: float) -> int:
        return self.coding.stream.count(lambda u: (u >= self.begin) & (u < end), self.seed)
