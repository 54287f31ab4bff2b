"""Arguments of functions, looked at before any work: UsageError for a setting, DataError for numbers, with what was got and what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine._errors import DataError, UsageError


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Refuse what is none of the words."""
    if not isinstance(value, str) or value not in choices:
        raise UsageError(f"{name}={value!r} must be one of {', '.join(map(repr, choices))}.")


def check_share(name: str, value: Any) -> None:
    """Refuse anything but a number between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise UsageError(f"{name}={value!r} must be a number between 0 and 1, such as 0.05 or 0.95.")


def check_count(name: str, value: Any, least: int, example: int | None = None) -> None:
    """Refuse anything but a whole number from `least` on."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise UsageError(f"{name}={value!r} must be a whole number, at least {least}. Try {least if example is None else example}.")


def check_positive(name: str, value: Any, example: str) -> None:
    """Refuse anything but a positive, finite number."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < float("inf"):
        raise UsageError(f"{name}={value!r} must be a positive number, such as {example}.")


def seed_of(random_state: Any, name: str = "random_state") -> int:
    """A seed from what scikit-learn takes; None is 0: without a wish, the result is the same every time."""
    if random_state is None:
        return 0
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, Integral) and int(random_state) >= 0:
        return int(random_state)
    raise UsageError(f"{name}={random_state!r} must be None, a non-negative integer or a numpy RandomState.")


def as_floats(name: str, values: Any, remedy: str = "Pass an array of numbers.") -> NDArray[np.float64]:
    """The array in float64. DataError for what holds other things than numbers; complex ones would lose their second half in silence."""
    try:
        given = np.asarray(values)
        if given.dtype.kind == "c":
            raise TypeError("complex numbers")
        if given.dtype.kind in "OSU" and any("_" in str(value) for value in given.flat if isinstance(value, str | bytes)):
            raise ValueError("a text with an underscore")  # which numpy takes for a number
        return np.asarray(given, dtype=np.float64)
    except MemoryError:
        raise
    except Exception as error:  # an object's own way to become an array can raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{name} of type {type(values).__name__} holds values that are not numbers ({reason[:120]}). {remedy}") from None
