"""The effects of columns on the prediction, a panel for each column, on one scale of values.

Numbers and dates have a curve with its band and marks where rows are; levels have a dot with its
interval. Several outputs have a colour each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, UsageError
from motifnet.plots._axes import (
    COLOURS,
    FAINT,
    SMALL,
    Axes,
    check_axes,
    fitting,
    fitting_names,
    new_axes,
    new_grid,
    outside_legend,
)

MAX_LINES = len(COLOURS)
LONG = 7  # characters of levels that stand side by side without being turned


@dataclass(frozen=True)
class EffectPanel:
    """The effect of a column at G values: `at` are numbers, dates as ISO strings, or levels;
    `value` and `half_width`, of the 95 % band, have shape (G, q) for q outputs.
    """

    name: str
    kind: str
    at: tuple[Any, ...]
    value: Matrix
    half_width: Matrix

    @property
    def ordered(self) -> bool:
        """Whether `at` has numbers or dates."""
        return self.kind == "date" or all(isinstance(value, int | float) for value in self.at)


def draw_effects(
    panels: Sequence[EffectPanel], outputs: Sequence[str], ax: Any = None, *, label: str
) -> list[Axes]:
    """Draw a panel for each column; `outputs` names the q outputs, `label` the axis of values.

    Raises UsageError where `ax` does not have an Axes for each panel.
    """
    axes = _axes_for(len(panels), ax)
    shown = min(len(outputs), MAX_LINES)
    for panel, one in zip(panels, axes, strict=True):
        draw = _draw_curve if panel.ordered else _draw_levels
        draw(one, panel, shown, outputs)
        one.axhline(0, color=FAINT, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
        one.set_xlabel(fitting(panel.name, 34), fontsize=SMALL + 1)
        one.tick_params(labelsize=SMALL)
    for one in axes:
        spec = one.get_subplotspec()
        if ax is not None or spec is None or spec.is_first_col():
            one.set_ylabel(fitting(label, 34), fontsize=SMALL + 1)
    outside_legend(axes[0], shown)
    return axes


def _axes_for(count: int, ax: Any) -> list[Axes]:
    if ax is None:
        return [new_axes(height=3.4, width=4.6)] if count == 1 else new_grid(count)
    passed = [check_axes(one) for one in np.atleast_1d(np.asarray(ax, dtype=object)).ravel()]
    if len(passed) != count:
        raise UsageError(
            f"ax has {len(passed)} axes for {count} columns. Pass one for each column, or leave ax "
            "out."
        )
    return passed


def _draw_curve(ax: Axes, panel: EffectPanel, shown: int, outputs: Sequence[str]) -> None:
    at: NDArray[Any] = np.asarray(panel.at, dtype="datetime64[s]" if panel.kind == "date" else None)
    for j in range(shown):
        value, half = panel.value[:, j], panel.half_width[:, j]
        ax.fill_between(at, value - half, value + half, color=COLOURS[j], alpha=0.18, linewidth=0)
        ax.plot(at, value, color=COLOURS[j], linewidth=1.6, label=fitting(outputs[j]))
    ax.plot(
        at,
        np.zeros(len(at)),
        "|",
        color=FAINT,
        markersize=5,
        transform=ax.get_xaxis_transform(),
        clip_on=False,
    )
    if panel.kind == "date":
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=2, maxticks=5)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    else:
        ax.locator_params(axis="x", nbins=5)


def _draw_levels(ax: Axes, panel: EffectPanel, shown: int, outputs: Sequence[str]) -> None:
    places = np.arange(len(panel.at))
    for j in range(shown):
        aside = (j - (shown - 1) / 2) * 0.6 / max(shown, 2)
        ax.errorbar(
            places + aside,
            panel.value[:, j],
            yerr=panel.half_width[:, j],
            fmt="o",
            markersize=5,
            color=COLOURS[j],
            label=fitting(outputs[j]),
        )
    names = fitting_names(panel.at, 16)
    turned = sum(max(len(name), 2) for name in names) > 4 * LONG
    ax.set_xticks(places, names, rotation=40 if turned else 0, ha="right" if turned else "center")
    if turned:
        for text in ax.get_xticklabels():
            text.set_rotation_mode("anchor")
    ax.set_xlim(-0.6, len(panel.at) - 0.4)
    ax.grid(False, axis="x")
