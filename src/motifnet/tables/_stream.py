"""Streams: the rows of a file in blocks. The file is never held as a whole.

The file is CSV, TSV (also gzipped) or parquet, and is read again for every pass over its rows. The
*draw* of a row is a number in [0, 1) that depends on its position in the file and on a seed only
(the mixing function of SplitMix64; Steele, Lea & Flood 2014). Rows whose draws fall into an
interval are a uniform random sample. It does not depend on the blocks and needs no list of numbers.
If rows have groups, the draw depends on the group only (a hash of its string), so an interval has
whole groups. If rows are copies, it depends on their cells, so an interval has all copies or none.

Sums over all rows, and trees grown on them, read *pieces* from a `RowSource`. A job, possibly on
another machine, codes each piece. `SampleRows` is the source of a sample in memory.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, compress, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, Matrix, UsageError, as_path
from motifnet.tables._parse import Types, parse
from motifnet.tables._read import (
    check_names,
    names_of,
    pandas_frame,
    parquet_errors,
    separator_of,
    unreadable,
    wrong_width,
)
from motifnet.tables._reading import PLAIN, Reading
from motifnet.tables._sample import Sample

if TYPE_CHECKING:
    from pandas import DataFrame

BLOCK_ROWS = 4_096
_COUNT_ROWS = 1 << 16  # in a block when draws are counted without reading
_STRIDE = 0x632BE59BD9B4E019  # between seeds, so draws of one are not those of the next, shifted
_BETWEEN = "\x1f"  # the separator of units in ASCII, between the cells of a row
Chosen = Callable[[NDArray[np.float64]], NDArray[np.bool_]]
# X with shape (rows, d), coded y with shape (rows, q), class codes or None
CodedRows = tuple[Matrix, Matrix, NDArray[np.int64] | None]


@dataclass(frozen=True)
class Block:
    """`count` unconverted rows of a file (`raw`), and the number of the first."""

    first: int
    count: int
    raw: Any

    def draws(self, seed: int) -> NDArray[np.float64]:
        """A number in [0, 1) for each row, with shape (count,)."""
        start = np.uint64((seed + 1) * _STRIDE % 2**64)
        with np.errstate(over="ignore"):
            z = (
                np.arange(self.first, self.first + self.count, dtype=np.uint64) + start
            ) * np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(
            ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        )


@dataclass(frozen=True)
class Stream(ABC):
    """A file with `n` rows and columns `names`, whose strings are read by `reading`. The cells of
    the columns `together` decide the draws, so that rows that are equal in them are drawn together.
    """

    path: str
    n: int
    names: tuple[str, ...]
    reading: Reading
    together: tuple[str, ...] = ()

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """All rows in order."""

    @abstractmethod
    def kept(self, block: Block, rows: NDArray[np.bool_]) -> Any:
        """The raw rows of a mask."""

    @abstractmethod
    def frame(
        self,
        raws: list[Any],
        as_strings: Collection[str] = (),
        labels: Collection[str] = (),
        *,
        noted: bool = False,
    ) -> DataFrame:
        """Raw rows of one or more blocks as a data frame. The columns in `as_strings` stay strings;
        `labels` and `noted` as in `Types`.
        """

    @abstractmethod
    def cells(self, block: Block, names: Sequence[str]) -> list[str]:
        """The cells of columns of each row as one string."""

    def draws(self, block: Block, seed: int) -> NDArray[np.float64]:
        """A number in [0, 1) for each row of a block, with shape (count,)."""
        if not self.together:
            return block.draws(seed)
        cells = self.cells(block, self.together)
        draw_of = {cell: _hashed(cell, seed) for cell in set(cells)}
        return np.array([draw_of[cell] for cell in cells])

    def count(self, chosen: Chosen, seed: int) -> int:
        """The number of rows whose draws are chosen. The file is read only if cells decide them."""
        if self.together:
            return sum(int(chosen(self.draws(block, seed)).sum()) for block in self.blocks())
        return sum(
            int(chosen(Block(first, min(_COUNT_ROWS, self.n - first), None).draws(seed)).sum())
            for first in range(0, self.n, _COUNT_ROWS)
        )

    def sample(
        self, chosen: Chosen, seed: int, *, labels: Collection[str] = (), noted: bool = True
    ) -> tuple[DataFrame, NDArray[np.float64]]:
        """The rows whose draws are chosen, with their numbers in the file as index, and their
        draws. `labels` and `noted` as in `Types`.
        """
        raws, draws, numbers = [], [], []
        for block in self.blocks():
            u = self.draws(block, seed)
            rows = chosen(u)
            if rows.any():
                raws.append(self.kept(block, rows))
                draws.append(u[rows])
                numbers.append(block.first + np.flatnonzero(rows))
        if not raws:
            raise DataError(
                f"{self.path} has {self.n} rows, too few to draw samples from. Fit "
                "the table as a whole."
            )
        frame = self.frame(raws, labels=labels, noted=noted).set_axis(
            np.concatenate(numbers), axis=0
        )
        return frame, np.concatenate(draws)


class Parquet(Stream):
    """Batches of a parquet file."""

    def blocks(self) -> Iterator[Block]:
        first = 0
        with parquet_errors(self.path), _opened(self.path) as file:
            for batch in file.iter_batches(batch_size=BLOCK_ROWS):
                batch.validate(full=True)
                yield Block(first, batch.num_rows, batch)
                first += batch.num_rows

    def cells(self, block: Block, names: Sequence[str]) -> list[str]:
        import pyarrow.compute as pc

        columns = [_strings(block.raw.column(name)) for name in names]
        joined = pc.binary_join_element_wise(*columns, _BETWEEN, null_handling="replace")
        return list(joined.to_pylist())

    def kept(self, block: Block, rows: NDArray[np.bool_]) -> Any:
        import pyarrow as pa

        return block.raw.filter(pa.array(rows))

    def frame(
        self,
        raws: list[Any],
        as_strings: Collection[str] = (),
        labels: Collection[str] = (),
        *,
        noted: bool = False,
    ) -> DataFrame:
        import pyarrow as pa

        with parquet_errors(self.path):
            return pandas_frame(pa.Table.from_batches(raws), self.reading, self.path)


@dataclass(frozen=True)
class Text(Stream):
    """Lines of a CSV or TSV file, each checked to have the number of fields of the header."""

    separator: str = ","

    def blocks(self) -> Iterator[Block]:
        lines = _lines(self.path, self.separator)
        next(lines)
        first = 0
        while rows := list(islice(lines, BLOCK_ROWS)):
            yield Block(first, len(rows), rows)
            first += len(rows)

    def cells(self, block: Block, names: Sequence[str]) -> list[str]:
        if set(names) == set(self.names):
            return list(block.raw)
        of = [self.names.index(name) for name in names]
        fields = (_fields(line, self.separator) for line in block.raw)
        return [_BETWEEN.join([row[k] for k in of]) for row in fields]

    def kept(self, block: Block, rows: NDArray[np.bool_]) -> Any:
        return list(compress(block.raw, rows))

    def frame(
        self,
        raws: list[Any],
        as_strings: Collection[str] = (),
        labels: Collection[str] = (),
        *,
        noted: bool = False,
    ) -> DataFrame:
        text = "\n".join([_line(self.names, self.separator), *chain.from_iterable(raws), ""])
        types = Types(self.reading, as_strings, labels, noted)
        return parse(text, self.separator, types, self.path)


def open_stream(path: str | Path, reading: Reading = PLAIN) -> Stream:
    """The file as a stream. Raises FileError, DataError or UsageError with the next step."""
    path = as_path(path)
    if path == "-":
        raise UsageError(
            "Standard input can be read once only, but a stream is read several "
            "times. Pass the path of a file."
        )
    if path.endswith((".parquet", ".pq")):
        with parquet_errors(path), _opened(path) as file:
            # in pandas, so an index that pandas has stored is left out
            columns = file.schema_arrow.empty_table().to_pandas().columns
            names = check_names([str(name) for name in columns], path)
            return _with_rows(Parquet(path, file.metadata.num_rows, tuple(names), reading))
    separator = _separator(path)
    lines = _lines(path, separator)
    names = names_of(_fields(next(lines), separator), path)
    return _with_rows(Text(path, sum(1 for _ in lines), tuple(names), reading, separator=separator))


def _strings(column: Any) -> Any:
    """A column of a batch as strings, those of Python where its values have none in Arrow."""
    import pyarrow as pa

    try:
        return column.cast(pa.string())
    except pa.ArrowException:
        return pa.array([str(value) for value in column.to_pylist()])


def _hashed(string: str, seed: int) -> float:
    """A number in [0, 1) that depends on the string and the seed only."""
    salt = (seed % 2**64).to_bytes(8, "little")
    digest = hashlib.blake2b(string.encode(), digest_size=8, salt=salt).digest()
    return (int.from_bytes(digest, "little") >> 11) * 2.0**-53


def _with_rows(stream: Stream) -> Stream:
    if not stream.n:
        raise DataError(f"{stream.path} has a header, but no rows. At least one row is expected.")
    return stream


def _opened(path: str) -> Any:
    import pyarrow.parquet as parquet

    return parquet.ParquetFile(path)


@contextmanager
def _opened_text(path: str) -> Iterator[TextIO]:
    opened = gzip.open if path.endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            yield cast(TextIO, file)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} cannot be read as a table in UTF-8: {error}. Correct the file, or pass "
            "parquet."
        ) from None


def _separator(path: str) -> str:
    with _opened_text(path) as file:
        return separator_of(next((line for line in file if line.strip()), ""), path)


def _lines(path: str, separator: str) -> Iterator[str]:
    """The text of each row without its end, the header first; lines that are empty are left out.

    Only a line with quotes is parsed here, since the quotes may hold separators and further lines.
    """
    with _opened_text(path) as file:
        width = number = 0
        for line in file:
            number += 1
            text = line.rstrip("\r\n")
            if '"' in text:
                rows = csv.reader(chain([line], file), delimiter=separator)
                text = _line(next(rows), separator)
                number += rows.line_num - 1
            if not text:
                continue
            if not width:
                # pandas too leaves out a second byte order mark
                text = text.removeprefix("\ufeff")
                width = _width(text, separator)
            if (found := _width(text, separator)) != width:
                raise wrong_width(found, width, number, separator, path)
            yield text
        if not width:
            raise DataError(f"{path} is empty. A header line and at least one row are expected.")


def _fields(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator)) if '"' in line else line.split(separator)


def _width(line: str, separator: str) -> int:
    return len(_fields(line, separator)) if '"' in line else line.count(separator) + 1


def _line(fields: Sequence[str], separator: str) -> str:
    """The fields with quotes where they need them. A writer quotes the ends of lines only if it
    ends lines itself.
    """
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerow(fields)
    return text.getvalue().removesuffix("\r\n")


class RowSource(Protocol):
    """Rows to fit, which can be read several times."""

    def pieces(self, end: float) -> Iterator[Any]:
        """Blocks of the rows whose draws are below `end`, each an argument of `code`."""
        ...

    def code(self, piece: Any) -> CodedRows:
        """The coded rows of a piece, without rows that have no target."""
        ...

    def count(self, end: float) -> int:
        """The number of these rows, including rows without a target, which `code` leaves out."""
        ...


@dataclass(frozen=True)
class SampleRows:
    """The rows of a sample, each repeated by its weight, its count in the file."""

    sample: Sample

    def pieces(self, end: float) -> Iterator[int]:
        yield from range(0, self.sample.n, BLOCK_ROWS)

    def code(self, piece: int) -> CodedRows:
        sample = self.sample
        rows = np.repeat(
            np.arange(piece, min(piece + BLOCK_ROWS, sample.n)),
            self._times[piece : piece + BLOCK_ROWS],
        )
        return (
            sample.X[rows],
            sample.y[rows],
            None if sample.labels is None else sample.labels[rows],
        )

    def count(self, end: float) -> int:
        return int(self._times.sum())

    @property
    def _times(self) -> NDArray[np.int64]:
        return np.rint(self.sample.weight).astype(np.int64)
