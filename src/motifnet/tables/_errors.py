"""How errors about a cell of a table name its value and its row.

Rows are counted as they were passed. If these are some rows of a file, `numbered` sets their
numbers in the file, and messages name those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from motifnet.engine import DataError


class ValueTypeError(DataError, TypeError):
    """A value or a name of a type that a table cannot hold. It is also a TypeError, which
    scikit-learn's checks expect.
    """


_numbers: ContextVar[Sequence[int] | None] = ContextVar("numbers of rows", default=None)


@contextmanager
def numbered(numbers: Sequence[int]) -> Iterator[None]:
    """Inside this block messages call row i row numbers[i]."""
    token = _numbers.set(numbers)
    try:
        yield
    finally:
        _numbers.reset(token)


def row_number(row: int) -> int:
    """The number of the row in messages."""
    numbers = _numbers.get()
    return row if numbers is None else numbers[row]


def row_name(row: int) -> str:
    """The name of the row in messages, with the way rows are counted."""
    return f"row {row_number(row)} (the first row is 0)"


def shown(value: Any, width: int = 60) -> str:
    """A value as it appears in a message, on one line of at most `width` characters."""
    item: Any = getattr(value, "item", None)
    text = repr(item() if getattr(value, "ndim", None) == 0 else value).replace("\n", " ")
    return text if len(text) <= width else text[: width - 1] + "…"
