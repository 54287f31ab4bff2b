"""The output of a command: its path, checked before any work is done, and its tables.

The folder must exist and be writable. Only --force replaces a file. Tables are CSV, TSV or parquet
by the suffix, CSV and TSV also gzipped. Writing is atomic.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motifnet.engine import FileError, UsageError, suffix_of

if TYPE_CHECKING:
    from pandas import DataFrame


def beside(path: Path, suffix: str, option: str) -> Path:
    """The name of a table or a model with another suffix, in the working folder."""
    if str(path) == "-":
        raise UsageError(f"Standard input has no name for the output. Give a path by {option}.")
    return Path(path.name.split(".")[0] + suffix)


def check_place(path: Path, *, force: bool, option: str = "--out") -> None:
    """Refuse a path that cannot, or must not, be written."""
    if str(path) == "-":
        raise UsageError(f"{option} - is standard output, but this is a binary file. Give a path.")
    if path.is_dir():
        raise UsageError(f"{option} {path} is a folder. Give the path of a file in it.")
    if path.exists() and not force:
        raise UsageError(
            f"{path} exists already. Use --force to replace it, or give another path by {option}."
        )
    folder = Path(os.path.realpath(path)).parent  # `resolve` raises where links run in a circle
    if not folder.is_dir():
        raise FileError(
            f"{path} cannot be written: the folder {folder} does not exist. Create "
            f"it, or give another path by {option}."
        )
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise FileError(
            f"{path} cannot be written: {error.strerror or error}. Give a path by {option} in a "
            "folder that is writable and has room."
        ) from None


_FORMATS = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".pq")
# the last four are the full-width forms, which some programs run too
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def check_page(
    path: Path | None,
    *,
    force: bool,
    option: str = "--out",
    known: tuple[str, ...] = (".html", ".md", ".json"),
) -> None:
    """Refuse the path of a report that has no known suffix, or cannot be written."""
    if path is not None:
        suffix_of(path, known)
        check_place(path, force=force, option=option)


def check_format(path: Path) -> None:
    """Refuse a suffix of no known format, or one whose library is missing, before any work is
    done.
    """
    if not path.name.endswith(_FORMATS):
        raise UsageError(
            f"{path} has a suffix that is not known. Use one of {', '.join(_FORMATS)}."
        )
    if path.suffix in (".parquet", ".pq"):
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise UsageError(
                "Parquet needs the package pyarrow. Install it with `pip install "
                "'motifnet[parquet]'`, or write CSV."
            ) from None


def write_table(frame: DataFrame, path: Path, *, escape_formulas: bool = False) -> None:
    """Write the table; numbers with all their digits."""
    from motifnet.engine import atomic_file

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
        text = frame.to_csv(
            index=False, sep="\t" if ".tsv" in path.suffixes else ",", lineterminator="\n"
        ).encode()
        temporary.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def escaped(frame: DataFrame) -> DataFrame:
    """The table with ' before strings and names that a spreadsheet would run as a formula."""

    def safe(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

    return frame.map(safe).rename(columns=safe)
