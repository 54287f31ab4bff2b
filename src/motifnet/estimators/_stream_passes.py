"""Passes over the rows to fit: pieces of raw rows with their numbers in the file, and their coding where they are worked on.

A piece travels to the job that codes it, which may run on another machine; what codes it, `code`, goes there once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from motifnet.estimators._stream_rows import Coded, Coding
from motifnet.tables import BLOCK_ROWS, Sample


class Passes(Protocol):
    """Rows to fit, to be read as often as needed."""

    def pieces(self, end: float) -> Iterator[Any]:
        """The rows whose draws are below `end`, a block at a time, for `code`."""
        ...

    def code(self, piece: Any) -> Coded: ...

    def count(self, end: float) -> int:
        """How many rows these are; those without a target, which `code` leaves out, are counted too."""
        ...


@dataclass(frozen=True)
class FilePasses:
    """The file from the draw `begin` on."""

    coding: Coding
    begin: float
    seed: int

    def pieces(self, end: float) -> Iterator[Any]:
        for block in self.coding.stream.blocks():
            u = self.coding.stream.draws(block, self.seed)
            if (mask := (u >= self.begin) & (u < end)).any():
                yield block.first + np.flatnonzero(mask), self.coding.stream.kept(block, mask)

    def code(self, piece: Any) -> Coded:
        numbers, raw = piece
        return self.coding.rows(raw, numbers)

    def count(self, end: float) -> int:
        return self.coding.stream.count(lambda u: (u >= self.begin) & (u < end), self.seed)


@dataclass(frozen=True)
class SamplePasses:
    """The rows of the sample alone, each as often as it was in the file."""

    sample: Sample

    def pieces(self, end: float) -> Iterator[int]:
        yield from range(0, self.sample.n, BLOCK_ROWS)

    def code(self, piece: int) -> Coded:
        sample = self.sample
        rows = np.repeat(np.arange(piece, min(piece + BLOCK_ROWS, sample.n)), self._times[piece : piece + BLOCK_ROWS])
        return sample.X[rows], sample.y[rows], None if sample.labels is None else sample.labels[rows]

    def count(self, end: float) -> int:
        return int(self._times.sum())

    @property
    def _times(self) -> Any:
        return np.rint(self.sample.weight).astype(np.int64)
