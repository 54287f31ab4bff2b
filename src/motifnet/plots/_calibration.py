"""Predicted probabilities, or levels of quantiles and intervals, against observed shares.

Points on the diagonal are calibrated. With n rows an observed share p has the 95 % interval of
Wilson (1927)

    (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n),   z = 1.96
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motifnet.engine import Matrix
from motifnet.plots._axes import COLOURS, FAINT, SMALL, Axes, fitting, new_axes

Z = 1.96


@dataclass(frozen=True)
class Observed:
    """A series with shape (G,): what was predicted, the observed shares, and the number of rows
    that each share is of.
    """

    name: str
    predicted: Matrix
    observed: Matrix
    rows: Matrix


def draw_calibration(
    series: Sequence[Observed], ax: Any = None, *, x_label: str, y_label: str, title: str = ""
) -> Axes:
    """Draw each series with intervals beside the diagonal."""
    ax = new_axes(ax, width=4.6, height=4.2)
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
    for j, one in enumerate(series):
        low, high = wilson(one.observed, one.rows)
        colour = COLOURS[j % len(COLOURS)]
        ax.errorbar(
            one.predicted,
            one.observed,
            yerr=np.maximum([one.observed - low, high - one.observed], 0),
            fmt="o-" if len(one.predicted) > 1 else "o",
            markersize=4.5,
            linewidth=1.2,
            elinewidth=1.0,
            color=colour,
            label=fitting(one.name, 40),
        )
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    ax.set_xlabel(x_label)
    ax.set_ylabel(fitting(y_label, 44))
    if len(series) > 1 or (series and series[0].name):
        ax.legend(loc="upper left", frameon=False, fontsize=SMALL)
    if title:
        ax.set_title(title, loc="left", fontsize=SMALL + 2)
    return ax


def wilson(share: Matrix, rows: Matrix) -> tuple[Matrix, Matrix]:
    """The ends of the intervals of observed shares, all with shape (G,)."""
    n = np.maximum(rows, 1e-12)
    middle = share + Z**2 / (2 * n)
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return (middle - half) / (1 + Z**2 / n), (middle + half) / (1 + Z**2 / n)
