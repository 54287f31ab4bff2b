"""Rows to fit, as often as they are needed: of a sample in memory, or of a file that is read again for every pass.

What is added up over all rows, or grown on them, asks a source for *pieces*, which travel to the job that codes them; it may run on another machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from motifnet.tables._sample import Matrix, Sample
from motifnet.tables._stream import BLOCK_ROWS

CodedRows = tuple[Matrix, Matrix, NDArray[np.int64] | None]  # X (rows, d), coded y (rows, q), class codes or None


class RowSource(Protocol):
    """Rows to fit, to be read as often as needed."""

    def pieces(self, end: float) -> Iterator[Any]:
        """The rows whose draws are below `end`, a block at a time, for `code`."""
        ...

    def code(self, piece: Any) -> CodedRows: ...

    def count(self, end: float) -> int:
        """How many rows these are; those without a target, which `code` leaves out, are counted too."""
        ...


@dataclass(frozen=True)
class SampleRows:
    """The rows of the sample alone, each as often as it was in the file."""

    sample: Sample

    def pieces(self, end: float) -> Iterator[int]:
        yield from range(0, self.sample.n, BLOCK_ROWS)

    def code(self, piece: int) -> CodedRows:
        sample = self.sample
        rows = np.repeat(np.arange(piece, min(piece + BLOCK_ROWS, sample.n)), self._times[piece : piece + BLOCK_ROWS])
        return sample.X[rows], sample.y[rows], None if sample.labels is None else sample.labels[rows]

    def count(self, end: float) -> int:
        return int(self._times.sum())

    @property
    def _times(self) -> NDArray[np.int64]:
        return np.rint(self.sample.weight).astype(np.int64)
