"""A picture of a density: a step curve of one column, a map of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motifnet.further.density._axes import Axis
from motifnet.further.density._choice import Chosen
from motifnet.plots import Axes, new_axes

_STRIP = 0.03  # width of the strip of classes, in units of the axes


def draw_density(part: Chosen, which: Sequence[int], ax: Any = None) -> Axes:
    """The marginal density of the axes `which`, one or two of those of the part."""
    ax = new_axes(ax, width=4.2, height=3.6)
    grid = part.density.grid
    others = tuple(i for i in range(len(grid.axes)) if i not in which)
    masses = part.density.masses.sum(others)
    axes, bins = [grid.axes[i] for i in which], [grid.bins[i] for i in which]
    density = masses if list(which) == sorted(which) else masses.T
    for axis, n in zip(axes, bins, strict=True):
        density = density / axis.measure(n)
    edges = [axis.edges(n) for axis, n in zip(axes, bins, strict=True)]
    if len(which) == 1:
        ax.stairs(density, edges[0], fill=True)
        ax.set(xlabel=axes[0].name, ylabel="density")
    else:
        mesh = ax.pcolormesh(*edges, density.T, cmap="cividis", vmin=0)
        ax.figure.colorbar(mesh, ax=ax, label="density")
        ax.set(xlabel=axes[0].name, ylabel=axes[1].name)
        if part.candidate.method == "partition":
            _draw_classes(ax, edges, [part.labels[i] for i in which])
    for axis, side in zip(axes, (ax.xaxis, ax.yaxis), strict=False):
        _name_levels(axis, side)
    return ax


def _draw_classes(ax: Any, edges: Sequence[Any], labels: Sequence[Any]) -> None:
    """Strips at the top and at the right side, a colour a class."""
    for label, edge, strip in zip(
        labels, edges, ([0, 1.01, 1, _STRIP], [1.01, 0, _STRIP, 1]), strict=True
    ):
        side = ax.inset_axes(strip)
        flat = label[None] if strip[2] == 1 else label[:, None]
        ends = (edge, np.array([0, 1])) if strip[2] == 1 else (np.array([0, 1]), edge)
        side.pcolormesh(*ends, flat, cmap="tab10", vmin=0, vmax=9)
        side.set_axis_off()


def _name_levels(axis: Axis, side: Any) -> None:
    if axis.levels is not None:
        side.set_ticks(range(len(axis.levels)), [str(level) for level in axis.levels])
