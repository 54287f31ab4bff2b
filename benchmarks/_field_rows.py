"""What the rows of the field say of each method: which fits count, and the error on each table.

The error of a method on a table is its mean over the splits; a method that did not finish one of
them has no error on the table.
"""

from __future__ import annotations

import pandas as pd

from motifnet.compare import METHODS, complete, score_of


def finished(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each table, the fits of methods that finished all their splits there."""
    return pd.concat(
        [complete(part) for _, part in rows.groupby("set", sort=False)], ignore_index=True
    )


def error_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean error with tables as rows and methods as columns, in the order of the registry."""
    parts = [
        complete(part).groupby("method")[score_of(part)].mean().rename(name)
        for name, part in rows.groupby("set", sort=False)
    ]
    table = pd.DataFrame(parts).rename_axis("set")
    return table[[name for name in METHODS if name in table]].dropna(how="all")


def of_kind(errors: pd.DataFrame, kind: str) -> list[str]:
    """The methods of that kind: "ours", "default" or "strong"."""
    return [name for name in errors if METHODS[str(name)].kind == kind]
