"""The stages of a fit: error against seconds.

A line follows the error of the best model so far. A stage is a point at its end: filled if its
result was kept, hollow if not. Names stand in a column at the right, the largest error first, as
the last stages often end within one second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motifnet.plots._axes import (
    COLOURS,
    FAINT,
    PALE,
    SMALL,
    Axes,
    fitting,
    new_axes,
    outside_legend,
)

LINE = 0.175  # inches between two names


def draw_stages(
    names: Sequence[str],
    seconds: Sequence[float],
    errors: Sequence[float],
    kept: Sequence[bool],
    ax: Any = None,
    *,
    label: str,
) -> Axes:
    """Draw stages that took `seconds` each, one after the other. `label` names the error."""
    ax = new_axes(ax, width=7.2, height=max(3.2, 0.9 + LINE * len(names)))
    ends = np.cumsum(seconds)
    best = np.minimum.accumulate(np.where(kept, errors, np.inf))
    there = np.isfinite(best)
    ax.step(ends[there], best[there], where="post", color=COLOURS[0], linewidth=1.4, zorder=2)
    for wanted, face in ((True, COLOURS[0]), (False, "white")):
        chosen = np.asarray(kept, dtype=bool) == wanted
        ax.plot(
            ends[chosen],
            np.asarray(errors, dtype=float)[chosen],
            "o",
            markersize=5,
            color=COLOURS[0] if wanted else FAINT,
            markerfacecolor=face,
            label="kept" if wanted else "tried, not kept",
            zorder=3,
        )
    ax.set_xlabel("seconds of the fit", fontsize=SMALL + 1)
    ax.set_ylabel(label, fontsize=SMALL + 1)
    ax.set_xlim(left=0)
    outside_legend(ax, 0 if all(kept) else 2)
    _write_names(ax, names, ends, errors, kept)
    return ax


def _write_names(
    ax: Axes, names: Sequence[str], ends: Any, errors: Sequence[float], kept: Sequence[bool]
) -> None:
    """Names at the right, each joined to its point."""
    places = np.linspace(1, 0, len(names)) if len(names) > 1 else np.array([0.5])
    down = sorted(zip(names, ends, errors, kept, strict=True), key=lambda row: (-row[2], row[1]))
    for (name, x, y, keep), place in zip(down, places, strict=True):
        ax.annotate(
            f"{fitting(name)}  {y:.3g}",
            (x, y),
            xytext=(1.06, place),
            textcoords="axes fraction",
            va="center",
            fontsize=SMALL,
            color="0.15" if keep else FAINT,
            arrowprops={
                "arrowstyle": "-",
                "color": PALE,
                "linewidth": 0.6,
                "shrinkA": 1,
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )
