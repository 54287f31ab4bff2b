"""The results of `benchmarks.invariance`: what one choice for all folds takes off the out-of-fold
error, and the check.

    optimism = (true / claimed) / (true plain / plain)

by the plain model's ratio, as any model of all rows is better than those of the folds. Where no
layer is kept it is 1. nested / claimed holds more than optimism: without a fold there are fewer
rows to find a layer by.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

MAX_OPTIMISM = 1.01


def report(rows: pd.DataFrame) -> str:
    """Markdown: the check of every label, then a line for each kind and size, and for the tables
    where the layer was kept.
    """
    lines = []
    for (label, kind, n, preset), every in rows.groupby(
        ["label", "kind", "n", "preset"], sort=False
    ):
        for part, which in ((every, ""), (every[every.kept == 1], ", where kept")):
            if not len(part) or (which and len(part) == len(every)):
                continue
            counts = f"{len(part)} | {part.found.sum()} | {part.kept.sum()} | {part.found_by_folds.sum() / part.folds.sum():.0%}"
            errors = (
                f"{part.claimed.mean():.4f} | {part.nested.mean():.4f} | {part.true.mean():.4f}"
            )
            ratios = f"{mean_ratio(part.nested, part.claimed):.4f} | {optimism(part):.4f}"
            lines.append(
                f"| {label} | {kind}{which} | {n:,} | {preset} | {counts} | {errors} | {ratios} |"
            )
    return page(
        "Invariance: one choice for all folds",
        "Root mean square errors in sd of the target, means over tables: *claimed* with the layer "
        "found once from all rows, *nested* with the layer "
        "found again without each fold, and *true* on new rows. *optimism*: true / claimed over "
        "the same ratio of the plain model. *kept*: tables "
        "where a layer was found and kept; *by folds*: folds that find one without their own rows.",
        checks_table(rows, checks),
        "| code | target | rows | preset | tables | found | kept | by folds | claimed | nested | "
        "true | nested / claimed | optimism |",
        lines,
        rows,
    )


def mean_ratio(one: pd.Series, other: pd.Series) -> float:
    """Geometric mean."""
    return float(np.exp(np.log(one / other).mean()))


def optimism(rows: pd.DataFrame) -> float:
    """As above, geometric mean."""
    return mean_ratio(rows.true / rows.claimed, rows.true_plain / rows.plain)


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label."""
    groups = rows.groupby(["kind", "n"], sort=False)
    return [
        Check(
            f"{kind}, {n:,} rows, {len(part)} tables: optimism", optimism(part), most=MAX_OPTIMISM
        )
        for (kind, n), part in groups
    ]
