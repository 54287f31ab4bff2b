"""The results of `benchmarks.functional`: errors, paired differences to the best method, checks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page
from benchmarks._functional_methods import NETWORK
from motifnet.engine import Matrix

REGRESSION, CLASSES = ("tecator", "weather"), ("phoneme", "growth", "tecator_fat20")
SECOND = (f"{NETWORK}, balanced", "its teacher alone")  # ours too, which no check compares with


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks, then a line for each set and method."""
    lines = []
    for (label, name), part in rows.groupby(["label", "set"], sort=False):
        losses = _losses(part)
        first = min(losses, key=lambda method: losses[method].mean())
        for method in sorted(losses, key=lambda method: losses[method].mean()):
            difference, noise = _difference(losses[method], losses[first])
            against = "first" if method == first else f"{difference:+.4f} ± {noise:.4f}"
            seconds = part[part.method == method].seconds.mean()
            error = f"{_shown(name, losses[method].mean()):.4f}"
            lines.append(f"| {label} | {name} | {method} | {error} | {against} | {seconds:.2f} |")
    return page(
        "Real curves",
        "Error: RMSE (tecator: mean over splits; weather: of all rows), or share of wrong classes. "
        "Difference: to the method with the least error, with the standard error of the paired "
        "difference: over splits; over stations and in squared error for weather; over test curves "
        "for phoneme. Splits share rows, so that these are somewhat too small. Seconds: CPU of a "
        "fit with its predictions.",
        checks_table(rows, checks),
        "| code | set | method | error | difference to the first | CPU s |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """The network of the preset "fast" against the best method that is not ours in another form."""
    found, near = [], 0
    for name, part in rows.groupby("set", sort=False):
        losses = {m: loss for m, loss in _losses(part).items() if m not in SECOND}
        if NETWORK not in losses or len(losses) < 2:
            continue
        first = min((m for m in losses if m != NETWORK), key=lambda m: losses[m].mean())
        difference, noise = _difference(losses[NETWORK], losses[first])
        behind = difference / noise if noise else np.sign(difference) * np.inf
        behind = 0.0 if difference == 0 else behind
        text = f"{name}: network behind the best other ({first}), in standard errors"
        found.append(Check(text, behind, most=1.0 if name in REGRESSION else np.inf))
        near += name in CLASSES and behind <= 1
    found.append(Check("sets of classes where it is first or within one", near, least=2))
    return found


def _losses(rows: pd.DataFrame) -> dict[str, Matrix]:
    """A loss of each method for each pair: a split, a station or a curve; complete methods only."""
    kept = {
        method: part.sort_values("split") for method, part in rows.groupby("method", sort=False)
    }
    most = max(len(part) for part in kept.values())
    return {str(method): _of_pairs(part) for method, part in kept.items() if len(part) == most}


def _of_pairs(part: pd.DataFrame) -> Matrix:
    name = part.set.iloc[0]
    if name == "weather":
        return np.asarray(part.error.to_numpy() ** 2)
    if name == "phoneme":
        return np.array([float(flag) for flag in part.wrong.iloc[0][1:]])
    return part.error.to_numpy()


def _difference(ours: Matrix, theirs: Matrix) -> tuple[float, float]:
    """Mean and standard error of the paired difference."""
    difference = ours - theirs
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))


def _shown(name: str, loss: float) -> float:
    return float(np.sqrt(loss)) if name == "weather" else loss
