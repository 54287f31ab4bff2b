"""A comparison in words and as a picture: means over splits, and methods that did not finish.

Means are over the splits that all methods have, the best method first. In the picture each method
is one line, with a dot for each split and a bar at the mean; the best method is on top.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from motifnet.compare._measure import DONE
from motifnet.compare._registry import METHODS

CLASS_COLUMNS = {"log_loss": "log loss", "auc": "AUC", "accuracy": "accuracy", "ece": "ECE"}
COLOURS = {"ours": "C3", "default": "C0", "strong": "C7"}


def score_of(rows: pd.DataFrame) -> str:
    """Name of the error that decides: nrmse, or log_loss where there are classes."""
    return "log_loss" if rows["log_loss"].notna().any() else "nrmse"


def complete(rows: pd.DataFrame) -> pd.DataFrame:
    """The fits of methods that finished every split they began, on the splits that all of these
    have. An unfinished method takes no split from the others.
    """
    done = rows[~rows.method.isin(rows.method[rows.status != DONE])]
    counts = done.groupby("split").method.nunique()
    return done[done.split.isin(counts.index[counts == done.method.nunique()])]


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A comparison as a table: error with its standard deviation over splits, ratio to the best,
    seconds, memory.

    Parameters
    ----------
    rows : pandas.DataFrame
        What `compare` returns.

    Returns
    -------
    pandas.DataFrame
        One row a method, indexed by its label, the best first.

    Examples
    --------
    Here `rows` is what `compare` returns.

    >>> from motifnet.compare import summary
    >>> summary(rows).index.tolist()
    ['LightGBM']
    """
    score, done = score_of(rows), complete(rows)
    groups = done.groupby("method", sort=False)
    error = groups[score].mean()
    table = pd.DataFrame(
        {
            "log loss" if score == "log_loss" else "nRMSE": error,
            "± sd": groups[score].std(),
            "/ best": error / error.min(),
        }
    )
    if score == "log_loss":
        table = table.assign(
            **{label: groups[name].mean() for name, label in CLASS_COLUMNS.items() if name != score}
        )
    table = table.assign(
        **{
            "fit s": groups.fit_seconds.mean(),
            "predict s": groups.predict_seconds.mean(),
            "peak MB": groups.peak_mb.max(),
        }
    )
    return (
        table.sort_values(table.columns[0])
        .rename(index=lambda name: METHODS[name].label)
        .rename_axis("method")
    )


def cell(column: str, value: object) -> str:
    """A figure with the digits of its column; nothing for a missing one."""
    if not isinstance(value, float | np.floating):
        return str(value)
    if np.isnan(value):
        return ""
    if column.endswith(" s") or column.startswith("s "):
        return f"{value:.2f}" if value < 10 else f"{value:,.0f}"
    return (
        f"{value:,.0f}"
        if column.endswith("MB")
        else f"{value:.3f}"
        if "/" in column or "rank" in column
        else f"{value:.4g}"
    )


def cells(table: pd.DataFrame) -> list[list[str]]:
    """Header and rows as strings, the index first."""
    body = [
        [str(index), *(cell(str(c), row[c]) for c in table.columns)]
        for index, row in table.iterrows()
    ]
    return [[str(table.index.name or ""), *map(str, table.columns)], *body]


def markdown(table: pd.DataFrame) -> str:
    """The table in Markdown."""
    head, *body = cells(table)
    escaped = [[text.replace("|", "\\|") for text in line] for line in [head, *body]]
    lines = [escaped[0], ["---", *["---:"] * (len(head) - 1)], *escaped[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def unfinished(rows: pd.DataFrame) -> list[str]:
    """A line for each way in which a method did not finish."""
    groups = rows[rows.status != DONE].groupby(["method", "status"], sort=False).size()
    return [
        f"{METHODS[str(method)].label}: {status} ({count} {'split' if count == 1 else 'splits'})"
        for (method, status), count in groups.items()
    ]


def not_installed(names: Iterable[str] = METHODS) -> list[str]:
    """A line for each method whose packages are missing, with the command that installs them."""
    return [
        f"{METHODS[n].label}: pip install {' '.join(METHODS[n].missing)}"
        for n in names
        if METHODS[n].missing
    ]


def report(rows: pd.DataFrame, title: str) -> str:
    """A comparison in Markdown, without the picture.

    Parameters
    ----------
    rows : pandas.DataFrame
        What `compare` returns.
    title : str
        Such as the name of the table.

    Returns
    -------
    str

    Examples
    --------
    Here `rows` is what `compare` returns.

    >>> from motifnet.compare import report
    >>> print(report(rows, "Strength").splitlines()[0])
    # Strength
    """
    done = complete(rows)
    splits, parts = done.split.nunique(), [f"# {title}\n"]
    if len(done):
        first = done.iloc[0]
        parts += [
            f"{splits} random splits, {first.rows:,} rows for training and "
            f"{first.test_rows:,} for the test.\n",
            markdown(summary(rows)),
        ]
    else:
        parts.append("No method finished.\n")
    versions = rows.drop_duplicates("method").set_index("method").version
    parts.append(
        "Versions: "
        + ", ".join(dict.fromkeys(package for text in versions for package in text.split(", ")))
        + ".\n"
    )
    for heading, lines in (("Not finished", unfinished(rows)), ("Not installed", not_installed())):
        if lines:
            parts.append(f"{heading}:\n\n" + "\n".join(f"- {line}" for line in lines) + "\n")
    return "\n".join(parts)


def picture(rows: pd.DataFrame, path: Path, title: str) -> None:
    """Write the picture of a comparison as SVG; the same rows give the same file.

    Parameters
    ----------
    rows : pandas.DataFrame
        What `compare` returns.
    path : Path
    title : str

    Examples
    --------
    Here `rows` is what `compare` returns.

    >>> from pathlib import Path
    >>> from motifnet.compare import picture
    >>> picture(rows, Path("comparison.svg"), "Strength")
    """
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "motifnet"}):
        from matplotlib.figure import Figure

        score, done = score_of(rows), complete(rows)
        order = list(done.groupby("method")[score].mean().sort_values(ascending=False).index)
        figure = Figure(figsize=(6.5, 1 + 0.32 * len(order)), layout="constrained")
        axis = figure.subplots()
        for height, name in enumerate(order):
            values, colour = done.loc[done.method == name, score], COLOURS[METHODS[name].kind]
            axis.plot(values, [height] * len(values), "o", color=colour, alpha=0.45, markersize=5)
            axis.plot(values.mean(), height, "|", color=colour, markersize=16, markeredgewidth=2.5)
        axis.set_yticks(range(len(order)), [METHODS[name].label for name in order])
        axis.set(
            title=title,
            xlabel="log loss on test rows" if score == "log_loss" else "nRMSE on test rows",
        )
        axis.grid(axis="x", alpha=0.3)
        figure.savefig(path, format="svg", metadata={"Date": None})
