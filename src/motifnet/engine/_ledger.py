"""The ledger: what each stage of a fit cost and what it was worth, by a score on rows that the stage has not seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class LedgerRow:
    """One stage: its wall-clock seconds, its honest (out-of-fold) error in units of sd(y) or log loss, its size, and whether it stayed."""

    stage: str
    seconds: float
    error: float
    parameters: int
    kept: bool
    note: str = ""

    def as_dict(self) -> dict[str, str | float | int | bool]:
        return asdict(self)
