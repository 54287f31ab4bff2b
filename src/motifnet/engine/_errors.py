"""Errors and warnings that a user sees: what was got, what was expected, the next step.

They derive from the built-in classes that callers already catch: `DataError` is a ValueError,
`FileError` an OSError, `ResourceError` a MemoryError. `exit_code` is the exit code of the command
line. `printable` makes a string that cannot control a terminal, `aligned` a table of strings.

The checks run before any work. A wrong setting raises `UsageError`, wrong numbers `DataError`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]  # floats of any shape


class MotifnetError(Exception):
    """Base of all errors that motifnet raises on purpose. The message says what was got, what was
    expected and what to do next.
    """

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
    """Something was corrected or left out. The result is valid, but you should know."""


def warn_caller(message: str) -> None:
    """Issue a MotifnetWarning at the line outside of motifnet that led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("motifnet."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, MotifnetWarning, stacklevel=level)


def printable(text: object) -> str:
    """The text with escaped control characters, except line ends. Escape sequences, and marks that
    reverse the reading direction, become visible.
    """
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
        for c in str(text)
    )


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Rows of a table as lines of text with aligned columns; those in `right` to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Refuse a value that is none of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise UsageError(f"{name}={value!r} must be one of {', '.join(map(repr, choices))}.")


def check_share(name: str, value: Any) -> None:
    """Refuse anything but a number between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise UsageError(
            f"{name}={value!r} must be a number between 0 and 1, such as 0.05 or 0.95."
        )


def check_count(name: str, value: Any, least: int, example: int | None = None) -> None:
    """Refuse anything but a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise UsageError(
            f"{name}={value!r} must be a whole number, at least {least}. Try "
            f"{least if example is None else example}."
        )


def check_positive(name: str, value: Any, example: str) -> None:
    """Refuse anything but a positive, finite number."""
    if (
        isinstance(value, bool)
        or not isinstance(value, Real)
        or not 0 < float(value) < float("inf")
    ):
        raise UsageError(f"{name}={value!r} must be a positive number, such as {example}.")


def seed_of(random_state: Any, name: str = "random_state") -> int:
    """A seed from a `random_state` of scikit-learn. None is 0, so results are reproducible by
    default.
    """
    if random_state is None:
        return 0
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, Integral) and int(random_state) >= 0:
        return int(random_state)
    raise UsageError(
        f"{name}={random_state!r} must be None, a non-negative integer or a numpy RandomState."
    )


def as_floats(name: str, values: Any, remedy: str = "Pass an array of numbers.") -> Matrix:
    """The array in float64. DataError for other values than numbers, and for complex numbers, whose
    imaginary part numpy would drop in silence.
    """
    try:
        given = np.asarray(values)
        if given.dtype.kind == "c":
            raise TypeError("complex numbers")
        if given.dtype.kind in "OSU" and any(
            "_" in str(value) for value in given.flat if isinstance(value, str | bytes)
        ):
            raise ValueError("a string with an underscore")  # numpy takes 1_0 for 10
        return np.asarray(given, dtype=np.float64)
    except MemoryError:
        raise
    except Exception as error:  # an object's own conversion to an array can raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{name} of type {type(values).__name__} holds values that are not "
            f"numbers ({reason[:120]}). {remedy}"
        ) from None
