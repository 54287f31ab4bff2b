"""An error about one cell of a table that callers may also catch as TypeError, as scikit-learn's checks do."""

from __future__ import annotations

from typing import Any

from motifnet.engine import DataError


class ValueTypeError(DataError, TypeError):
    """A value, or a name, of a type that a table cannot hold."""


def shown(value: Any, width: int = 60) -> str:
    """A value as it appears in a message: short, on one line."""
    item: Any = getattr(value, "item", None)
    text = repr(item() if getattr(value, "ndim", None) == 0 else value).replace("\n", " ")
    return text if len(text) <= width else text[: width - 1] + "…"
