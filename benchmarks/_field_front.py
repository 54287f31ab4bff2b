"""Error against CPU seconds: a point a method, and the Pareto front of those that no other method
beats in both.

Of each method the geometric mean over the tables of its CPU seconds a fit, and of its error
relative to LightGBM. Only methods that finished every table have a point: means over different
tables cannot be compared.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks._field_rows import error_table, finished
from motifnet.compare import METHODS

BASE = "lightgbm"
ROOM = 4  # for the last label
COLOURS = {"ours": "C3", "default": "C0", "strong": "C7"}


def cost_and_error(rows: pd.DataFrame) -> pd.DataFrame:
    """CPU seconds, error / LightGBM, and whether a method is on the front, the cheapest first;
    empty without LightGBM on every table.
    """
    errors = error_table(rows).dropna(axis=1)
    if BASE not in errors:
        return pd.DataFrame()
    seconds = (
        finished(rows)
        .pivot_table(index="set", columns="method", values="cpu_seconds")
        .loc[errors.index, list(errors)]
    )
    table = pd.DataFrame(
        {
            "CPU s": _geometric(seconds),
            "error / LightGBM": _geometric(errors.div(errors[BASE], axis=0)),
        }
    ).rename_axis("method")
    table = table.sort_values(["CPU s", "error / LightGBM"])
    error = table["error / LightGBM"]
    best_before = error.cummin().shift(fill_value=np.inf)
    return table.assign(front=np.where(error < best_before, "*", ""))


def picture_of_front(rows: pd.DataFrame, path: Path) -> None:
    """Write the picture as SVG; nothing where there is no point."""
    table = cost_and_error(rows)
    if table.empty:
        return
    with matplotlib.rc_context({"svg.hashsalt": "motifnet"}):
        figure = Figure(figsize=(7, 5), layout="constrained")
        axis = figure.subplots()
        front = table[table.front == "*"]
        axis.step(front["CPU s"], front["error / LightGBM"], where="post", color="0.6", zorder=0)
        for name, seconds, error, _ in table.itertuples():
            method = METHODS[str(name)]
            axis.plot(
                seconds, error, "D" if method.kind == "ours" else "o", color=COLOURS[method.kind]
            )
            axis.annotate(
                method.label,
                (seconds, error),
                xytext=(4, 4),
                textcoords="offset points",
                fontsize="small",
            )
        axis.set_xscale("log")
        axis.set_xlim(right=axis.get_xlim()[1] * ROOM)
        axis.set(
            xlabel="CPU seconds of a fit",
            ylabel="error / LightGBM",
            title=f"Geometric means over {rows.set.nunique()} tables",
        )
        axis.grid(alpha=0.3)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _geometric(table: pd.DataFrame) -> pd.Series:
    return np.exp(np.log(table).mean())
