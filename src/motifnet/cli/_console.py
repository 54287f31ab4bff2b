"""Output of a command on the terminal: lines, tables, and one line for an error or a warning.

Names and values from files are printed without markup and control characters. `guarded` turns an
exception of a command into a line on standard error and an exit code:

    0 done · 1 an error of motifnet itself · 2 wrong use · 3 wrong data
    4 not enough memory or disk · 130 Ctrl-C · 141 standard output has no reader
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
from rich.console import Console
from rich.table import Table
from rich.text import Text

from motifnet.cli._main import INTERRUPTED, NO_ROOM, StreamError
from motifnet.engine import LedgerRow, MotifnetError, MotifnetWarning, printable

INTERNAL = 1
P = ParamSpec("P")
_STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "stopped": "bold yellow",
    "note": "bold cyan",
}


def note(kind: str, text: str) -> None:
    """One line on standard error: error, warning, stopped or note."""
    _print(
        Console(stderr=True, highlight=False),
        Text(f"{kind}: ", style=_STYLES[kind]).append(printable(text), style="default not bold"),
    )


def say(text: object = "", style: str = "") -> None:
    """Lines on standard output, without markup."""
    _print(Console(highlight=False), Text(printable(text), style=style))


def _print(console: Console, text: Text) -> None:
    """Break lines between words on a terminal only."""
    console.print(text, soft_wrap=not console.is_terminal)


def say_table(
    headers: tuple[str, ...], rows: list[tuple[object, ...]], right: tuple[int, ...] = ()
) -> None:
    """A table on standard output; columns of `right` are right-aligned."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i, header in enumerate(headers):
        table.add_column(header, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(highlight=False).print(table)


def say_ledger(rows: tuple[LedgerRow, ...]) -> None:
    """The stages of a fit."""
    cells: list[tuple[object, ...]] = [
        (
            row.stage,
            f"{row.seconds:.2f}",
            f"{row.error:.4f}",
            f"{row.parameters:,}",
            "" if row.stage == "profile" else "yes" if row.kept else "no",
            row.note,
        )
        for row in rows
    ]
    say_table(("stage", "seconds", "error", "parameters", "kept", ""), cells, right=(1, 2, 3))


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """The command, which ends with an exit code and one line instead of a traceback. Its option
    `debug` shows the traceback as well.
    """

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
    """Print what went wrong, and return the exit code."""
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
    note(
        "error",
        f"inside motifnet, {type(error).__name__}: {error}. Please report it, with what "
        "--debug prints.",
    )
    return INTERNAL


@contextmanager
def _short_warnings() -> Iterator[None]:
    """Print our warnings as one line each, and hide those of other libraries."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        note("warning", str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", MotifnetWarning)
        warnings.showwarning = show
        yield
