"""The results of `benchmarks.categories`: errors over the best possible one, and the checks."""

from __future__ import annotations

import pandas as pd

from benchmarks._experiment import Check, checks_table, page

MEAN_RATIO, ANY_RATIO = 1.02, 1.05
COVERED = (0.78, 0.82)


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks of every label, then a line a draw."""
    lines = []
    for row in (
        rows.assign(ratio=ratio(rows))
        .sort_values(["label", "task", "preset", "n"], kind="stable")
        .itertuples()
    ):
        covered = "–" if pd.isna(row.covered) else f"{row.covered:.1%}"
        errors = f"{row.ours:.3f} | {row.lightgbm:.3f} | {row.means:.3f} | {row.ratio:.3f}"
        lines.append(
            f"| {row.label} | {row.task} | {row.preset} | {row.n:,} | {row.columns} | "
            f"{row.cells:,} | {errors} | {covered} |"
        )
    return page(
        "Tables of a few categories, of known law",
        "Error to be expected over the least possible one (regression: root mean square; classes: "
        "log loss). *ratio*: ours over the better of "
        "LightGBM, which stops early, and a table of cell means. *covered*: the chance of 80 % "
        "intervals.",
        checks_table(rows, checks),
        "| code | task | preset | rows | columns | cells seen | ours | LightGBM | cell means | "
        "ratio | covered |",
        lines,
        rows,
    )


def ratio(rows: pd.DataFrame) -> pd.Series:
    """Ours over the better of the two others."""
    return rows.ours / rows[["lightgbm", "means"]].min(axis=1)


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label."""
    found: list[Check] = []
    for (task, preset), part in rows.groupby(["task", "preset"]):
        ratios = ratio(part)
        where = f"{task}, {preset}, {len(part)} draws: error / the better of the two"
        found += [
            Check(f"{where}, mean", ratios.mean(), most=MEAN_RATIO),
            Check(f"{where}, largest", ratios.max(), most=ANY_RATIO),
        ]
        if task == "regression":
            found.append(
                Check(f"{preset}: chance of 80 % intervals, mean", part.covered.mean(), *COVERED)
            )
    return found
