"""A table to a file or to standard output: CSV, TSV or parquet by the suffix, CSV and TSV also gzipped. A file is whole or not there."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motifnet.engine import UsageError

if TYPE_CHECKING:
    from pandas import DataFrame

_FORMATS = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".pq")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four are the wide forms, which some programs run too


def check_format(path: Path) -> None:
    """Refuse a suffix that stands for no format, or one whose library is missing, before any work is done."""
    if not path.name.endswith(_FORMATS):
        raise UsageError(f"{path} has a suffix that is not known. Use one of {', '.join(_FORMATS)}.")
    if path.suffix in (".parquet", ".pq"):
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise UsageError("Parquet needs the package pyarrow. Install it with `pip install 'motifnet[parquet]'`, or write CSV.") from None


def write_table(frame: DataFrame, path: Path, *, escape_formulas: bool = False) -> None:
    """Write the table; numbers with all their digits."""
    from motifnet.bundle import atomic_file

    if escape_formulas:
        frame = escaped(frame)
    if str(path) == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(frame.to_csv(index=False, lineterminator="\n").encode())
        return
    with atomic_file(path) as temporary:
        if path.suffix in (".parquet", ".pq"):
            frame.to_parquet(temporary, index=False)
            return
        text = frame.to_csv(index=False, sep="\t" if ".tsv" in path.suffixes else ",", lineterminator="\n").encode()
        temporary.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def escaped(frame: DataFrame) -> DataFrame:
    """Texts, names included, that a spreadsheet would run as a formula, with ' before them."""

    def safe(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

    return frame.map(safe).rename(columns=safe)
