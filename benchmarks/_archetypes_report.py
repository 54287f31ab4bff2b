"""The results of `benchmarks.archetypes`: a line a kind, and the checks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

BEYOND, ANY_RATIO, BEYOND_RATIO = "trend beyond", 1.05, 1.5


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks of every label, then a line a kind."""
    lines = []
    for (label, preset, kind), part in rows.assign(ratio=ratio(rows)).groupby(
        ["label", "preset", "kind"], sort=False
    ):
        errors = " | ".join(f"{part[name].mean():.3f}" for name in ("ours", "catboost", "linear"))
        times = f"{part.seconds.median():.1f} | {part.seconds_catboost.median():.1f}"
        lines.append(
            f"| {label} | {preset} | {kind} | {part.n.iloc[0]:,} | {len(part)} | {errors} | "
            f"{_mean(part):.3f} | {part.ratio.max():.3f} | {times} |"
        )
    return page(
        "Tables of the kinds that users bring",
        "Errors on new rows: root mean square, for classes the log loss; means over draws. "
        "*ratio*: ours over the better of CatBoost and a linear "
        "model (ridge or logistic regression) of each draw, geometric mean and largest. Seconds "
        "of the processor, medians.",
        checks_table(rows, checks),
        "| code | preset | kind | rows | draws | ours | CatBoost | linear | ratio | largest | "
        "seconds | CatBoost's |",
        lines,
        rows,
    )


def ratio(rows: pd.DataFrame) -> pd.Series:
    """Ours over the better of the two others."""
    return rows.ours / rows[["catboost", "linear"]].min(axis=1)


def _mean(part: pd.DataFrame) -> float:
    return float(np.exp(np.log(part.ratio).mean()))


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label: the geometric mean over the draws of each kind."""
    found: list[Check] = []
    for (preset, kind), part in rows.assign(ratio=ratio(rows)).groupby(
        ["preset", "kind"], sort=False
    ):
        most = BEYOND_RATIO if kind == BEYOND else ANY_RATIO
        found.append(
            Check(
                f"{preset}, {kind}, {len(part)} draws: error / the better of the two",
                _mean(part),
                most=most,
            )
        )
    return found
