"""The results of `benchmarks.limits`: errors over LightGBM's under each limit, overruns, and the checks."""

from __future__ import annotations

import pandas as pd

from benchmarks._experiment import Check, checks_table, page

MEAN_RATIO, ANY_RATIO = 1.00, 1.03
OVERRUN, GRACE = 1.1, 0.3


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks of every label, then a line a fit."""
    lines = []
    for row in rows.sort_values(["label", "set", "preset", "limit"], kind="stable").itertuples():
        ratio = f"{row.error / row.lightgbm:.3f}" + ("" if row.lightgbm_seconds <= row.limit else " (does not count)")
        ours = f"{row.fit_seconds:.1f} | {row.error:.4f}" if row.status == "done" else f"– | {row.status}"
        cells = f"{row.set} | {row.rows:,} | {row.preset} | {row.limit} | {ours} | {row.lightgbm:.4f} | {row.lightgbm_seconds:.1f} | {ratio}"
        lines.append(f"| {row.label} | {cells} |")
    return page(
        "Whole tables under a time limit",
        "Error (nRMSE, log loss for classes) over that of LightGBM with 500 trees (classes: at most, it stops early), fitted in the same call; "
        "one thread, seconds of the wall clock. "
        "A ratio counts where LightGBM ends within the limit.",
        checks_table(rows, checks),
        "| code | table | rows | preset | limit, s | seconds | error | LightGBM | its seconds | ratio |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label; a fit that failed has no ratio, so that no check of its preset holds."""
    found: list[Check] = []
    for preset, part in rows.groupby("preset"):
        counted = part[part.lightgbm_seconds <= part.limit]
        ratio = counted.error / counted.lightgbm
        over = (part.fit_seconds - OVERRUN * part.limit).max(skipna=False)
        found += [
            Check(f"{preset}, {len(counted)} fits: error / LightGBM, mean", ratio.mean(skipna=False), most=MEAN_RATIO),
            Check(f"{preset}: error / LightGBM, largest", ratio.max(skipna=False), most=ANY_RATIO),
            Check(f"{preset}: seconds beyond {OVERRUN:g} times the limit, most", over, most=GRACE),
        ]
    return found
