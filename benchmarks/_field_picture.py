"""The field as a picture: a line a table, the error of each method relative to the best default
peer of that table.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from benchmarks._field_report import reference
from benchmarks._field_rows import error_table
from motifnet.compare import METHODS

MARKERS = {"ours": "D", "default": "o", "strong": "|"}
MAIN, OTHERS = "C3", ("0.35", "0.6", "0.75")  # peers have the colours that are left
COLOURS = tuple(f"C{i}" for i in (0, 1, 2, 4, 5, 6, 7, 8, 9))
WORST = 2.0


def picture(rows: pd.DataFrame, path: Path) -> None:
    """Write the picture as SVG; what is worse than twice the best stands at the edge."""
    errors = error_table(rows)
    peers = [name for name in errors if METHODS[str(name)].kind == "default"]
    if not peers:
        return
    main = reference(errors)
    ratio = errors.div(errors[peers].min(axis=1), axis=0).clip(upper=WORST).iloc[::-1]
    with matplotlib.rc_context({"svg.hashsalt": "motifnet"}):
        figure = Figure(figsize=(8, 1.5 + 0.3 * len(ratio)), layout="constrained")
        axis = figure.subplots()
        shades: dict[str, int] = {}
        for name in ratio:
            method = METHODS[str(name)]
            marker, number = MARKERS[method.kind], shades.get(method.kind, 0)
            shades[method.kind] = number + 1
            colours = COLOURS if method.kind == "default" else OTHERS
            colour = MAIN if name == main else colours[number % len(colours)]
            size, height = 9 if marker == "|" else 5, 3 if name == main else 2
            axis.plot(
                ratio[name],
                range(len(ratio)),
                marker,
                color=colour,
                label=method.label,
                markersize=size,
                zorder=height,
            )
        axis.axvline(1, color="0.7", zorder=0)
        axis.set_yticks(range(len(ratio)), list(ratio.index))
        axis.set(xlabel="error on test rows / best default peer")
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small", frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
