"""What an experiment of the lab hands back: its sentences, its numbers, and each comparison with theory, passed or not."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from motifnet.engine import UsageError, atomic_file
from motifnet.lab._seeds import Estimate


@dataclass(frozen=True)
class Check:
    """A measured value against what theory says; passed where measured ± 2 standard errors lies between low and high.

    expected: None where theory gives a direction and no number. no_effect: what would be measured were the claim false; it lies outside the bounds.
    """

    what: str
    measured: float
    expected: float | None
    low: float
    high: float
    error: float = 0.0
    no_effect: float | None = None

    def __post_init__(self) -> None:
        if self.no_effect is not None and self.low <= self.no_effect <= self.high:
            bounds = f"{self.low:.4g} to {self.high:.4g}"
            raise UsageError(f"The comparison {self.what!r} allows {bounds}, and {self.no_effect:.4g} is no effect. Give bounds that exclude it.")

    @classmethod
    def near(cls, what: str, measured: float, expected: float, within: float) -> Check:
        """Measured within a share of the expected value."""
        return cls(what, measured, expected, expected * (1 - within), expected * (1 + within))

    @classmethod
    def over_seeds(cls, what: str, measured: Estimate, expected: float | None, low: float, high: float, no_effect: float | None = None) -> Check:
        """Of a mean over seeds."""
        return cls(what, measured.value, expected, low, high, measured.error, no_effect)

    @property
    def passed(self) -> bool:
        return self.low <= self.measured - 2 * self.error and self.measured + 2 * self.error <= self.high

    @property
    def shown(self) -> str:
        """What was measured, ± two standard errors."""
        return f"{self.measured:.4g}" + (f" ± {2 * self.error:.2g}" if self.error else "")

    @property
    def allowed(self) -> str:
        if math.isinf(self.high):
            return f"at least {self.low:.4g}"
        return f"at most {self.high:.4g}" if self.low == 0 and self.expected is None else f"{self.low:.4g} to {self.high:.4g}"

    @property
    def sentence(self) -> str:
        theory = "" if self.expected is None else f"; theory says {self.expected:.4g}"
        return f"{self.what} is {self.shown}{theory}; allowed are {self.allowed}"


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
        """As NAME.json in the folder; a bound that is infinite is null."""
        told = asdict(self) | {"checks": [_finite(asdict(check)) | {"passed": check.passed} for check in self.checks]}
        with atomic_file(out / f"{self.name}.json") as temporary:
            temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Facts:
        """What `write` has written."""
        told = json.loads(path.read_text(encoding="utf-8"))
        checks = tuple(Check(**{f.name: _bound(f.name, check[f.name]) for f in fields(Check)}) for check in told.pop("checks"))
        return cls(**told | {"checks": checks, "sentences": tuple(told["sentences"]), "files": tuple(told["files"])})


def _finite(check: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in check.items()}


def _bound(name: str, value: Any) -> Any:
    absent = {"measured": math.nan, "error": math.nan, "low": -math.inf, "high": math.inf}
    return absent.get(name) if value is None else value
