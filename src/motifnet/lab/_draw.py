"""How the figures of the lab look, and how they are written: the same numbers give the same file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "motifnet",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.markersize": 4,
}
THEORY, MEASURED, TRAINED, CALM = "0.25", "#c44e28", "#2b6a99", "#4f9a6c"


@contextmanager
def panels(out: Path, name: str, rows: int, columns: int, *, legend: bool = False) -> Iterator[Any]:
    """Axes with shape (rows, columns) to draw on; NAME.svg and NAME.png are written when the body is done.

    legend: one below for all panels, with what the first of them names.
    """
    import matplotlib

    with matplotlib.rc_context(STYLE):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(3.6 * columns, 2.9 * rows + 0.7 * legend), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        yield axes
        if legend:
            figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
        figure.savefig(out / f"{name}.svg", format="svg", metadata={"Date": None})
        figure.savefig(out / f"{name}.png", format="png", dpi=160, metadata={"Software": None})


def log_ticks(axis: Any) -> None:
    """Few, plain numbers on both logarithmic axes."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    for side in (axis.xaxis, axis.yaxis):
        low, high = side.get_view_interval()
        few = LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,), numticks=9)
        side.set_major_locator(MaxNLocator(5) if high < 5 * low else few)
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        side.set_minor_formatter(NullFormatter())


def files(name: str) -> tuple[str, ...]:
    """What `panels` writes."""
    return (f"{name}.svg", f"{name}.png")
