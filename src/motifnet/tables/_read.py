"""A file as a pandas data frame: CSV, TSV or parquet, also gzipped; "-" is standard input. Trouble is told with file, line and next step.

Columns of ISO dates become dates (UTC). The whole text is read once, so that the header can be checked and lines of a wrong length be named.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motifnet.engine import DataError, FileError
from motifnet.tables._schema import Schema

if TYPE_CHECKING:
    from pandas import DataFrame

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?")


def read_table(path: str | Path, *, schema: Schema | None = None) -> DataFrame:
    """The table of a file; with the schema of a model, columns of texts are read as texts even where all of them look like numbers or dates."""
    path = str(path)
    if path.endswith((".parquet", ".pq")):
        return _read_parquet(path)
    text = _decoded(_content(path), path)
    header, separator = _header(text, path)
    _check_lines(text, header, separator, path)
    return _parsed(text, separator, _texts_of(schema), path)


def _read_parquet(path: str) -> DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except ImportError:
        raise FileError(f"{path}: reading parquet needs pyarrow. Install it by pip install 'motifnet[parquet]', or pass CSV.") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from None
    except Exception as error:
        raise FileError(f"{path} is not a parquet file ({error}). Check the file, or pass CSV.") from None


def _content(path: str) -> bytes:
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"{path} cannot be read: {reason}. Check the path and the permissions.") from None


def _decoded(data: bytes, path: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte {data[error.start]:#04x} is not UTF-8. Save the file in UTF-8, such as by iconv -t utf-8."
        ) from None
    if not text.strip():
        raise DataError(f"{path} is empty. A header line and at least one row are expected.")
    if "\0" in text:
        raise DataError(f"{path} is not a text file. CSV, TSV or parquet (by the suffix .parquet) is expected.")
    return text


def _header(text: str, path: str) -> tuple[list[str], str]:
    """Names of the columns and the separator: by the suffix, or the one that the header line has."""
    first = next(line for line in text.splitlines() if line.strip())
    stem = path.removesuffix(".gz")
    separator = "\t" if stem.endswith((".tsv", ".tab")) else ","
    if separator not in first:
        separator = next((s for s in ("\t", ";", ",") if s in first), separator)
    names = next(csv.reader(io.StringIO(text.lstrip("\r\n")), delimiter=separator))
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError(
            f"{path}: duplicate column names {', '.join(map(repr, twice))} in the header. Each name may occur once: rename or remove the others."
        )
    return names, separator


def _check_lines(text: str, header: list[str], separator: str, path: str) -> None:
    rows = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        for row in rows:
            if row and len(row) != len(header):
                raise DataError(
                    f"{path}, line {rows.line_num}: {len(row)} fields, but the header has {len(header)}. "
                    f"Mend the line (a text that contains the separator {separator!r} needs quotes)."
                )
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: {error}. Mend the line.") from None


def _texts_of(schema: Schema | None) -> dict[str, Any]:
    if schema is None:
        return {}
    return {
        name: str
        for name, kind, level in zip(schema.names, schema.kinds, schema.level_types, strict=True)
        if kind == "categorical" and level == "str"
    }


def _parsed(text: str, separator: str, texts: dict[str, Any], path: str) -> DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(io.StringIO(text), sep=separator, dtype=texts or None, index_col=False, low_memory=False, float_precision="round_trip")
    except (ValueError, OverflowError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}. Check the file.") from None
    if frame.empty:
        raise DataError(f"{path} has a header, but no rows. At least one row is expected.")
    for name in frame.columns:
        if name not in texts and pd.api.types.infer_dtype(frame[name], skipna=True) == "string":
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
