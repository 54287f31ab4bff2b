"""Progress on standard error: the stage that runs, and each ledger row as it is entered: seconds since the start, and the best error so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from motifnet.engine import LedgerRow

Listen = Callable[[str, LedgerRow | None], None]


@contextmanager
def progress(verbose: int) -> Iterator[Listen]:
    """A listener for the pipeline; silent when verbose is 0."""
    if not verbose:
        yield lambda stage, row: None
        return
    from rich.console import Console

    console, begin, best = Console(stderr=True), time.monotonic(), float("inf")
    with console.status("reading the table") as status:

        def listen(stage: str, row: LedgerRow | None) -> None:
            nonlocal best
            if row is None:
                status.update(f"{stage} (Ctrl-C keeps the best model so far)")
            else:
                mark = "[green]kept[/green]" if row.kept else "[dim]not kept[/dim]"
                best = row.error if row.kept else best
                text = f"{time.monotonic() - begin:7.1f} s   best {best:.4f}   {row.stage:<16} {row.error:.4f}   {mark}   {row.note}"
                console.print(text, no_wrap=True, overflow="ellipsis")

        yield listen


def tell(text: str, verbose: int) -> None:
    """A text on standard error; nothing when verbose is 0."""
    if verbose:
        from rich.console import Console

        Console(stderr=True, highlight=False).print(text, markup=False)
