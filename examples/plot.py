"""The plot of the demo: predicted against observed, and what each stage was worth."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray

from motifnet import MotifRegressor

Array = NDArray[np.float64]
BLUE, PALE = "#1f6fb2", "#c3ccd6"


def draw(model: MotifRegressor, observed: Array, predicted: Array, *paths: Path) -> None:
    """Draw the two panels into files of the kinds that their suffixes name."""
    mpl.use("Agg")
    mpl.rcParams.update(
        {
            "font.size": 9,
            "svg.hashsalt": "motifnet",
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9.5, 3.8), layout="constrained", width_ratios=(1, 1.25)
    )
    _predictions(left, observed, predicted)
    _stages(right, model)
    for path in paths:
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def _predictions(axes: Axes, observed: Array, predicted: Array) -> None:
    span = [min(observed.min(), predicted.min()), max(observed.max(), predicted.max())]
    axes.plot(span, span, color="black", linewidth=0.8)
    axes.plot(predicted, observed, "o", color=BLUE, markersize=3.5, alpha=0.6, markeredgewidth=0)
    axes.set(xlabel="predicted (MPa)", ylabel="observed (MPa)", aspect="equal")
    axes.set_title(f"{len(observed)} test rows", loc="left", fontsize=10)


def _stages(axes: Axes, model: MotifRegressor) -> None:
    rows = model.ledger_[::-1]
    bars = axes.barh(
        [row.stage for row in rows],
        [row.error for row in rows],
        color=[BLUE if row.kept else PALE for row in rows],
        height=0.62,
    )
    axes.bar_label(bars, [f"{row.error:.3f}  ({row.seconds:.1f} s)" for row in rows], padding=4)
    axes.set_xlim(0, 1.3 * max(row.error for row in rows))
    axes.set_xlabel("error on held-out rows, in standard deviations of the target")
    axes.set_title("Stages of the fit (pale: tried, not kept)", loc="left", fontsize=10)
    axes.tick_params(axis="y", length=0)
