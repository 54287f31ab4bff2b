"""The results of `benchmarks.honesty`: what each experiment claims and what is true, and the
checks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

MEAN_CLAIM, ANY_CLAIM = 0.0, 0.05
MIN_COVERED, MAX_COVERED = 0.86, 0.95
SHIFT = 0.1  # how far the expected error may be off, in the mean


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks of every label, then means of every cell of the design."""
    lines = []
    for (label, name), part in rows.groupby(["label", "experiment"], sort=False):
        if name == "noise":  # each table has its own number of rows
            part = part.assign(n=np.where(part.n > 1_200, 1_201, 1_200))
        for (task, n, preset), cell in part.groupby(["task", "n", "preset"]):
            size = (
                {1_200: "60 to 1,200", 1_201: "1,201 to 6,000"}[n] if name == "noise" else f"{n:,}"
            )
            mean = cell[["claimed", "stage", "evidence", "new", "covered", "shift"]].mean()
            figures = [
                mean.claimed,
                cell.claimed.max(),
                cell.stage.max(),
                mean.evidence,
                mean.new,
                mean.covered,
                mean["shift"],
            ]
            texts = ["–" if np.isnan(v) else f"{v:.3f}" for v in figures]
            lines.append(
                f"| {label} | {name} | {task} | {size} | {preset} | {len(cell)} | "
                f"{' | '.join(texts)} |"
            )
    return page(
        "Honesty: tables of which nothing can be learned for new rows",
        "Shares explained (R², for classes 1 − log loss / entropy): *claimed* by the last kept "
        "row of the ledger, by *any stage* of it, by the kept "
        "out-of-fold predictions (*evidence*), and true on *new* rows. *covered*: new rows inside "
        "90 % intervals, or sets of classes. *shift*: the "
        "error that `check_shift` expects on the new rows over the one measured.",
        checks_table(rows, checks),
        "| code | experiment | task | rows | preset | fits | claimed | most claimed | any stage | "
        "evidence | new | covered | shift |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label. For time and compression the evidence is checked: its rows are measured
    against their own mean, the ledger's against that of all rows, or of those of the fit.
    """
    found: list[Check] = []
    for name, part in rows.groupby("experiment", sort=False):
        claim = (
            part.claimed if name not in ("time", "compress") else part.evidence.fillna(part.claimed)
        )
        for (n, preset), cell in claim.groupby([_sizes(part, str(name)), part.preset]):
            where = f"{name}, {n}, {preset}: share explained that is claimed"
            found += [
                Check(f"{where}, mean", cell.mean(), most=MEAN_CLAIM),
                Check(f"{where}, largest", cell.max(), most=ANY_CLAIM),
            ]
        found += _of_new_rows(part, str(name))
    return found


def _sizes(part: pd.DataFrame, name: str) -> pd.Series:
    """Of noise tables all sizes together."""
    return part.n.map(lambda n: "60 to 6,000 rows" if name == "noise" else f"{n:,} rows")


def _of_new_rows(part: pd.DataFrame, name: str) -> list[Check]:
    found: list[Check] = []
    for (task, n), cell in part.dropna(subset="covered").groupby(["task", _sizes(part, name)]):
        # a set is never smaller than one class, so that it may hold more than asked
        most = MAX_COVERED if task == "regression" else 1.0
        found.append(
            Check(
                f"{name}, {n}, {task}: new rows inside 90 %",
                cell.covered.mean(),
                MIN_COVERED,
                most,
            )
        )
    expected = part["shift"].dropna()
    if len(expected) and name in ("groups", "stream", "category"):
        found.append(
            Check(
                f"{name}: error expected by check_shift / measured",
                expected.mean(),
                1 - SHIFT,
                1 + SHIFT,
            )
        )
    return found
