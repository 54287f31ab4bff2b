"""The figures of the lab, one line a figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from motifnet.engine import UsageError
from motifnet.lab import _fig1, _fig2, _fig3, _fig4, _fig5, _fig6, _fig7, _fig8
from motifnet.lab._facts import Facts

FIGURES: dict[str, Callable[[bool, Path], Facts]] = {
    "fig1": _fig1.run,
    "fig2": _fig2.run,
    "fig3": _fig3.run,
    "fig4": _fig4.run,
    "fig5": _fig5.run,
    "fig6": _fig6.run,
    "fig7": _fig7.run,
    "fig8": _fig8.run,
}


def figures(name: str) -> dict[str, Callable[[bool, Path], Facts]]:
    """The figure of this name, or all of them."""
    if name == "all":
        return FIGURES
    if name not in FIGURES:
        raise UsageError(f"There is no figure {name!r}. Use one of {', '.join(FIGURES)}, or all.")
    return {name: FIGURES[name]}
