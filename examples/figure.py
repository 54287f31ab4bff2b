"""Draw the figure of the front page: truth, teacher and network along one column of five, with a
kink and a jump.

python examples/figure.py        writes docs/teacher-network-truth.svg and .png
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray

from motifnet import MotifRegressor, Network

Array = NDArray[np.float64]
DOCS = Path(__file__).parents[1] / "docs"
BLUE, ORANGE, GREY = "#1f6fb2", "#d9731a", "#8a8f98"


def truth(X: Array) -> Array:
    """A kink at -0.2 and a jump at 0.4 in the first column, a wave in the second; the other three
    do nothing.
    """
    x = X[:, 0]
    return np.where(x < 0.4, 2 * np.abs(x + 0.2), 0.6 * x - 0.2) + np.sin(3 * X[:, 1])


def main() -> None:
    rng = np.random.default_rng(3)
    X, fresh = rng.uniform(-1, 1, (800, 5)), rng.uniform(-1, 1, (5_000, 5))
    y = truth(X) + 0.1 * rng.standard_normal(len(X))
    model = MotifRegressor().fit(X, y)
    stage = next(stage for stage in model.stages_ if stage.name == "transferred")
    transferred = Network(stage.network, 5)

    line = np.zeros((2_001, 5))
    line[:, 0] = np.linspace(-1, 1, len(line))
    curves = {"before": transferred(model.encode(line))[:, 0], "after": model.predict(line)}
    errors = {
        "before": float(
            np.sqrt(np.mean((transferred(model.encode(fresh))[:, 0] - truth(fresh)) ** 2))
        ),
        "after": float(np.sqrt(np.mean((model.predict(fresh) - truth(fresh)) ** 2))),
    }
    print(
        f"error against the truth at 5,000 fresh points: teacher {errors['before']:.3f}, "
        f"network {errors['after']:.3f}; {model.certificate_}"
    )

    mpl.use("Agg")
    mpl.rcParams.update(
        {
            "font.size": 9,
            "svg.hashsalt": "motifnet",
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    draw(axes, line, curves, errors)
    DOCS.mkdir(exist_ok=True)
    figure.savefig(DOCS / "teacher-network-truth.svg", metadata={"Date": None})
    figure.savefig(DOCS / "teacher-network-truth.png", dpi=150)


def draw(axes: Axes, line: Array, curves: dict[str, Array], errors: dict[str, float]) -> None:
    x = line[:, 0]
    axes.plot(x, truth(line), color="black", linewidth=1, label="truth")
    axes.plot(
        x,
        curves["before"],
        color=ORANGE,
        linewidth=2,
        label=f"teacher, and the network computed from it (error {errors['before']:.3f})",
    )
    axes.plot(
        x,
        curves["after"],
        color=BLUE,
        linewidth=2,
        label=f"the network after retraining (error {errors['after']:.3f})",
    )
    axes.set(xlabel="first column (the other four at 0)", ylabel="y", ylim=(-0.15, 1.75))
    axes.legend(frameon=False, loc="upper right", fontsize=9)
    axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.6)


if __name__ == "__main__":
    main()
