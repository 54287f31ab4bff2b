"""The report of the race, from its curves alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from motifnet.lab.race import advantages, firsts, target_of, times


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
