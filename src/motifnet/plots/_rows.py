"""One bar for each name, from an origin to its value: importances, interactions, groups of rows,
columns that moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from motifnet.plots._axes import (
    COLOURS,
    FAINT,
    MARKED,
    NAME,
    PALE,
    SMALL,
    Axes,
    fitting,
    fitting_names,
    more,
    new_axes,
)

MAX_ROWS = 15
NOTE = 44  # characters of a note at a bar
LONG = 40  # of names that are made of two


@dataclass(frozen=True)
class Row:
    """A bar: its value, the half width of its 95 % interval, whether it is marked or pale, and a
    note at its end.
    """

    name: str
    value: float
    half_width: float | None = None
    marked: bool = False
    pale: bool = False
    note: str = ""


def draw_rows(
    rows: Sequence[Row],
    ax: Any = None,
    *,
    label: str,
    word: str,
    title: str = "",
    origin: float = 0.0,
    nothing: str = "nothing to show",
    letters: int = NAME,
) -> Axes:
    """Draw the first `MAX_ROWS` rows from top to bottom. `label` names the axis of values, `word`
    what a row is, for the remark on rows that are not shown. Names are cut to `letters`.
    """
    shown = rows[:MAX_ROWS]
    ax = new_axes(ax, height=1.0 + 0.27 * max(len(shown), 3))
    if not shown:
        ax.text(0.5, 0.5, nothing, ha="center", va="center", transform=ax.transAxes, color=FAINT)
        ax.set(xticks=[], yticks=[], xlabel=label)
        return ax
    places = list(range(len(shown)))
    colours = [MARKED if row.marked else PALE if row.pale else COLOURS[0] for row in shown]
    values = [row.value for row in shown]
    ax.barh(places, [v - origin for v in values], left=origin, color=colours, height=0.62)
    _draw_intervals(ax, shown)
    ax.axvline(origin, color=FAINT, linewidth=0.8)
    ax.set_yticks(places, fitting_names((row.name for row in shown), letters), fontsize=SMALL + 1)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(label + more(len(rows) - len(shown), word), fontsize=SMALL + 1)
    if title:
        ax.set_title(title, loc="left", fontsize=SMALL + 2)
    _write_notes(ax, shown, origin)
    return ax


def _draw_intervals(ax: Axes, rows: Sequence[Row]) -> None:
    known = [
        (row.value, i, row.half_width) for i, row in enumerate(rows) if row.half_width is not None
    ]
    if known:
        values, places, half_widths = zip(*known, strict=True)
        ax.errorbar(
            values,
            places,
            xerr=half_widths,
            fmt="none",
            ecolor="0.25",
            elinewidth=1.2,
        )


def _write_notes(ax: Axes, rows: Sequence[Row], origin: float) -> None:
    """Notes beyond the longest bar, so that no two parts overlap."""
    if not any(row.note for row in rows):
        return
    end = max(max(row.value + (row.half_width or 0) for row in rows), origin)
    start = min(min(row.value - (row.half_width or 0) for row in rows), origin)
    span = (end - start) or 1.0
    ax.set_xlim(start - 0.03 * span * (start < origin), end + 0.9 * span)
    for i, row in enumerate(rows):
        ax.annotate(
            fitting(row.note, NOTE),
            (max(row.value + (row.half_width or 0), origin), i),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=MARKED if row.marked else FAINT,
        )
