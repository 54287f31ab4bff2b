"""A file as a pandas data frame: CSV, TSV (also gzipped) or parquet; "-" is standard input.

Errors name file, line and next step. The text is read as a whole, so the header is checked and a
line of a wrong length is named.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motifnet.engine import DataError, FileError, MotifnetError
from motifnet.tables._convert import read_as_missing
from motifnet.tables._input import column_of_series
from motifnet.tables._parse import Types, parse
from motifnet.tables._reading import Reading
from motifnet.tables._table import Schema

if TYPE_CHECKING:
    from pandas import DataFrame

_GZIP = b"\x1f\x8b"


def read_table(
    path: str | Path,
    *,
    schema: Schema | None = None,
    reading: Reading | None = None,
    as_strings: Collection[str] = (),
    labels: Collection[str] = (),
) -> DataFrame:
    """The table of a file.

    With the schema of a model, its columns of strings stay strings, even if all of them look like
    numbers or dates, and missing values are marked as at the fit. `reading` replaces that of the
    schema. `as_strings`: further columns that stay strings; `labels`: columns as in `Types`.
    """
    path = str(path)
    reading = reading or (schema.reading if schema else Reading())
    if path.endswith((".parquet", ".pq")):
        return _read_parquet(path, reading)
    text = _decoded(_content(path), path)
    separator = separator_of(text, path)
    _check_lines(text, separator, path)
    # after two line ends \r, pandas appends the next line to the field before
    if text.count("\r") > text.count("\r\n"):
        text = _lines_anew(text, separator)
    strings = {*as_strings, *(schema.strings if schema else ())}
    return parse(text, separator, Types(reading, strings, labels, noted=schema is None), path)


def _read_parquet(path: str, reading: Reading) -> DataFrame:
    with parquet_errors(path):
        import pyarrow.parquet as parquet

        table = parquet.read_table(path)
        # otherwise strings that are not UTF-8 raise at first use
        table.validate(full=True)
        frame = pandas_frame(table, reading, path)
    if frame.empty:
        raise DataError(
            f"{path} has {len(frame)} rows and {len(frame.columns)} columns. At least "
            "one of each is expected."
        )
    return frame


def pandas_frame(table: Any, reading: Reading, path: str) -> DataFrame:
    """A pyarrow table in pandas. Names are strings, whole numbers stay exact if some are missing,
    and values that the reading marks as missing are None.
    """
    frame: DataFrame = table.to_pandas(integer_object_nulls=True)
    frame.columns = check_names([str(name) for name in frame.columns], path)
    return without_missing(frame, reading) if reading.missing else frame


def without_missing(frame: DataFrame, reading: Reading) -> DataFrame:
    """The frame with None for values that the reading marks as missing. A column that no model can
    take is unchanged.
    """
    import narwhals as nw

    for name in frame.columns:
        try:
            series = nw.from_native(frame[name], series_only=True)
            rows = read_as_missing(column_of_series(name, series), reading)
        except DataError:
            continue
        if rows.any():
            frame[name] = frame[name].astype(object).where(~rows, None)
    return frame


@contextmanager
def parquet_errors(path: str) -> Iterator[None]:
    """Turn errors of pyarrow about a file into FileError, except MemoryError."""
    try:
        yield
    except (MotifnetError, MemoryError):
        raise
    except ImportError:
        raise FileError(
            f"{path}: reading parquet needs pyarrow. Install it by pip install "
            "'motifnet[parquet]', or pass CSV."
        ) from None
    except FileNotFoundError:
        raise FileError(
            f"{path} cannot be read: No such file or directory. Check the path."
        ) from None
    except Exception as error:  # pyarrow has its own errors, some of which derive from OSError
        raise FileError(
            f"{path} cannot be read as parquet: {error}. Check the file, or pass CSV."
        ) from None


def unreadable(path: str, error: Exception) -> FileError:
    """The error for a file that cannot be opened or decompressed."""
    return FileError(
        f"{path} cannot be read: {getattr(error, 'strerror', None) or error}. "
        "Check the path and the permissions."
    )


def _content(path: str) -> bytes:
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return gzip.decompress(data) if data.startswith(_GZIP) else data
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from None


def _decoded(data: bytes, path: str) -> str:
    if b"\0" in data:
        raise DataError(
            f"{path} is not a text file in UTF-8. Pass CSV or TSV in UTF-8, or "
            "parquet under a name that ends in .parquet."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte {data[error.start]:#04x} is not UTF-8. Save the file in "
            f"UTF-8. If it comes from Excel or Windows: iconv -f cp1252 -t utf-8 {path} > new.csv "
            "(Python: pandas.read_csv(..., encoding='cp1252'))."
        ) from None
    if not text.strip():
        raise DataError(f"{path} is empty. A header line and at least one row are expected.")
    return text


def separator_of(text: str, path: str) -> str:
    """The separator by the suffix of the path if the header has it, else the one in the header."""
    header = re.search(r"[^\r\n]*\S[^\r\n]*", text)
    by_suffix = "\t" if path.removesuffix(".gz").endswith((".tsv", ".tab")) else ","
    return next((s for s in (by_suffix, "\t", ";", ",") if header and s in header[0]), by_suffix)


def names_of(header: list[str], path: str) -> list[str]:
    """Names of the columns; those without one are named as in pandas. DataError for two of the
    same name.
    """
    return check_names([name or f"Unnamed: {j}" for j, name in enumerate(header)], path)


def check_names(names: list[str], path: str) -> list[str]:
    """The names; DataError for two of the same name."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError(
            f"{path}: duplicate column names {', '.join(map(repr, twice))} in the "
            "header. Rename or remove all but one."
        )
    return names


def wrong_width(found: int, width: int, line: int, separator: str, path: str) -> DataError:
    """The error for a line with another number of fields than the header."""
    return DataError(
        f"{path}, line {line}: {found} fields, but the header has {width}. Correct the line "
        f"(a string that contains the separator {separator!r} needs quotes)."
    )


def _check_lines(text: str, separator: str, path: str) -> None:
    """Refuse duplicate names in the header and lines of another length, which pandas would accept
    in silence.
    """
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        header = names_of(next(row for row in rows if row), path)
        for row in rows:
            if row and len(row) != len(header):
                raise wrong_width(len(row), len(header), rows.line_num, separator, path)
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: {error}. Correct the line.") from None


def _lines_anew(text: str, separator: str) -> str:
    """The same rows, without \r as the end of a line."""
    out = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    csv.writer(out, delimiter=separator).writerows(row for row in rows if row)
    return out.getvalue()
