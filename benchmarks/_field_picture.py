"""The field as a picture: a line a table, the error of each method relative to the best default peer of that table."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from benchmarks._field_report import error_table
from motifnet.compare import METHODS

STYLES = {"ours": ("D", "C3"), "default": ("o", "C0"), "strong": ("|", "k")}
WORST = 2.0


def picture(rows: pd.DataFrame, path: Path) -> None:
    """Write the picture as SVG; what is worse than twice the best stands at the edge."""
    errors = error_table(rows)
    peers = [name for name in errors if METHODS[str(name)].kind == "default"]
    if not peers:
        return
    ratio = errors.div(errors[peers].min(axis=1), axis=0).clip(upper=WORST).iloc[::-1]
    with matplotlib.rc_context({"svg.hashsalt": "motifnet"}):
        figure = Figure(figsize=(8, 1.5 + 0.3 * len(ratio)), layout="constrained")
        axis = figure.subplots()
        shades: dict[str, int] = {}
        for name in ratio:
            method = METHODS[str(name)]
            marker, colour = STYLES[method.kind]
            number = shades[method.kind] = shades.get(method.kind, 0) + 1
            size, alpha = 9 if marker == "|" else 5, 1 / number**0.5
            axis.plot(ratio[name], range(len(ratio)), marker, color=colour, alpha=alpha, label=method.label, markersize=size)
        axis.axvline(1, color="0.7", zorder=0)
        axis.set_yticks(range(len(ratio)), list(ratio.index))
        axis.set(xlabel="error on test rows / best default peer")
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small", frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
