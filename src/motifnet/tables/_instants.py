"""Times as they order rows: numbers of any size, dates and durations in their own unit, ISO texts to the nanosecond; nothing is rounded."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError
from motifnet.tables._errors import ValueTypeError, row_name, shown
from motifnet.tables._reading import PLAIN


def instants(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Objects without gaps as values that can be compared: Python numbers, or an array of dates or durations."""
    if all(isinstance(value, str) for value in values):
        plain = [PLAIN.number(text) for text in values]
        if all(number is not None for number in plain):
            return _finite(name, np.array([Decimal(text.strip()) for text in values], dtype=object))
    if all(isinstance(value, Real | Decimal | np.bool_) for value in values):
        return _finite(name, values)
    read = _durations if hasattr(values[0], "total_seconds") or isinstance(values[0], np.timedelta64) else _dates
    try:
        return read(values.tolist())
    except (TypeError, ValueError, OverflowError):
        row = next((row for row, value in enumerate(values) if not _is_read(read, value)), 0)
        raise ValueTypeError(
            f"Column {name!r}, {row_name(row)} holds {shown(values[row])}, but this column takes dates (ISO, such as 2024-05-31 or "
            "2024-05-31T12:00:00) or numbers, all of one kind. Replace such values, or leave the rows out."
        ) from None


def _finite(name: str, values: NDArray[Any]) -> NDArray[Any]:
    for row, value in enumerate(values):
        if isinstance(value, float | Decimal) and not Decimal(value).is_finite():
            raise DataError(f"Input {name} contains infinity. {row_name(row).capitalize()} holds {shown(value)}; every row needs a finite time.")
    return values


def _dates(values: list[Any]) -> NDArray[Any]:
    import pandas as pd

    if any(isinstance(value, int | float) for value in values):
        raise TypeError("a number among dates")
    return pd.to_datetime(values, utc=True, format="ISO8601").tz_localize(None).to_numpy()


def _durations(values: list[Any]) -> NDArray[Any]:
    import pandas as pd

    return pd.to_timedelta(values).to_numpy()


def _is_read(read: Any, value: Any) -> bool:
    try:
        return bool(len(read([value])))
    except (TypeError, ValueError, OverflowError):
        return False
