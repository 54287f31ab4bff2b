"""The results of `benchmarks.twins`: every label against the first one, and the checks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, page

GAIN, UNCHANGED = 0.97, 0.002
SPLIT = ["set", "split", "preset", "nudged"]


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks of every later label, then a line a table."""
    required, lines = ["| code | check | measured | required | |", "|---|---|---|---|---|"], []
    for label in list(dict.fromkeys(rows.label))[1:]:
        required += [f"| {label} | {check.cells} |" for check in checks(rows, label)]
    for (label, name, preset, nudged), part in rows.groupby(
        ["label", "set", "preset", "nudged"], sort=False
    ):
        figures = f"{len(part)} | {part.repeated.mean():.0f} | {part.claimed.mean():.4f} | {part.error.mean():.4f}"
        lines.append(f"| {label} | {name} | {preset} | {'yes' if nudged else 'no'} | {figures} |")
    return page(
        "Tables with equal rows, and without",
        "Test errors (nRMSE; log loss for credit_g), means over splits. *repeated*: training rows "
        "that equal an earlier one.",
        required,
        "| code | table | preset | nudged apart | splits | repeated | out of fold | test error |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame, label: str) -> list[Check]:
    """A label against the first one, on the splits that both have."""
    first = rows[rows.label == rows.label.iloc[0]]
    later = rows[(rows.label == label) & (rows.nudged == 0)]
    both = later.merge(first, on=SPLIT, suffixes=("", "_first"))
    found: list[Check] = []
    for (name, preset), part in both.groupby(["set", "preset"], sort=False):
        if part.repeated.any():
            ratio = float(np.exp(np.log(part.error / part.error_first).mean()))
            found.append(
                Check(f"{name}, {preset}, {len(part)} splits: error / before", ratio, most=GAIN)
            )
        else:
            change = float((part.error / part.error_first - 1).abs().max())
            found.append(
                Check(
                    f"{name}, {preset}, {len(part)} splits: largest change of the error",
                    change,
                    most=UNCHANGED,
                )
            )
    return found
