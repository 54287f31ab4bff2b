"""The rows of a streamed table in their roles, their coding by the encoder of the sample, and
passes over those to fit.

    draw of a row:   0 ─ validation ─ test ─ sample ─────── trees ──────────── 1
                         │            │      │              └ trees grow on sample and these
                         │            │      └ encoder, convex fit, feature layers, landmarks
                         │            └ error and intervals of the finished model, no stage
                         └ choose ridge, number of trees, weights of the stack

The last layer is solved on the sample and `ROWS_PER_CENTRE` other rows for each centre, validation
and test rows excluded. The sample is excluded too where the encoding depends on its targets. A pass
yields pieces of raw rows. A piece is sent to the job that codes it, which may run on another
machine; the coding itself, `code`, is sent there once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, Matrix
from motifnet.model.explain import duplicate_rows
from motifnet.pipeline._goal import RegressionGoal
from motifnet.pipeline._prepare import Prepared
from motifnet.tables import (
    CodedRows,
    Encoder,
    Folds,
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

HELD_OUT = 10_000  # validation rows, and test rows
# m coefficients from n rows add σ² m / n to the squared error;
# more rows lower it by less than .2 % of the noise
ROWS_PER_CENTRE = 500
COPY_ROWS = 10_000  # of a search for copies
TRIAL_ROWS = 40_000  # of the first trees, in addition to the sample
FOLDS = 4


@dataclass(frozen=True)
class Roles:
    """Upper ends of the intervals of draws, for n rows."""

    validation: float
    test: float
    sample: float
    trees: float
    n: int

    @classmethod
    def of(cls, n: int, sample_rows: int, tree_rows: int) -> Roles:
        """Validation and test rows are at most a tenth of n rows each, the sample at most half of
        the others.
        """
        held = min(0.1, HELD_OUT / n)
        fitted = 1 - 2 * held
        sample = min(fitted / 2, sample_rows / n)
        trees = min(fitted, max(sample, tree_rows / n))
        return cls(held, 2 * held, 2 * held + sample, 2 * held + trees, n)

    @property
    def of_trial(self) -> float:
        """The end of the interval of the first trees' rows; that of all trees where these have
        less than twice that number.
        """
        end = self.sample + TRIAL_ROWS / self.n
        return end if 2 * end < self.trees else self.trees

    def of_layer(self, centres: int) -> float:
        """The end of the interval of a last layer's rows, by its number of centres."""
        return min(1.0, self.sample + ROWS_PER_CENTRE * centres / self.n)


@dataclass(frozen=True)
class Coding:
    """Codes raw rows of a stream as the sample's rows are coded. `units`: mean and sd of a numeric
    target.
    """

    stream: Stream
    inputs: list[str]
    target: str
    groups: str | None
    schema: Schema
    encoder: Encoder
    classes: tuple[Any, ...] | None
    units: tuple[Matrix, Matrix] | None

    @classmethod
    def of(
        cls, stream: Stream, inputs: list[str], target: str, groups: str | None, ready: Prepared
    ) -> Coding:
        """The coding of the sample's rows."""
        units = (ready.goal.mean, ready.goal.sd) if isinstance(ready.goal, RegressionGoal) else None
        return cls(
            stream=stream,
            inputs=inputs,
            target=target,
            groups=groups,
            schema=ready.schema,
            encoder=ready.encoder,
            classes=ready.classes,
            units=units,
        )

    def rows(self, raw: Any, numbers: NDArray[np.int64]) -> CodedRows:
        """Those rows of a block that have a target, with their numbers in the file."""
        strings = set(self.schema.strings)
        if self.classes is not None and isinstance(self.classes[0], str):
            strings.add(self.target)
        frame = self.stream.frame([raw], strings).set_axis(numbers, axis=0)
        frame = with_target(frame, self.target)
        y, labels = self.coded(frame)
        if not len(frame):
            return np.empty((0, len(self.encoder.names))), y, labels
        return self.encoder.transform(self._table(frame)), y, labels

    def coded(self, frame: DataFrame) -> tuple[Matrix, NDArray[np.int64] | None]:
        """Coded y and class codes of rows with a target."""
        with numbered(frame.index):
            if self.classes is None:
                assert self.units is not None
                mean, sd = self.units
                if not len(frame):
                    return np.empty((0, len(mean))), None
                target = as_target(frame[self.target], len(frame), "regression")
                return (target.values - mean) / sd, None
            labels = codes_among(self.classes, frame[self.target], len(frame))
        if (labels < 0).any():
            rare = frame[self.target][labels < 0].iloc[0]
            raise DataError(
                f"The class {rare!r} is so rare that the sample has no row of it. "
                "Leave its rows out, or join it to another class."
            )
        one_hot = np.eye(len(self.classes))[labels]
        return (2 * one_hot[:, 1:] - 1 if len(self.classes) == 2 else one_hot), labels

    def held_out(self, frame: DataFrame, ready: Prepared, seed: int) -> Prepared:
        """The prepared rows of a role in place of the sample, with folds for the weights of the
        stack.
        """
        table, (y, labels) = self._table(frame), self.coded(frame)
        groups = (
            duplicate_rows(table, y)
            if self.groups is None
            else as_groups(frame[self.groups], len(frame))
        )
        folds = make_folds(table.n, min(FOLDS, table.n), seed, groups=groups, labels=labels)
        sample = Sample(
            X=self.encoder.transform(table),
            y=y,
            weight=np.ones(table.n),
            folds=folds,
            groups=groups,
            labels=labels,
            numeric=self.encoder.numeric,
        )
        return replace(
            ready,
            sample=sample,
            table=table,
            goal=replace(ready.goal, sample=sample),  # type: ignore[type-var]
            log=None,
        )

    def _table(self, frame: DataFrame) -> Table:
        with numbered(frame.index):
            return as_table(frame[self.inputs], schema=self.schema)


def with_validation_rows(sample: Sample, validation: Sample) -> Sample:
    """The sample, whose rows are never scored, and the validation rows as its one scored fold. The
    encoding does not depend on their targets.
    """

    def joined(one: Any, other: Any) -> Any:
        return None if one is None else np.concatenate([one, other])

    groups = (
        None
        if sample.groups is None or validation.groups is None
        else joined(sample.groups, validation.groups + sample.groups.max() + 1)
    )
    folds = Folds(np.repeat([-1, 0], [sample.n, validation.n]), 1, groups=groups)
    X, y, weight, labels = (
        joined(getattr(sample, name), getattr(validation, name))
        for name in ("X", "y", "weight", "labels")
    )
    return Sample(X, y, weight, folds, groups, labels=labels, numeric=sample.numeric)


def with_target(frame: DataFrame, target: str) -> DataFrame:
    """The rows that have a target."""
    return frame[frame[target].notna()]


def drawn_together(
    stream: Stream, inputs: list[str], target: str, groups: str | None, seed: int
) -> Stream:
    """The stream, whose rows of a group are drawn together; without groups copies are, where
    `COPY_ROWS` of its rows show that it has many. These rows are drawn with all of their copies.
    """
    if groups is not None:
        return replace(stream, together=(groups,))
    together = replace(stream, together=(*inputs, target))
    frame, _ = together.sample(lambda u: u < COPY_ROWS / stream.n, seed, noted=False)
    frame = with_target(frame, target)
    if frame.empty:
        return stream
    with numbered(frame.index):
        table = as_table(frame[inputs])
    y = frame[target].factorize()[0][:, None]
    return stream if duplicate_rows(table, y) is None else together


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
