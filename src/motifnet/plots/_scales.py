"""Values of different units in one picture: each row has a scale of its own, from its smallest to
its largest sensible value. The dot is the value, the bar its 95 % interval, the short line the
value that says "nothing found", where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motifnet.plots._axes import (
    COLOURS,
    FAINT,
    MARKED,
    PALE,
    SMALL,
    Axes,
    ends,
    fitting,
    new_axes,
    number,
)

ROOM = 0.06  # of a scale, before and after what it shows


@dataclass(frozen=True)
class Measured:
    """A value with its interval and unit, NaN where it is unknown; `scale` holds the ends of its
    scale, None for what the interval needs; `nothing` is the value of no effect.
    """

    name: str
    value: float
    interval: tuple[float, float]
    unit: str
    found: bool
    verdict: str
    scale: tuple[float | None, float | None] = (None, None)
    nothing: float | None = None


def draw_measured(rows: Sequence[Measured], ax: Any = None) -> Axes:
    """Draw rows from top to bottom: name, value on its scale, number, verdict."""
    ax = new_axes(ax, width=7.2, height=0.7 + 0.42 * max(len(rows), 2))
    for i, row in enumerate(rows):
        _draw_row(ax, i, row)
    ax.set_yticks(range(len(rows)), [fitting(row.name) for row in rows])
    ax.set(xlim=(0, 2.15), ylim=(len(rows) - 0.4, -0.6), xticks=[])
    ax.tick_params(axis="y", length=0)
    ax.grid(False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.set_title(
        "value and 95 % interval, each on its own scale   (red: found)"
        if any(row.found for row in rows)
        else "value and 95 % interval, each on its own scale",
        loc="left",
        fontsize=SMALL + 1,
        color=FAINT,
    )
    return ax


def _draw_row(ax: Axes, i: int, row: Measured) -> None:
    ax.plot([0, 1], [i, i], color=PALE, linewidth=0.8, zorder=1)
    text = row.verdict
    if np.isfinite(row.value):
        colour = MARKED if row.found else COLOURS[0]
        place = _scale_of(row)
        low, high = (place(v) if np.isfinite(v) else place(row.value) for v in row.interval)
        ax.plot([low, high], [i, i], color=colour, linewidth=3, alpha=0.45, zorder=2)
        ax.plot(place(row.value), i, "o", color=colour, markersize=6, zorder=3)
        if row.nothing is not None:
            ax.plot(place(row.nothing), i, "|", color=FAINT, markersize=11, zorder=2)
        text = f"{number(row.value)} {row.unit}\n{row.verdict}"
    ax.text(
        1.06,
        i,
        "\n".join(fitting(line, 52) for line in text.split("\n")),
        va="center",
        fontsize=SMALL,
        color="0.15" if row.found else FAINT,
        linespacing=1.15,
    )


def _scale_of(row: Measured) -> Any:
    """A function from values to places between 0 and 1."""
    known = [row.value, *row.interval, *([] if row.nothing is None else [row.nothing])]
    low, high = ends(known)
    low, high = (
        inner if wanted is None else wanted
        for inner, wanted in zip((low, high), row.scale, strict=True)
    )
    low, high = min(low, row.value), max(high, row.value)
    span = (high - low) or abs(row.value) or 1.0
    return lambda v: float(np.clip(ROOM + (1 - 2 * ROOM) * (v - low) / span, 0, 1))
