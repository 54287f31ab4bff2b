"""A waterfall chart: the way from one number to another, a bar for each step.

Each bar begins where the one above it ends. Steps beyond the largest are one bar together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motifnet.plots._axes import (
    COLOURS,
    FAINT,
    SMALL,
    Axes,
    fitting,
    fitting_names,
    new_axes,
    number,
)
from motifnet.plots._rows import LONG, Row

MAX_STEPS = 10


def draw_waterfall(
    steps: Sequence[Row], start: float, end: float, ax: Any = None, *, label: str
) -> Axes:
    """Draw the first `MAX_STEPS` steps from top to bottom, and the rest as one. Their values add up
    to end − start; `label` names the axis of values.
    """
    shown, rest = list(steps[:MAX_STEPS]), steps[MAX_STEPS:]
    if rest:
        shown.append(Row(f"{len(rest):,} other columns", sum(step.value for step in rest)))
    ax = new_axes(ax, height=1.3 + 0.3 * max(len(shown), 3))
    stops = start + np.cumsum([0.0, *(step.value for step in shown)])
    places = np.arange(len(shown))
    for i, step in enumerate(shown):
        colour = COLOURS[0] if step.value >= 0 else COLOURS[1]
        ax.barh(i, step.value, left=stops[i], color=colour, height=0.62)
        ax.plot([stops[i + 1]] * 2, [i, min(i + 1, len(shown) - 0.5)], color=FAINT, linewidth=0.8)
        if step.half_width is not None:
            ax.errorbar(
                stops[i + 1], i, xerr=step.half_width, fmt="none", ecolor="0.25", elinewidth=1.0
            )
    _write_sizes(ax, shown, stops)
    ax.axvline(start, color=FAINT, linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
    ax.set_yticks(places, fitting_names((step.name for step in shown), LONG), fontsize=SMALL + 1)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(fitting(label, 60), fontsize=SMALL + 1)
    title = f"mean prediction {number(start)}, this prediction {number(end)}"
    ax.set_title(title, loc="left", fontsize=SMALL + 2)
    return ax


def _write_sizes(ax: Axes, steps: Sequence[Row], stops: Any) -> None:
    """The size of each step at the right of its bar."""
    right = [max(stops[i], stops[i + 1] + (step.half_width or 0.0)) for i, step in enumerate(steps)]
    left = [min(stops[i], stops[i + 1] - (step.half_width or 0.0)) for i, step in enumerate(steps)]
    span = (max(right) - min(left)) or 1.0
    ax.set_xlim(min(left) - 0.04 * span, max(right) + 0.16 * span)
    for i, step in enumerate(steps):
        ax.annotate(
            f"{'−' if step.value < 0 else '+'}{number(abs(step.value))}",
            (right[i], i),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=FAINT,
        )
