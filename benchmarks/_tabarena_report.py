"""The report of our figures under TabArena's protocol beside the published ones, from rows
alone.
"""

from __future__ import annotations

import pandas as pd

from benchmarks._experiment import Check, checks_table
from motifnet.compare import METHODS, markdown

PUBLISHED = "tabarena_published.csv.gz"
LIMITS = {
    "airfoil": 1.05,
    "concrete": 4.05,
    "diamonds": 505,
    "california": 0.200,
    "credit_g": 0.205,
}
MAIN = "balanced"
BEST = 5
# The families that readers know, as TabArena names them:
# default, tuned, and tuned + ensemble of each.
FAMILIES = (
    "GBM",
    "(Prep)LightGBM",
    "CAT",
    "XGB",
    "REALMLP_GPU",
    "TABM_GPU",
    "(Prep)TabM",
    "(Prep)RealTabPFN-2.5",
    "AutoGluon 1.5",
    "AutoGluon 1.4",
)
INTRODUCTION = """\
Errors are RMSE (california: of log y), for credit_g 1 − AUC; means over all splits of 3-fold cross-validation, ± the standard deviation over splits.
Some published methods have means over all splits, the others the first split alone, which on a single table can be several per cent easier or harder
than the mean: only the former compare with ours. Seconds are of one fit: ours CPU seconds of one thread, theirs wall-clock seconds of eight cores or
of a GPU, the trials of tuning and its eight folds included. *place* is one more than the number of published methods with a smaller error: among all,
and among those with means."""


def report(rows: pd.DataFrame, published: pd.DataFrame | None) -> str:
    """Markdown: checks, then a table for each data set."""
    rows = rows[rows.status == "done"]
    parts = ["# TabArena's protocol", INTRODUCTION, "\n".join(checks_table(rows, checks))]
    if published is None:
        parts.append(
            f"The published figures are not there: {PUBLISHED} is missing in the folder of tables."
        )
    for name, part in rows.groupby("set", sort=False):
        theirs = (
            None if published is None else published[published.table.str.partition(" ")[0] == name]
        )
        parts += [
            f"## {name}, {part.rows.iloc[0]:,.0f} training rows",
            markdown(beside(part, theirs)),
        ]
    commits = ", ".join(dict.fromkeys(rows.version.astype(str)))
    return (
        "\n\n".join(
            [
                *parts,
                f"{len(rows):,} fits, {rows.seconds.sum():,.0f} CPU seconds; commits {commits}.",
            ]
        )
        + "\n"
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """What our preset has to reach; no figure holds no check."""
    mean = rows[rows.method == MAIN].groupby("set").error.mean()
    return [
        Check(f"{name}, {METHODS[MAIN].label}", float(mean.get(name, float("nan"))), most=limit)
        for name, limit in LIMITS.items()
        if name in mean
    ]


def beside(rows: pd.DataFrame, published: pd.DataFrame | None) -> pd.DataFrame:
    """What we measured, with its place among all published methods of the table, and the best and
    best known of these, the smallest error first.
    """
    groups = rows.groupby(["label", "method"], sort=False)
    lines = []
    for (label, method), part in groups:
        line = {
            "method": f"**{METHODS[str(method)].label}** ({label})",
            "error": part.error.mean(),
            "± sd": part.error.std(),
        }
        line |= {"splits": f"mean of {len(part)}", "train s": part.seconds.mean()}
        if published is not None:
            full = published[published.folds != "fold 0 only"]
            line |= {
                f"place of {len(p) + 1}, {words}": place(line["error"], p)
                for words, p in (("all", published), ("means", full))
            }
        lines.append(line)
    if published is not None:
        known = published.method.str.partition(" (")[0].isin(FAMILIES)
        best = published.metric_error.rank() <= BEST
        for row in published[known | best].itertuples():
            lines.append(
                {
                    "method": row.method,
                    "error": row.metric_error,
                    "splits": row.folds,
                    "train s": row.time_train_s,
                }
            )
    table = pd.DataFrame(lines).sort_values("error").set_index("method")
    return table.astype({name: object for name in table if name.startswith("place")}).map(
        lambda x: "" if pd.isna(x) else x
    )


def place(error: float, published: pd.DataFrame) -> str:
    """One more than the number of published methods with a smaller error."""
    return str(1 + int((published.metric_error < error).sum()))
