"""The results of `benchmarks.stack`: what the rule of the average costs and gains, and the
check.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

MAX_COST = 1.003


def report(rows: pd.DataFrame) -> str:
    """Markdown: the check of every label, then a line a table."""
    lines = []
    for (label, name, preset), part in rows.groupby(["label", "set", "preset"], sort=False):
        means = " | ".join(
            f"{np.exp(np.log(part[rule]).mean()):.4f}"
            for rule in ("single", "stack", "kept", "least", "average")
        )
        ratio = part.average / part.least
        ends = f"{np.exp(np.log(ratio).mean()):.4f} | {ratio.max():.4f}"
        lines.append(
            f"| {label} | {name} | {preset} | {len(part)} | {int((ratio != 1).sum())} | "
            f"{means} | {ends} |"
        )
    return page(
        "Best single part or average",
        "Test errors (nRMSE; log loss for credit_g), geometric means over splits. *least*: the "
        "smaller out-of-fold error decides; *average*: the "
        "average stands unless it is worse by more than a standard error; *kept*: by the fit. "
        "*differ*: splits on which the rules take different "
        "models.",
        checks_table(rows, checks),
        "| code | table | preset | splits | differ | best single | stack of all | kept | least | "
        "average | average / least | worst split |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label: the cost of the rule on the table where it is highest, and its gain over
    all.
    """
    found: list[Check] = []
    for preset, part in rows.groupby("preset"):
        logs = np.log(part.average / part.least)
        by_table = np.exp(logs.groupby(part.set).mean())
        found += [
            Check(
                f"{preset}: average / least, the table of the highest cost ({by_table.idxmax()})",
                by_table.max(),
                most=MAX_COST,
            ),
            Check(
                f"{preset}: average / least, geometric mean of the tables",
                float(np.exp(np.log(by_table).mean())),
                most=1.0,
            ),
        ]
    return found
