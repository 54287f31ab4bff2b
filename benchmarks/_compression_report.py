"""The report of the compression benchmark: loss, speed and size of the compressed networks, a table
and a picture.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

ALLOWED, GOAL = 0.02, 5.0
REFERENCES = ("full", "SVR")


def summary_table(rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """One line a table that has the full network, SVR and this compressed network."""
    wide = rows.pivot_table(
        index="set",
        columns="method",
        values=["nrmse", "seconds", "bytes", "units", "leaves", "inside"],
        sort=False,
    )
    if not {method, *REFERENCES} <= set(wide["nrmse"].columns):
        return pd.DataFrame()
    wide = wide.dropna(subset=[("nrmse", name) for name in (method, *REFERENCES)])
    return pd.DataFrame(
        {
            "rows": rows.drop_duplicates("set").set_index("set").rows.loc[wide.index],
            "full units": wide["units", "full"],
            "units": wide["units", method],
            "leaves": wide["leaves", method],
            "nRMSE full": wide["nrmse", "full"],
            "nRMSE": wide["nrmse", method],
            "loss": wide["nrmse", method] / wide["nrmse", "full"] - 1,
            "nRMSE SVR": wide["nrmse", "SVR"],
            "s full": wide["seconds", "full"],
            "s": wide["seconds", method],
            "s SVR": wide["seconds", "SVR"],
            "SVR / s": wide["seconds", "SVR"] / wide["seconds", method],
            "kB full": wide["bytes", "full"] / 1000,
            "kB": wide["bytes", method] / 1000,
            "kB SVR": wide["bytes", "SVR"] / 1000,
            "rows inside": wide["inside", method],
        }
    )


def report(rows: pd.DataFrame) -> str:
    """Markdown from the rows of compression.csv."""
    sizes = [name for name in rows.method.unique() if name not in REFERENCES]
    tables = {name: table for name in sizes if len(table := summary_table(rows, name))}
    if not tables:
        return "No table is finished yet.\n"
    first = rows.iloc[0]
    text = f"# Compression\n\nPreset {first.preset}, at most {first.cap:,} training rows, one split; CPU seconds of one thread for 100,000 rows.\n"
    return "\n".join(
        [
            text,
            *(
                f"## {name.capitalize()}\n\n{_markdown(table)}\n\n{_verdict(table)}\n"
                for name, table in tables.items()
            ),
        ]
    )


def _verdict(table: pd.DataFrame) -> str:
    faster, gain = table["SVR / s"], table["s full"] / table.s
    return "\n".join(
        [
            f"- at most {ALLOWED:.0%} above the full network's error on "
            f"**{int((table.loss <= ALLOWED).sum())} of {len(table)}**; "
            f"median {table.loss.median():+.1%}, largest {table.loss.max():+.1%}",
            f"- at least {GOAL:g} times faster than SVR on **{int((faster >= GOAL).sum())} of "
            f"{len(table)}**; "
            f"geometric mean **{np.exp(np.log(faster).mean()):.1f}**, all tables together "
            f"{table['s SVR'].sum() / table.s.sum():.1f}",
            f"- faster than the full network: geometric mean {np.exp(np.log(gain).mean()):.0f}",
            f"- size on disk: {np.exp(np.log(table['kB full'] / table.kB).mean()):.0f} times "
            "smaller than the full network (geometric mean)",
            f"- training rows inside: {int(table['rows inside'].sum())}",
        ]
    )


def _markdown(table: pd.DataFrame) -> str:
    def cell(name: str, value: float) -> str:
        if name == "loss":
            return f"{value:+.1%}"
        if name.startswith("nRMSE"):
            return f"{value:.4f}"
        return (
            f"{value:.2f}"
            if name == "s"
            else f"{value:.1f}"
            if name in ("s full", "s SVR", "SVR / s")
            else f"{value:,.0f}"
        )

    head = ["set", *table.columns]
    body = [
        [str(index), *(cell(c, line[c]) for c in table.columns)] for index, line in table.iterrows()
    ]
    return "\n".join(
        ["| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *body]]
    )


def picture(rows: pd.DataFrame, path: Path) -> None:
    """Speed in units of SVR's against error relative to the full network, one line a table through
    its sizes.
    """
    sizes = [name for name in rows.method.unique() if name not in REFERENCES]
    tables = {name: summary_table(rows, name) for name in sizes}
    names = list(dict.fromkeys(name for table in tables.values() for name in table.index))
    with matplotlib.rc_context({"svg.hashsalt": "motifnet"}):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axis = figure.subplots()
        for i, name in enumerate(names):
            points = [
                (table["SVR / s"][name], 100 * table.loss[name])
                for table in tables.values()
                if name in table.index
            ]
            axis.plot(
                *zip(*points, strict=True), "o-", color=f"C{i % 10}", markersize=4, linewidth=0.8
            )
            axis.annotate(
                name, points[-1], xytext=(4, 3), textcoords="offset points", fontsize="x-small"
            )
        axis.axhline(100 * ALLOWED, color="0.7", zorder=0)
        axis.axvline(GOAL, color="0.7", zorder=0)
        axis.set_xscale("log")
        axis.margins(x=0.1)
        axis.set(xlabel="times faster than SVR.predict", ylabel="% above the full network's error")
        figure.savefig(path, format="svg", metadata={"Date": None})
