"""The ledger of a fit: its stages with seconds, errors and sizes, as a tuple that shows itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from motifnet.engine import LedgerRow, aligned
from motifnet.plots import Axes, draw_stages, html_block, html_table

if TYPE_CHECKING:
    from pandas import DataFrame

NOTE = 60  # characters of a note in plain text
HEADS = ("stage", "seconds", "error", "parameters", "kept", "")


class Ledger(tuple[LedgerRow, ...]):
    """The rows of a ledger in their order; `unit` says what an error is.

    `print` shows a table, a notebook too.
    """

    unit: str

    def __new__(cls, rows: Iterable[LedgerRow], unit: str = "error") -> Self:
        self = super().__new__(cls, rows)
        self.unit = unit
        return self

    def __getnewargs__(self) -> tuple[tuple[LedgerRow, ...], str]:  # for pickle and copy
        return tuple(self), self.unit

    def to_frame(self) -> DataFrame:
        """A data frame with the columns stage, seconds, error, parameters, kept and note."""
        import pandas as pd

        columns = list(LedgerRow.__dataclass_fields__)
        return pd.DataFrame([row.as_dict() for row in self], columns=columns)

    def plot(self, ax: Any = None) -> Axes:
        """Draw the error after each stage against the seconds of the fit.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes
            The line is the best model so far; stages that were not kept are hollow.

        Raises
        ------
        UsageError
            If `ax` is no Axes.
        """
        return draw_stages(
            [row.stage for row in self],
            [row.seconds for row in self],
            [row.error for row in self],
            [row.kept for row in self],
            ax,
            label=self.unit,
        )

    def cells(self) -> list[tuple[str, ...]]:
        """Rows of the table, as text."""
        return [
            (
                row.stage,
                f"{row.seconds:.2f}",
                f"{row.error:.4f}",
                f"{row.parameters:,}",
                # the profile is no model that could be kept
                "" if row.stage == "profile" else "yes" if row.kept else "no",
                row.note,
            )
            for row in self
        ]

    @property
    def _head(self) -> str:
        seconds = sum(row.seconds for row in self)
        kept = [row.error for row in self if row.kept]
        last = f", {self.unit} {kept[-1]:.4g}" if kept else ""
        return f"{len(self)} stages in {seconds:.1f} s{last}"

    def __repr__(self) -> str:
        return f"Ledger of {self._head}; print() shows it"

    def __str__(self) -> str:
        rows = [
            (*row[:-1], row[-1] if len(row[-1]) <= NOTE else row[-1][: NOTE - 1] + "…")
            for row in self.cells()
        ]
        return "\n".join([*aligned([HEADS, *rows], (1, 2, 3)), "", self._head])

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        return html_block("Ledger", [self._head], html_table(HEADS, self.cells(), (1, 2, 3)))
