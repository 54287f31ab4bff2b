"""The history of a fit, and its progress on standard error.

The history has the stages with their seconds and out-of-fold errors, the network after each stage,
and the best candidate. Progress prints a line for each row of the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from motifnet.engine import Control, LedgerRow
from motifnet.motifs import Motif, count_parameters
from motifnet.pipeline._goal import Goal, ScoredCandidate
from motifnet.stacking import predicted

Listen = Callable[[str, LedgerRow | None], None]


@dataclass(frozen=True)
class Stage:
    """The network after a stage: the stage's name, seconds since the start of the fit, and the
    network.
    """

    name: str
    seconds: float
    network: Motif = field(repr=False)


@dataclass
class History:
    """Records the stages of a fit. `listen` receives the name of a stage before it runs, and its
    row of the ledger after it.
    """

    goal: Goal
    control: Control
    listen: Listen
    best: ScoredCandidate | None = None
    ledger: list[LedgerRow] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)

    def start(self, stage: str) -> float:
        """Announce a stage; the time, for `record`."""
        self.listen(stage, None)
        return time.monotonic()

    def record(
        self, stage: str, start: float, scored: ScoredCandidate, note: str, kept: bool | None = None
    ) -> bool:
        """Enter a stage into the ledger. It becomes the best candidate if its error is lower on the
        rows for which both have predictions, or as `kept` says.
        """
        if kept is None:
            kept = self.best is None or self._lower(scored, self.best)
        network = self.goal.network(scored)
        if kept:
            self.best = scored
        note = "; ".join(filter(None, [note, self.goal.remark(scored)]))
        self.enter(
            LedgerRow(
                stage, time.monotonic() - start, scored.error, count_parameters(network), kept, note
            )
        )
        self.stages.append(Stage(stage, time.monotonic() - self.control.start, network))
        return kept

    def seconds_of(self, stage: str) -> float:
        """The seconds that a stage took."""
        return sum(row.seconds for row in self.ledger if row.stage == stage)

    def leave_out(self, stage: str, why: str) -> None:
        """Enter a stage that did not run to its end; the best candidate stays."""
        if self.best is not None:
            self.enter(LedgerRow(stage, 0.0, self.best.error, 0, False, why))

    def enter(self, row: LedgerRow) -> None:
        """Add a row to the ledger."""
        self.ledger.append(row)
        self.listen(row.stage, row)

    def _lower(self, one: ScoredCandidate, other: ScoredCandidate) -> bool:
        both = predicted(one.oof) & predicted(other.oof)
        return self.goal.error(one.oof, both) < self.goal.error(other.oof, both)


@contextmanager
def progress(verbose: int) -> Iterator[Listen]:
    """A listener that prints the stages as they run; silent when verbose is 0."""
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
                text = (
                    f"{time.monotonic() - begin:7.1f} s   best {best:.4f}   {row.stage:<16} "
                    f"{row.error:.4f}   {mark}   {row.note}"
                )
                console.print(text, no_wrap=True, overflow="ellipsis")

        yield listen


def print_line(text: str, verbose: int) -> None:
    """Print text on standard error, unless verbose is 0."""
    if verbose:
        from rich.console import Console

        Console(stderr=True, highlight=False).print(text, markup=False)
