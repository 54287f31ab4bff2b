"""A comparison as a picture: one line a method, a dot a split, a bar at the mean, the best on top."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from motifnet.compare._registry import METHODS
from motifnet.compare._summary import complete, score_of

COLOURS = {"ours": "C3", "default": "C0", "strong": "C7"}


def picture(rows: pd.DataFrame, path: Path, title: str) -> None:
    """Write the picture as SVG; the same rows give the same file."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "motifnet"}):
        from matplotlib.figure import Figure

        score, done = score_of(rows), complete(rows)
        order = list(done.groupby("method")[score].mean().sort_values(ascending=False).index)
        figure = Figure(figsize=(6.5, 1 + 0.32 * len(order)), layout="constrained")
        axis = figure.subplots()
        for height, name in enumerate(order):
            values, colour = done.loc[done.method == name, score], COLOURS[METHODS[name].kind]
            axis.plot(values, [height] * len(values), "o", color=colour, alpha=0.45, markersize=5)
            axis.plot(values.mean(), height, "|", color=colour, markersize=16, markeredgewidth=2.5)
        axis.set_yticks(range(len(order)), [METHODS[name].label for name in order])
        axis.set(title=title, xlabel="log loss on test rows" if score == "log_loss" else "nRMSE on test rows")
        axis.grid(axis="x", alpha=0.3)
        figure.savefig(path, format="svg", metadata={"Date": None})
