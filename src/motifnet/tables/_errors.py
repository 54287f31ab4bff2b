"""What errors about a cell of a table say: the value, and the number of its row.

Rows are counted as they were passed. Where these are some rows of a file, `numbered` tells which, so that the row of the file is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from motifnet.engine import DataError


class ValueTypeError(DataError, TypeError):
    """A value, or a name, of a type that a table cannot hold; callers may also catch it as TypeError, as scikit-learn's checks do."""


_numbers: ContextVar[Sequence[int] | None] = ContextVar("numbers of rows", default=None)


@contextmanager
def numbered(numbers: Sequence[int]) -> Iterator[None]:
    """Within this block row i is called row numbers[i]."""
    token = _numbers.set(numbers)
    try:
        yield
    finally:
        _numbers.reset(token)


def row_number(row: int) -> int:
    """The number by which a message calls the row."""
    numbers = _numbers.get()
    return row if numbers is None else numbers[row]


def row_name(row: int) -> str:
    """The row as a message that does not say how rows are counted calls it."""
    return f"row {row_number(row)} (the first row is 0)"


def shown(value: Any, width: int = 60) -> str:
    """A value as it appears in a message: short, on one line."""
    item: Any = getattr(value, "item", None)
    text = repr(item() if getattr(value, "ndim", None) == 0 else value).replace("\n", " ")
    return text if len(text) <= width else text[: width - 1] + "…"
