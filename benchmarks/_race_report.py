"""The report of the race, from its curves alone.

The target of a table is 1.02 times the least error of any method on it. A method that never gets there is *censored*: its time is more than the
seconds after which it ended. In the advantage of ours, time of theirs / time of ours, a censored time of theirs counts as the seconds at which it
was censored, which makes the advantage smaller than it is; where ours never arrives, the advantage counts as 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._racers import GRADIENT

SLACK = 1.02


def target_of(curves: pd.DataFrame) -> float:
    """The error to get to, on one table."""
    return SLACK * float(curves.nrmse.min())


def time_to(curve: pd.DataFrame, target: float) -> tuple[float, bool]:
    """Seconds until a method is there, and whether it got there; else the seconds after which it ended."""
    there = curve.loc[curve.nrmse <= target, "seconds"]
    return (float(there.min()), True) if len(there) else (float(curve.seconds.max()), False)


def times(curves: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a table and method: the target, the method's least error, seconds to the target, and whether it was reached."""
    rows = []
    for name, table in curves.items():
        target = target_of(table)
        for method, curve in table.groupby("method", sort=False):
            rows.append((name, method, target, float(curve.nrmse.min()), *time_to(curve, target)))
    return pd.DataFrame(rows, columns=["set", "method", "target", "error", "seconds", "reached"])


def firsts(table: pd.DataFrame) -> pd.Series:
    """The method that is first to the target, on each table."""
    return table[table.reached].sort_values("seconds").groupby("set").method.first()


def advantages(table: pd.DataFrame) -> pd.Series:
    """Time of each gradient-trained network over ours, one for each table and network."""
    ours = table[table.method == "ours"].set_index("set")
    theirs = table[table.method.isin(GRADIENT)]
    ratio = theirs.seconds.to_numpy() / ours.seconds[theirs.set].to_numpy()
    return pd.Series(np.where(ours.reached[theirs.set], ratio, 0.0), index=theirs.set + ": " + theirs.method)


def report(curves: dict[str, pd.DataFrame]) -> str:
    """Markdown: seconds of each method to the target of each table."""
    table, methods = times(curves), list(dict.fromkeys(m for c in curves.values() for m in c.method))
    first, advantage = firsts(table), advantages(table)
    head = ["set", "target", *methods, "first"]
    lines = [head, ["---"] * len(head)]
    for name, part in table.groupby("set", sort=False):
        of = part.set_index("method")
        cells = [_cell(of.loc[method]) if method in of.index else "–" for method in methods]
        lines.append([str(name), f"{part.target.iloc[0]:.4f}", *cells, first.get(name, "none")])
    any_curve = next(iter(curves.values()))
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"""# The race to a target

CPU seconds until the nRMSE on test rows is within 2 % of the best that any method reaches on the table; at most {any_curve.cap.iloc[0]:,} training \
rows, one thread for every method. "> 9 (.123)" is censored: not there when it ended after 9 seconds, with least error .123.

{body}

Ours is first to the target on **{int((first == "ours").sum())} of {len(curves)}**; median advantage over the gradient-trained networks \
{advantage.median():.1f}, censored ones counted at the seconds at which they ended.
"""


def _cell(row: pd.Series) -> str:
    return f"{row.seconds:.1f}" if row.reached else f"> {row.seconds:.0f} ({row.error:.4f})".replace("(0.", "(.")


def picture(curves: dict[str, pd.DataFrame], path: Path) -> None:
    """One panel a table: error against seconds, and the target as a line."""
    import matplotlib
    from matplotlib.figure import Figure

    columns = min(3, len(curves))
    with matplotlib.rc_context({"svg.hashsalt": "motifnet"}):
        figure = Figure(figsize=(4 * columns, 3 * -(-len(curves) // columns) + 1), layout="constrained")
        axes = figure.subplots(-(-len(curves) // columns), columns, squeeze=False)
        for axis, (name, table) in zip(axes.flat, curves.items(), strict=False):
            for number, method in enumerate(dict.fromkeys(table.method)):
                part = table[table.method == method].sort_values("seconds")
                error = part.nrmse.cummin()
                style = {"color": "k", "linewidth": 2, "marker": "o"} if method == "ours" else {"color": f"C{number}", "marker": "."}
                axis.step(part.seconds, error, where="post", label=method, markersize=4, **style)
            axis.axhline(target_of(table), color="0.6", linestyle=":")
            axis.set(title=name, xscale="log", yscale="log", xlabel="CPU seconds", ylabel="nRMSE on test rows")
        for axis in list(axes.flat)[len(curves) :]:
            axis.remove()
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
