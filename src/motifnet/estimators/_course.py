"""The course of a fit: its stages with seconds and out-of-fold errors, the networks along the way, and the best so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from motifnet.engine import Control, LedgerRow
from motifnet.estimators._goal import Goal, Judged
from motifnet.motifs import Motif, count_parameters
from motifnet.stacking import predicted


@dataclass(frozen=True)
class Stage:
    """A network along the way: the stage after which it stood, seconds since the start of the fit, and the network."""

    name: str
    seconds: float
    network: Motif


@dataclass
class Course:
    """`listen` gets the name of a stage before it, and its row of the ledger after it."""

    goal: Goal
    control: Control
    listen: Callable[[str, LedgerRow | None], None]
    best: Judged | None = None
    ledger: list[LedgerRow] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)

    def start(self, stage: str) -> float:
        """The time, for `settle`."""
        self.listen(stage, None)
        return time.monotonic()

    def settle(self, stage: str, start: float, judged: Judged, note: str, kept: bool | None = None) -> bool:
        """Enter a stage into the ledger; keep its result if its out-of-fold error is lower on the rows for which both have one, or as `kept` says."""
        if kept is None:
            kept = self.best is None or self._lower(judged, self.best)
        network = self.goal.network(judged)
        if kept:
            self.best = judged
        note = "; ".join(filter(None, [note, self.goal.remark(judged)]))
        self.enter(LedgerRow(stage, time.monotonic() - start, judged.error, count_parameters(network), kept, note))
        self.stages.append(Stage(stage, time.monotonic() - self.control.start, network))
        return kept

    def seconds_of(self, stage: str) -> float:
        """What a stage has taken so far."""
        return sum(row.seconds for row in self.ledger if row.stage == stage)

    def leave_out(self, stage: str, why: str) -> None:
        """A stage that did not run, or not to its end: what stands is the best so far."""
        if self.best is not None:
            self.enter(LedgerRow(stage, 0.0, self.best.error, 0, False, why))

    def enter(self, row: LedgerRow) -> None:
        """A row of the ledger."""
        self.ledger.append(row)
        self.listen(row.stage, row)

    def _lower(self, one: Judged, other: Judged) -> bool:
        both = predicted(one.oof) & predicted(other.oof)
        return self.goal.error(one.oof, both) < self.goal.error(other.oof, both)
