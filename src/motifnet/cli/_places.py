"""Places for output, looked at before any work is done: the folder is there and writable, and a file that is there is not replaced unasked."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from motifnet.engine import FileError, UsageError


def check_place(path: Path, *, force: bool, option: str = "--out") -> None:
    """Refuse a path that could not, or should not, be written."""
    if str(path) == "-":
        raise UsageError(f"{option} - is standard output, but this is a binary file. Give a path.")
    if path.is_dir():
        raise UsageError(f"{option} {path} is a folder. Give the path of a file in it.")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already. Use --force to replace it, or give another path by {option}.")
    folder = Path(os.path.realpath(path)).parent  # `resolve` raises where links run in a circle
    if not folder.is_dir():
        raise FileError(f"{path} cannot be written: the folder {folder} does not exist. Create it, or give another path by {option}.")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise FileError(
            f"{path} cannot be written: {error.strerror or error}. Give a path by {option} in a folder that is writable and has room."
        ) from None
