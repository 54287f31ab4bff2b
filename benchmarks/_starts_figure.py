"""The figure of `benchmarks.starts`: error along the seconds above, the share of cases at the
target below, one column an architecture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._starts_statistics import times, with_ratios
from motifnet.lab.race import Mean, survival


def picture(rows: pd.DataFrame, path: Path) -> None:
    """Write the figure as SVG, or as what the path's ending says."""
    import matplotlib
    from matplotlib.figure import Figure

    networks = list(dict.fromkeys(rows.network))
    colours = {start: f"C{i}" for i, start in enumerate(dict.fromkeys(rows.start))}
    with matplotlib.rc_context({"svg.hashsalt": "motifnet"}):
        figure = Figure(figsize=(5 * len(networks), 7), layout="constrained")
        axes = figure.subplots(2, len(networks), squeeze=False, sharex=True)
        for column, network in enumerate(networks):
            part = rows[rows.network == network]
            _errors(axes[0, column], part, colours)
            _arrivals(axes[1, column], part, colours)
            axes[0, column].set_title(f"{network}: {part.groupby(['set', 'split']).ngroups} cases")
        axes[0, 0].set_ylabel("error / least of the case")
        axes[1, 0].set_ylabel("share of cases at the target")
        figure.legend(
            *axes[0, 0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=len(colours),
            frameon=False,
        )
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _errors(axis: Any, rows: pd.DataFrame, colours: dict[str, str]) -> None:
    """Geometric means over tables with a standard error, at the geometric mean of the seconds."""
    for start, curve in with_ratios(rows).groupby("start", sort=False):
        x, middle, spread = [], [], []
        for _, part in curve.groupby("steps"):
            mean = Mean.of(np.log(part.ratio).groupby(part.set).mean())
            x.append(np.exp(np.log(part.seconds.clip(lower=1e-3)).mean()))
            middle.append(mean.value)
            spread.append(np.nan_to_num(mean.standard_error))
        low, high = (np.exp(np.array(middle) + sign * np.array(spread)) for sign in (-1, 1))
        axis.plot(x, np.exp(middle), "o-", color=colours[start], label=start, markersize=3)
        axis.fill_between(x, low, high, color=colours[start], alpha=0.15, linewidth=0)
    axis.axhline(1.02, color="0.6", linestyle=":")
    axis.set(xscale="log", yscale="log")
    axis.set_yticks([1, 1.1, 1.25, 1.5, 2, 3], ["1", "1.1", "1.25", "1.5", "2", "3"])
    axis.set_yticks([], minor=True)


def _arrivals(axis: Any, rows: pd.DataFrame, colours: dict[str, str]) -> None:
    """Kaplan and Meier's curves, to the longest seconds of each start."""
    for start, part in times(rows).groupby("start", sort=False):
        arrivals, share = survival(part)
        x = np.concatenate([[part.seconds.min() / 2], arrivals, [part.seconds.max()]])
        axis.step(
            x,
            np.concatenate([[0], 1 - share, 1 - share[-1:] if len(share) else [0]]),
            where="post",
            color=colours[start],
        )
    axis.set(xscale="log", ylim=(-0.02, 1.02), xlabel="CPU seconds of training and solution")
