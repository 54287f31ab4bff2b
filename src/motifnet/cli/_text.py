"""Text on the terminal. Names and values from files are printed as they are, without markup and without control characters."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from motifnet.engine import LedgerRow, printable

_STYLES = {"error": "bold red", "warning": "bold yellow", "stopped": "bold yellow", "note": "bold cyan"}


def note(kind: str, text: str) -> None:
    """One line on standard error: error, warning, stopped or note."""
    _print(Console(stderr=True, highlight=False), Text(f"{kind}: ", style=_STYLES[kind]).append(printable(text), style="default not bold"))


def say(text: object = "", style: str = "") -> None:
    """Lines on standard output, without markup."""
    _print(Console(highlight=False), Text(printable(text), style=style))


def _print(console: Console, text: Text) -> None:
    """Broken between words on a terminal; in a file or a pipe a line stays a line."""
    console.print(text, soft_wrap=not console.is_terminal)


def say_table(headers: tuple[str, ...], rows: list[tuple[object, ...]], right: tuple[int, ...] = ()) -> None:
    """A table on standard output; columns of `right` are set to the right."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i, header in enumerate(headers):
        table.add_column(header, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(highlight=False).print(table)


def say_ledger(rows: tuple[LedgerRow, ...]) -> None:
    """The stages of a fit."""
    cells: list[tuple[object, ...]] = [
        (row.stage, f"{row.seconds:.2f}", f"{row.error:.4f}", f"{row.parameters:,}", "yes" if row.kept else "no", row.note) for row in rows
    ]
    say_table(("stage", "seconds", "error", "parameters", "kept", ""), cells, right=(1, 2, 3))
