"""What the field has to show of our main preset: its ratios to the best default peer of each table,
and to each tuned peer.

regression    ours / best default peer: median, clipped geometric mean, wins of all tables, largest; both halves apart but for the wins
tuned peers   error in the geometric mean, and CPU seconds in total, of LightGBM and CatBoost tuned and of AutoGluon's best within 120 s
"""

from __future__ import annotations

import pandas as pd

from benchmarks._experiment import Check

MAX_MEDIAN, MAX_MEAN, MAX_RATIO, MIN_WINS = 0.95, 0.92, 1.03, 13 / 16
MAX_TO_TUNED, MAX_SECONDS = 0.97, 0.1
TUNED = ("LightGBM, tuned", "CatBoost, tuned", "AutoGluon best (120 s)")


def checks(label: str, ratios: pd.DataFrame, pairs: pd.DataFrame) -> list[Check]:
    """Of the lines of `ratio_table` and `pair_table` that are there."""
    found = []
    for words in ("", ", half A", ", half B"):
        name = f"{label} / best default peer, regression{words}"
        if name in ratios.index:
            line = ratios.loc[name]
            found += [Check(f"{name}: median", line["median /"], most=MAX_MEDIAN)]
            found += [Check(f"{name}: geometric mean", line["geometric mean /"], most=MAX_MEAN)]
            found += [Check(f"{name}: largest", line["largest /"], most=MAX_RATIO)]
            found += (
                []
                if words
                else [
                    Check(f"{name}: share of wins", line["wins"] / line["tables"], least=MIN_WINS)
                ]
            )
    for peer in TUNED:
        name = f"{label} / {peer}"
        if name in pairs.index:
            found += [
                Check(
                    f"{name}: error", pairs.loc[name, "error, geometric mean /"], most=MAX_TO_TUNED
                )
            ]
            found += [Check(f"{name}: CPU seconds", pairs.loc[name, "CPU /"], most=MAX_SECONDS)]
    return found


def table_of_checks(found: list[Check]) -> str:
    """The checks in Markdown."""
    return (
        "\n".join(
            [
                "| check | measured | required | |",
                "|---|---|---|---|",
                *(f"| {check.cells} |" for check in found),
            ]
        )
        + "\n"
    )
