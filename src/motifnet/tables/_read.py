"""A file as a pandas data frame: CSV, TSV or parquet, also gzipped; "-" is standard input. Trouble is told with file, line and next step.

Columns of ISO dates become dates (UTC). The text is read as a whole, so that the header can be checked and a line of a wrong length be named.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motifnet.engine import DataError, FileError, MotifnetError
from motifnet.tables._schema import Schema

if TYPE_CHECKING:
    from pandas import DataFrame

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?")
_GZIP = b"\x1f\x8b"


def read_table(path: str | Path, *, schema: Schema | None = None) -> DataFrame:
    """The table of a file; with the schema of a model, its columns of texts are read as texts even where all of them look like numbers or dates."""
    path = str(path)
    if path.endswith((".parquet", ".pq")):
        return _read_parquet(path)
    text = _decoded(_content(path), path)
    separator = separator_of(text, path)
    _check_lines(text, separator, path)
    if text.count("\r") > text.count("\r\n"):  # pandas takes what follows two of them for the field before
        text = _lines_anew(text, separator)
    return _parsed(text, separator, _texts(schema), path)


def parse_rows(text: str, schema: Schema | None, path: str) -> DataFrame:
    """The table of some lines with commas, the header first, that come from a file and are checked."""
    return _parsed(text, ",", _texts(schema), path)


def _texts(schema: Schema | None) -> list[str]:
    return [] if schema is None else [name for name, level in zip(schema.names, schema.level_types, strict=True) if level == "str"]


def _read_parquet(path: str) -> DataFrame:
    with parquet_told(path):
        import pyarrow.parquet as parquet

        table = parquet.read_table(path)
        table.validate(full=True)  # texts that are not UTF-8 would be found when they are first looked at
        frame = table.to_pandas()
    if frame.empty:
        raise DataError(f"{path} has {len(frame)} rows and {len(frame.columns)} columns. At least one of each is expected.")
    return frame


@contextmanager
def parquet_told(path: str) -> Iterator[None]:
    """Turn what pyarrow raises for a file into FileError; memory that is not there is another matter."""
    try:
        yield
    except (MotifnetError, MemoryError):
        raise
    except ImportError:
        raise FileError(f"{path}: reading parquet needs pyarrow. Install it by pip install 'motifnet[parquet]', or pass CSV.") from None
    except FileNotFoundError:
        raise FileError(f"{path} cannot be read: No such file or directory. Check the path.") from None
    except Exception as error:  # pyarrow has its own errors, some of which derive from OSError
        raise FileError(f"{path} cannot be read as parquet: {error}. Check the file, or pass CSV.") from None


def _content(path: str) -> bytes:
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return gzip.decompress(data) if data.startswith(_GZIP) else data
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}. Check the path and the permissions.") from None


def _decoded(data: bytes, path: str) -> str:
    if b"\0" in data:
        raise DataError(f"{path} is not a text file in UTF-8. Pass CSV or TSV in UTF-8, or parquet under a name that ends in .parquet.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte {data[error.start]:#04x} is not UTF-8. Save the file in UTF-8, such as by iconv -t utf-8."
        ) from None
    if not text.strip():
        raise DataError(f"{path} is empty. A header line and at least one row are expected.")
    return text


def separator_of(text: str, path: str) -> str:
    """By the suffix, or else the one that the header line has."""
    header = re.search(r"[^\r\n]*\S[^\r\n]*", text)
    by_suffix = "\t" if path.removesuffix(".gz").endswith((".tsv", ".tab")) else ","
    return next((s for s in (by_suffix, "\t", ";", ",") if header and s in header[0]), by_suffix)


def names_of(header: list[str], path: str) -> tuple[str, ...]:
    """Names of the columns, as pandas calls those without one. DataError for two of the same name."""
    names = tuple(name or f"Unnamed: {j}" for j, name in enumerate(header))
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError(f"{path}: duplicate column names {', '.join(map(repr, twice))} in the header. Rename or remove all but one.")
    return names


def _check_lines(text: str, separator: str, path: str) -> None:
    """Refuse duplicate names in the header and lines of another length; pandas would mend both in silence."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        header = names_of(next(row for row in rows if row), path)
        for row in rows:
            if len(row) != len(header) and row:
                raise DataError(
                    f"{path}, line {rows.line_num}: {len(row)} fields, but the header has {len(header)}. "
                    f"Mend the line (a text that contains the separator {separator!r} needs quotes)."
                )
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: {error}. Mend the line.") from None


def _lines_anew(text: str, separator: str) -> str:
    """The same rows, with \r as the end of a line no more."""
    out = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    csv.writer(out, delimiter=separator).writerows(row for row in rows if row)
    return out.getvalue()


def _parsed(text: str, separator: str, texts: list[str], path: str) -> DataFrame:
    import pandas as pd

    options: Any = {"dtype": dict.fromkeys(texts, str), "index_col": False, "low_memory": False}
    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):  # later versions read floats exactly without being told
        options["float_precision"] = "round_trip"
    try:
        frame = pd.read_csv(io.StringIO(text), sep=separator, **options)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}. Check the file.") from None
    if frame.empty:
        raise DataError(f"{path} has a header, but no rows. At least one row is expected.")
    for name in frame.columns.difference(texts):
        if pd.api.types.infer_dtype(frame[name], skipna=True) == "string":
            frame[name] = _dated(frame[name])
    return frame


def _dated(values: Any) -> Any:
    """The column as dates where every text of it is one."""
    import pandas as pd

    present = values.dropna()
    if not _ISO.fullmatch(present.iloc[0]) or not all(map(_ISO.fullmatch, present)):
        return values
    try:
        return pd.to_datetime(values, utc=True, format="ISO8601").dt.tz_localize(None)
    except ValueError:
        return values
