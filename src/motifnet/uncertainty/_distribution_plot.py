"""Pictures of predictive distributions: a fan over rows, or the densities of a few rows."""

from __future__ import annotations

import numpy as np

from motifnet.engine import Matrix
from motifnet.plots import Axes
from motifnet.uncertainty._row_laws import Counts, RowLaw

BANDS = (0.95, 0.8, 0.5)
_POINTS, _ENDS = 201, (0.003, 0.997)


def draw_fan(law: RowLaw, y: Matrix | None, ax: Axes) -> None:
    """Bands and median of the rows in the order of their medians, and observations with shape
    (n,).
    """
    median = law.quantile(np.array([[0.5]]))[:, 0]
    order = np.argsort(median, kind="stable")
    rows = np.arange(1, len(order) + 1)
    for level in BANDS:
        low, high = law.quantile(np.array([[(1 - level) / 2, (1 + level) / 2]]))[order].T
        ax.fill_between(rows, low, high, color="C0", alpha=0.25, linewidth=0, label=f"{level:.0%}")
    ax.plot(rows, median[order], color="C0", label="median")
    if y is not None:
        ax.plot(rows, y[order], ".", color="C1", markersize=3, label="observed")
    ax.set_xlabel("rows, by their medians")


def draw_densities(law: RowLaw, y: Matrix | None, ax: Axes) -> None:
    """One curve for each row, with a dashed line at its observation; bars of counts."""
    ends = law.quantile(np.array([_ENDS]))
    points = ends[:, :1] + np.linspace(0, 1, _POINTS) * (ends[:, 1:] - ends[:, :1])
    counts = isinstance(law, Counts)
    points = np.rint(points) if counts else points
    for i, (at, density) in enumerate(zip(points, law.pdf(points), strict=True)):
        if counts:
            at, kept = np.unique(at, return_index=True)
            ax.plot(at, density[kept], "o-", color=f"C{i % 10}", markersize=3, label=f"row {i}")
        else:
            ax.plot(at, density, color=f"C{i % 10}", label=f"row {i}")
        if y is not None:
            ax.axvline(y[i], color=f"C{i % 10}", linestyle="--", linewidth=1)
    ax.set_ylabel("probability" if counts else "density")
