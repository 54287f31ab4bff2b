"""What an experiment of the lab hands back: its sentences, its numbers, and each comparison with theory, passed or not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Check:
    """A measured value against what theory says; passed where low ≤ measured ≤ high."""

    what: str
    measured: float
    expected: float
    low: float
    high: float

    @classmethod
    def near(cls, what: str, measured: float, expected: float, within: float) -> Check:
        """Measured within a share of the expected value."""
        return cls(what, measured, expected, expected * (1 - within), expected * (1 + within))

    @property
    def passed(self) -> bool:
        return self.low <= self.measured <= self.high


@dataclass(frozen=True)
class Facts:
    """One figure: `values` are the numbers that it draws, `files` its image files in the output folder."""

    name: str
    title: str
    quick: bool
    sentences: tuple[str, ...]
    checks: tuple[Check, ...]
    values: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def write(self, out: Path) -> None:
        """As NAME.json in the folder."""
        told = asdict(self) | {"checks": [asdict(check) | {"passed": check.passed} for check in self.checks]}
        (out / f"{self.name}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
