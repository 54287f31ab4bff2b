"""The two panels of a race: errors against seconds as bands over splits, and the share of cases at the target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from motifnet.lab._draw import TRAINED
from motifnet.lab.race import OURS, RACERS, TARGET, at_seconds, finals, survival

PEERS = [method for method in RACERS if method not in OURS]
COLOURS = dict(zip(OURS, (TRAINED, "#6aaed6"), strict=True)) | dict(
    zip(PEERS, ("#c44e28", "#8a5a9e", "#d9962b", "#4f9a6c", "#9ac46c", "0.45", "#7f7f3a"), strict=True)
)


def draw_errors(axis: Any, points: pd.DataFrame, moments: int = 200) -> None:
    """Of one table: geometric means over the splits from where every split has a model, bands from the least to the largest, up to the last end."""
    for method, colour in COLOURS.items():
        curves = points[points.method == method]
        if curves.empty:
            continue
        seconds = np.geomspace(max(curves.seconds.min(), 1e-3), curves.seconds.max(), moments)
        errors = at_seconds(curves, seconds)
        there = np.isfinite(errors).all(0)
        seconds, errors = seconds[there], errors[:, there]
        axis.plot(seconds, np.exp(np.log(errors).mean(0)), color=colour, linewidth=1.6 if method in OURS else 1, label=method)
        if len(errors) > 1:
            axis.fill_between(seconds, errors.min(0), errors.max(0), color=colour, alpha=0.15, linewidth=0)
        axis.plot(seconds[-1], np.exp(np.log(errors[:, -1]).mean()), "o", color=colour, markersize=4)
    least = finals(points).groupby("split").error.min()
    axis.axhline(TARGET * float(np.exp(np.log(least).mean())), color="0.25", linestyle=":", linewidth=1)
    axis.set(xscale="log", yscale="log")


def draw_arrivals(axis: Any, table: pd.DataFrame) -> None:
    """Kaplan and Meier's share of cases at the target, of the times of all fits."""
    ends = table.seconds[np.isfinite(table.seconds)]
    low, high = float(ends.min()) / 2, float(ends.max()) * 1.3
    for method, colour in COLOURS.items():
        part = table[table.method == method]
        if part.empty:
            continue
        moments, share = survival(part, at_least=0.0)
        x = np.concatenate([[low], moments, [high]])
        y = np.concatenate([[0.0], 1 - share, 1 - share[-1:] if len(share) else [0.0]])
        axis.step(x, y, where="post", color=colour, linewidth=1.6 if method in OURS else 1, label=method)
    axis.set(xscale="log", ylim=(-0.02, 1.02))
