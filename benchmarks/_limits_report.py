"""The results of `benchmarks.limits`: errors over LightGBM's under each limit, overruns, and the
checks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

MEAN_RATIO, ANY_RATIO = 1.00, 1.03
OVERRUN, GRACE = 1.1, 0.3
BEFORE_BOTH = 10 / 12


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks of every label, then a line a fit."""
    lines = []
    for row in rows.sort_values(["label", "set", "preset", "limit"], kind="stable").itertuples():
        ratio = f"{row.error / row.lightgbm:.3f}" + (
            "" if row.lightgbm_seconds <= row.limit else " (does not count)"
        )
        beside = (
            f"{row.catboost:.4f} | {row.error / row.catboost:.3f}"
            if np.isfinite(row.catboost)
            else "– | –"
        )
        ours = (
            f"{row.fit_seconds:.1f} | {row.error:.4f}"
            if row.status == "done"
            else f"– | {row.status}"
        )
        cells = (
            f"{row.set} | {row.rows:,} | {row.preset} | {row.limit} | {ours} | {row.lightgbm:.4f} "
            f"| {row.lightgbm_seconds:.1f} | {ratio} | {beside}"
        )
        lines.append(f"| {row.label} | {cells} |")
    return page(
        "Whole tables under a time limit",
        "Error (nRMSE, log loss for classes) over that of LightGBM with 500 trees (classes: at "
        "most, it stops early), fitted in the same call; "
        "one thread, seconds of the wall clock. "
        "A ratio to LightGBM counts where it ends within the limit; CatBoost is stopped at the "
        "limit.",
        checks_table(rows, checks),
        "| code | table | rows | preset | limit, s | seconds | error | LightGBM | its seconds | "
        "ratio | CatBoost | ratio |",
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
            Check(
                f"{preset}, {len(counted)} fits: error / LightGBM, mean",
                ratio.mean(skipna=False),
                most=MEAN_RATIO,
            ),
            Check(f"{preset}: error / LightGBM, largest", ratio.max(skipna=False), most=ANY_RATIO),
            Check(
                f"{preset}: tables never above the better of both, share",
                _never_above(part),
                least=BEFORE_BOTH,
            ),
            Check(
                f"{preset}: error / least under a shorter limit, largest",
                _monotone(part),
                most=1.01,
            ),
            Check(f"{preset}: seconds beyond {OVERRUN:g} times the limit, most", over, most=GRACE),
        ]
    return found


def _never_above(rows: pd.DataFrame) -> float:
    """The share of tables on which no limit has an error above that of LightGBM, where it counts,
    or CatBoost.
    """
    lightgbm = rows.lightgbm.where(rows.lightgbm_seconds <= rows.limit)
    peer = pd.concat([lightgbm, rows.catboost], axis=1).min(axis=1)
    worse = (rows.error > peer) | rows.error.isna()
    return float(1 - worse.groupby(rows.set).any().mean())


def _monotone(rows: pd.DataFrame) -> float:
    """The largest error of a fit over the least of the same table and split under a shorter
    limit.
    """
    part = rows.sort_values("limit")
    before = part.groupby(["set", "split"]).error.transform(lambda error: error.cummin().shift())
    return float((part.error / before).max())
