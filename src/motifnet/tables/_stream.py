"""A file as blocks of rows: CSV, TSV (also gzipped) or parquet, read again for every pass and never held as a whole.

A row's *draw* is a number in [0, 1) that depends on its place in the file and a seed alone (the mixing function of SplitMix64; Steele, Lea & Flood
2014). Rows whose draws fall into an interval are a uniform random sample, whatever the blocks are, and need no list of numbers. Where rows come in
groups, the draw depends on the group alone (a hash of its text), so that an interval has whole groups.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, FileError, UsageError, as_path
from motifnet.tables._parse import Types, parse
from motifnet.tables._read import check_names, names_of, pandas_frame, parquet_errors, separator_of
from motifnet.tables._reading import PLAIN, Reading
from motifnet.tables._schema import Schema

if TYPE_CHECKING:
    from pandas import DataFrame

BLOCK_ROWS = 4_096
_COUNTED = 1 << 16
_STRIDE = 0x632BE59BD9B4E019  # so that rows of one seed are not the rows of the next, moved by one
Chosen = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True)
class Block:
    """Rows of a file as it has them (`raw`), the number of the first, and how many there are."""

    first: int
    count: int
    raw: Any

    def draws(self, seed: int) -> NDArray[np.float64]:
        """A number in [0, 1) for each row, with shape (count,)."""
        start = np.uint64((seed + 1) * _STRIDE % 2**64)
        with np.errstate(over="ignore"):
            z = (np.arange(self.first, self.first + self.count, dtype=np.uint64) + start) * np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53)


@dataclass(frozen=True)
class Stream(ABC):
    """A file with `n` rows and columns `names`, whose texts are read by `reading`; `groups`: the column whose groups are drawn as a whole."""

    path: str
    n: int
    names: tuple[str, ...]
    reading: Reading
    groups: str | None = None

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """All rows in order."""

    @abstractmethod
    def kept(self, block: Block, rows: NDArray[np.bool_]) -> Any:
        """The raw rows of a mask."""

    @abstractmethod
    def frame(self, raws: list[Any], schema: Schema | None = None, *, texts: Collection[str] = (), labels: Collection[str] = ()) -> DataFrame:
        """Raw rows of one or more blocks as a data frame; with a schema its columns of texts are read as texts; `texts`, `labels` as in `Types`."""

    @abstractmethod
    def cells(self, block: Block, name: str) -> list[str]:
        """The cells of a column as texts."""

    def draws(self, block: Block, seed: int) -> NDArray[np.float64]:
        """A number in [0, 1) for each row of a block, with shape (count,)."""
        if self.groups is None:
            return block.draws(seed)
        cells = self.cells(block, self.groups)
        of_group = {cell: _hashed(cell, seed) for cell in set(cells)}
        return np.array([of_group[cell] for cell in cells])

    def count(self, chosen: Chosen, seed: int) -> int:
        """How many rows have draws that are chosen; nothing is read for that unless groups are drawn."""
        if self.groups is not None:
            return sum(int(chosen(self.draws(block, seed)).sum()) for block in self.blocks())
        starts = range(0, self.n, _COUNTED)
        return sum(int(chosen(Block(first, min(_COUNTED, self.n - first), None).draws(seed)).sum()) for first in starts)

    def sample(self, chosen: Chosen, seed: int, *, labels: Collection[str] = ()) -> tuple[DataFrame, NDArray[np.float64]]:
        """The rows whose draws are chosen, with their numbers in the file as index, and these draws."""
        raws, draws, numbers = [], [], []
        for block in self.blocks():
            u = self.draws(block, seed)
            rows = chosen(u)
            if rows.any():
                raws.append(self.kept(block, rows))
                draws.append(u[rows])
                numbers.append(block.first + np.flatnonzero(rows))
        if not raws:
            raise DataError(f"{self.path} has {self.n} rows, too few to draw samples from. Fit the table as a whole.")
        return self.frame(raws, labels=labels).set_axis(np.concatenate(numbers), axis=0), np.concatenate(draws)


class Parquet(Stream):
    """Batches of a parquet file."""

    def blocks(self) -> Iterator[Block]:
        first = 0
        with parquet_errors(self.path), _opened(self.path) as file:
            for batch in file.iter_batches(batch_size=BLOCK_ROWS):
                batch.validate(full=True)
                yield Block(first, batch.num_rows, batch)
                first += batch.num_rows

    def cells(self, block: Block, name: str) -> list[str]:
        return [str(value) for value in block.raw.column(name).to_pylist()]

    def kept(self, block: Block, rows: NDArray[np.bool_]) -> Any:
        import pyarrow as pa

        return block.raw.filter(pa.array(rows))

    def frame(self, raws: list[Any], schema: Schema | None = None, *, texts: Collection[str] = (), labels: Collection[str] = ()) -> DataFrame:
        import pyarrow as pa

        with parquet_errors(self.path):
            return pandas_frame(pa.Table.from_batches(raws), self.reading, self.path)


class Text(Stream):
    """Lines of a CSV or TSV file, each checked to have as many fields as the header."""

    def blocks(self) -> Iterator[Block]:
        lines = _lines(self.path)
        next(lines)
        first, rows = 0, []
        for row in lines:
            rows.append(row)
            if len(rows) == BLOCK_ROWS:
                yield Block(first, len(rows), rows)
                first, rows = first + len(rows), []
        if rows:
            yield Block(first, len(rows), rows)

    def cells(self, block: Block, name: str) -> list[str]:
        place = self.names.index(name)
        return [row[place] for row in block.raw]

    def kept(self, block: Block, rows: NDArray[np.bool_]) -> Any:
        return [row for row, there in zip(block.raw, rows, strict=True) if there]

    def frame(self, raws: list[Any], schema: Schema | None = None, *, texts: Collection[str] = (), labels: Collection[str] = ()) -> DataFrame:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(self.names)
        for rows in raws:
            writer.writerows(rows)
        return parse(text.getvalue(), ",", Types(self.reading, {*texts, *(schema.texts if schema else ())}, labels), self.path)


def open_stream(path: str | Path, reading: Reading = PLAIN) -> Stream:
    """The file as a stream. Raises FileError, DataError or UsageError with the next step."""
    path = as_path(path)
    if path == "-":
        raise UsageError("Standard input can be read once only, but a stream is read several times. Pass the path of a file.")
    if path.endswith((".parquet", ".pq")):
        with parquet_errors(path), _opened(path) as file:
            names = file.schema_arrow.empty_table().to_pandas().columns  # without what pandas has stored as its index
            return _with_rows(Parquet(path, file.metadata.num_rows, tuple(check_names([str(name) for name in names], path)), reading))
    lines = _lines(path)
    names = tuple(names_of(next(lines), path))
    return _with_rows(Text(path, sum(1 for _ in lines), names, reading))


def _hashed(text: str, seed: int) -> float:
    digest = hashlib.blake2b(text.encode(), digest_size=8, salt=(seed % 2**64).to_bytes(8, "little")).digest()
    return (int.from_bytes(digest, "little") >> 11) * 2.0**-53


def _with_rows(stream: Stream) -> Stream:
    if not stream.n:
        raise DataError(f"{stream.path} has a header, but no rows. At least one row is expected.")
    return stream


def _opened(path: str) -> Any:
    import pyarrow.parquet as parquet

    return parquet.ParquetFile(path)


def _lines(path: str) -> Iterator[list[str]]:
    """The fields of each line that is not empty, the header first."""
    opened = gzip.open if path.endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            separator = separator_of(next((line for line in file if line.strip()), ""), path)
            file.seek(0)
            rows = csv.reader(file, delimiter=separator)
            width = 0
            for row in rows:
                if not row:
                    continue
                if not width:
                    width, row[0] = len(row), row[0].removeprefix("\ufeff")  # pandas leaves out a second mark of order, too
                if len(row) != width:
                    raise DataError(
                        f"{path}, line {rows.line_num}: {len(row)} fields, but the header has {width}. "
                        f"Mend the line (a text that contains the separator {separator!r} needs quotes)."
                    )
                yield row
            if not width:
                raise DataError(f"{path} is empty. A header line and at least one row are expected.")
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}. Check the path and the permissions.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table in UTF-8: {error}. Mend the file, or pass parquet.") from None
