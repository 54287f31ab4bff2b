"""From exceptions and warnings to lines on standard error and exit codes.

0 done · 1 an error of motifnet itself · 2 wrong use · 3 wrong data · 4 not enough memory or disk · 130 Ctrl-C · 141 standard output has no reader
"""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import typer

from motifnet.cli._main import INTERRUPTED
from motifnet.cli._streams import NO_ROOM, StreamError
from motifnet.cli._text import note
from motifnet.engine import MotifnetError, MotifnetWarning

INTERNAL = 1
P = ParamSpec("P")


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """The command, ending with an exit code and one line instead of a traceback; its option `debug` shows the traceback as well."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with _short_warnings():
                command(*args, **kwargs)
                sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, typer.Exit | StreamError):
                raise
            if kwargs.get("debug"):
                traceback.print_exc()
            raise typer.Exit(_report(error)) from None

    return run


def _report(error: BaseException) -> int:
    """Say what went wrong; the exit code."""
    match error:
        case MotifnetError():
            note("error", str(error))
            return error.exit_code
        case KeyboardInterrupt():
            note("stopped", "by Ctrl-C")
            return INTERRUPTED
        case MemoryError():
            note("error", "there is not enough memory. Use fewer rows, --preset fast or --jobs 1.")
            return NO_ROOM
    note("error", f"inside motifnet, {type(error).__name__}: {error}. Please report it, with what --debug prints.")
    return INTERNAL


@contextmanager
def _short_warnings() -> Iterator[None]:
    """Print our warnings as one line each; those of other libraries are for programmers."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        note("warning", str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", MotifnetWarning)
        warnings.showwarning = show
        yield
