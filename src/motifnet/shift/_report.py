"""The report of a check: tests, error, and a verdict in sentences."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from motifnet.shift._columns import ColumnShift
from motifnet.shift._error import LEAST_COVERED, LEAST_EFFECTIVE, ErrorShift

LEVEL = 0.05
_NAMED = 5


@dataclass(frozen=True)
class ShiftReport:
    """`columns`: all tests; `corrected`: their p-values, and `overall` that of all columns together, corrected so that with no shift at all the
    chance of anything at or below 0.05 is at most 5 %. `overall`, `distance` and `error` are None where the model holds no rows to compute them from.

    `rows`: number of new rows; `error_unit`: what errors are, in words.
    """

    rows: int
    columns: tuple[ColumnShift, ...]
    corrected: tuple[float, ...]
    overall: float | None
    distance: float | None
    error: ErrorShift | None
    error_unit: str

    @property
    def moved(self) -> tuple[str, ...]:
        """Columns whose values or gaps moved, the surest first."""
        found = sorted((p, i) for i, p in enumerate(self.corrected) if p <= LEVEL)
        return tuple(dict.fromkeys(self.columns[i].column for _, i in found))

    @property
    def shifted(self) -> bool:
        """Whether anything moved."""
        return bool(self.moved) or (self.overall is not None and self.overall <= LEVEL)

    @property
    def verdict(self) -> str:
        """What moved, and what it does to the error, in sentences."""
        return f"{self._what()} {self._effect()}".strip()

    def _what(self) -> str:
        moved = self.moved
        if moved:
            more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
            word = "column" if len(moved) == 1 else "columns"
            return f"The new rows differ from those of the fit in {len(moved)} {word}: {', '.join(moved[:_NAMED])}{more}."
        if self.shifted:
            return "The new rows differ from those of the fit: no column by itself, but the columns together."
        return f"No difference from the rows of the fit is to be seen in these {self.rows:,} rows."

    def _effect(self) -> str:
        error = self.error
        if error is None:
            return ""
        if not error.reliable:
            few = f"only {error.effective:.0f} {error.unit} of the fit" if error.effective < LEAST_EFFECTIVE else ""
            bare = f"only {error.covered:.0%} of the new rows lie where the fit had some" if error.covered < LEAST_COVERED else ""
            why = f"{few} are like them; {bare}" if few and bare else f"{few} are like them" if few else bare
            return f"What the error on them is cannot be said: {why}. Measure it on rows with a known target, or fit again with such rows."
        if not error.changed:
            return f"No change of the error is to be expected: about {error.after:.3g}, before {error.before:.3g} ({self.error_unit})."
        word, (low, high) = "rise" if error.after > error.before else "fall", error.interval
        return (
            f"The error is expected to {word} from {error.before:.3g} to about {error.after:.3g} ({low:.3g} to {high:.3g}; {self.error_unit}), "
            "if the target depends on the columns as before."
        )

    def cells(self) -> list[tuple[str, str, str, str, str, str]]:
        """Rows of a table, the smallest p-value first: column, what, before, after, distance, corrected p-value."""
        tests = sorted(zip(self.corrected, self.columns, strict=True), key=lambda test: (test[0], -test[1].distance))
        return [(t.column, t.what, t.before, t.after, f"{t.distance:.2f} {t.unit}", f"{p:.2g}" if p > 0 else "< 1e-300") for p, t in tests]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        tests = [{**asdict(test), "corrected": p} for p, test in zip(self.corrected, self.columns, strict=True)]
        together = {"pvalue": self.overall, "distance": self.distance}
        error = None if self.error is None else {**asdict(self.error), "interval": list(self.error.interval), "reliable": self.error.reliable}
        verdict = {"shifted": self.shifted, "moved": list(self.moved), "verdict": self.verdict}
        return {**verdict, "rows": self.rows, "columns": tests, "together": together, "error": error, "error_unit": self.error_unit}

    def __str__(self) -> str:
        rows = [("column", "", "before", "after", "distance", "p"), *self.cells()]
        widths = [max(len(row[i]) for row in rows) for i in range(6)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, *([] if self.overall is None else [f"all columns together: p = {self.overall:.2g}"]), "", self.verdict])
