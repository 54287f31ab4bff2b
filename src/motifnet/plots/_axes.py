"""What all pictures share: colours, new axes, the check of passed axes, and names that fit.

Colours are those of the HTML report. A new figure belongs to pyplot, so that a notebook shows it.
Passed axes keep their size and their figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from motifnet.engine import UsageError, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes
else:
    Axes = Any

COLOURS = ("#2b6a99", "#c44e28", "#3f8a5c", "#8a5a9e", "#a3781c", "#4c7f86")
MARKED, PALE, FAINT = "#c44e28", "#b9c2ca", "#5c6670"
SMALL = 8  # points of the text of labels
WIDTH, HEIGHT = 6.4, 3.8  # inches of a new figure
NAME = 26  # characters of a name


def new_axes(ax: Any = None, *, width: float = WIDTH, height: float = HEIGHT) -> Axes:
    """`ax` itself, or new axes of a figure of this size in inches.

    Raises UsageError where `ax` is no matplotlib Axes.
    """
    if ax is not None:
        return check_axes(ax)
    from matplotlib import pyplot as plt

    found: Axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
    return plain(found)


def new_grid(count: int, columns: int = 3, height: float = 2.5) -> list[Axes]:
    """New axes, `columns` side by side, with one scale of values."""
    from matplotlib import pyplot as plt

    columns = min(columns, count)
    rows = -(-count // columns)
    size = (max(4.4, 2.9 * columns), height * rows + 0.3 * (rows == 1))
    figure, axes = plt.subplots(
        rows, columns, figsize=size, sharey=True, squeeze=False, layout="constrained"
    )
    for spare in axes.flat[count:]:
        figure.delaxes(spare)
    return [plain(ax) for ax in axes.flat[:count]]


def check_axes(ax: Any) -> Axes:
    """Refuse what is no matplotlib Axes."""
    from matplotlib.axes import Axes as Known

    if not isinstance(ax, Known):
        several = " For several panels pass a list of one each." if np.ndim(ax) == 0 else ""
        raise UsageError(
            f"ax={printable(repr(ax))[:80]} is no matplotlib Axes. Pass one, as plt.subplots() "
            f"returns it, or leave ax out.{several}"
        )
    return ax


def plain(ax: Axes) -> Axes:
    """The axes without frame, with a faint grid below the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25)
    ax.set_axisbelow(True)
    return ax


def fitting(name: object, count: int = NAME) -> str:
    """A name as plain text of at most `count` characters, the rest as …, and no formula."""
    line = _line(name)
    return _escaped(line if len(line) <= count else line[: count - 1] + "…")


def fitting_names(names: Iterable[object], count: int = NAME) -> list[str]:
    """Names that fit; those that are equal when shortened keep their ends instead."""
    full = [_line(name) for name in names]
    starts = [line[: count - 1] for line in full]
    return [
        _escaped(f"{line[: count // 2 - 1]}…{line[-count // 2 :]}")
        if len(line) > count and starts.count(start) > 1
        else fitting(line, count)
        for line, start in zip(full, starts, strict=True)
    ]


def _line(name: object) -> str:
    return " ".join(printable(name).split())


def _escaped(line: str) -> str:
    """The text without formulas, which matplotlib reads between signs of the dollar."""
    return line.replace("$", r"\$")


def number(value: float) -> str:
    """A number with three digits for a label."""
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e7 else f"{value:.3g}"


def more(hidden: int, word: str) -> str:
    """A remark on what is not drawn."""
    return f" ({hidden:,} more {word}s not shown)" if hidden > 0 else ""


def outside_legend(ax: Axes, count: int) -> None:
    """The legend in one line above the axes."""
    if count > 1:
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=min(count, 4),
            frameon=False,
            fontsize=SMALL,
            borderaxespad=0.2,
        )


def ends(values: Sequence[float]) -> tuple[float, float]:
    """The smallest and the largest finite value; (0, 1) where there is none."""
    finite = [v for v in values if np.isfinite(v)]
    return (min(finite), max(finite)) if finite else (0.0, 1.0)
