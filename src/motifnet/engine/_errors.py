"""Errors and warnings that a user sees: what was got, what was expected, the next step.

They derive from the built-in classes that callers already catch: `DataError` is a ValueError, `FileError` an OSError, `ResourceError` a MemoryError.
`exit_code` is what the command line ends with.
"""

from __future__ import annotations

import sys
import warnings
from typing import ClassVar


class MotifnetError(Exception):
    """Base of all errors that motifnet raises on purpose."""

    exit_code: ClassVar[int] = 2


class UsageError(MotifnetError, ValueError):
    """A setting or an argument is wrong."""


class DataError(MotifnetError, ValueError):
    """The table or the target cannot be used as it is."""

    exit_code: ClassVar[int] = 3


class FileError(MotifnetError, OSError):
    """A file cannot be read or written."""


class DiskFullError(FileError):
    """There is no room for the file."""

    exit_code: ClassVar[int] = 4


class ResourceError(MotifnetError, MemoryError):
    """The work does not fit into memory."""

    exit_code: ClassVar[int] = 4


class MotifnetWarning(UserWarning):
    """Something was mended or left out; the result is right, but you should know."""


def warn_caller(text: str) -> None:
    """A MotifnetWarning at the first line outside of motifnet that led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("motifnet."):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, MotifnetWarning, stacklevel=level)
