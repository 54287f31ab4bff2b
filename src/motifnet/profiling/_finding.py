"""A finding: one result of the profile, as a number with its interval and as a sentence that changes a setting.

Every detector returns findings, also where there is nothing to be found. `found` is the answer of a test at the 5 % level, or,
for a finding that only measures, whether there was enough to measure with. A finding that is not found changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LEVEL = 0.05  # of the test of every detector
Setting = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """`value` with a 95 % interval, in `unit`; `setting`: what it changes and to what; `details`: all else that was measured, plain JSON."""

    detector: str
    value: float
    interval: tuple[float, float]
    unit: str
    found: bool
    verdict: str
    sentence: str
    setting: Setting = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; a number that is not known is None."""
        numbers = {"value": _number(self.value), "interval": [_number(v) for v in self.interval]}
        words = {"unit": self.unit, "found": bool(self.found), "verdict": self.verdict, "sentence": self.sentence}
        return {"detector": self.detector, **numbers, **words, "setting": dict(self.setting), "details": dict(self.details)}


def unreliable(detector: str, unit: str, sentence: str, verdict: str = "too few rows") -> Finding:
    """The finding of a detector that cannot say anything about this table."""
    nothing = float("nan")
    return Finding(detector, nothing, (nothing, nothing), unit, False, verdict, sentence)


def _number(value: float) -> float | None:
    return float(value) if abs(value) < float("inf") else None
