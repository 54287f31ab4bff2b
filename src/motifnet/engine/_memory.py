"""Memory that is not there, told as one error: numpy, torch and LightGBM each have their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from motifnet.engine._errors import ResourceError

_WORDS = ("allocate memory", "not enough memory", "bad_alloc")  # torch and LightGBM raise errors that are no MemoryError


@contextmanager
def memory_told(work: str, remedy: str) -> Iterator[None]:
    """Turn a failed allocation in the body into ResourceError: what did not fit, and what to do."""
    try:
        yield
    except ResourceError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or any(word in str(error) for word in _WORDS):
            raise ResourceError(
                f"There is not enough memory for {work} ({str(error).splitlines()[0] if str(error) else 'MemoryError'}). {remedy}"
            ) from error
        raise
