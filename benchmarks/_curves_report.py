"""The report of the curves: best error of each method, when it was reached, and when ours was
there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

TWIN, MLP = "same architecture, Adam", "ReLU network, AdamW"
FACTOR = 5


def reached(curve: pd.DataFrame, error: float) -> float:
    """Seconds after which a curve is at `error` or below; infinite if never."""
    there = curve.loc[curve.nrmse <= error * (1 + 1e-12), "seconds"]
    return float(there.min()) if len(there) else float("inf")


def report(curves: dict[str, pd.DataFrame]) -> str:
    """Markdown from the curves of each set."""
    rows, wins = [], 0
    for name, table in curves.items():
        of = dict(iter(table.groupby("method", sort=False)))
        ours, others = of["ours"], [of[TWIN], of[MLP]]
        cells, all_won = [name, f"{ours.nrmse.iloc[-1]:.4f}", f"{ours.seconds.iloc[-1]:.1f}"], True
        for other in others:
            best = float(other.nrmse.min())
            theirs, mine = reached(other, best), reached(ours, best)
            won = mine * FACTOR <= theirs
            all_won &= won
            back = reached(other, float(ours.nrmse.iloc[-1]))
            cells += [
                f"{best:.4f}",
                f"{theirs:.1f}",
                f"{mine:.1f} (1/{theirs / mine:.1f})" if np.isfinite(mine) else "never",
                f"{back:.1f}" if np.isfinite(back) else f"never (in {other.seconds.max():.0f} s)",
            ]
        wins += all_won
        rows.append([*cells, "yes" if all_won else "no"])
    head = ["set", "ours", "s"]
    for method in ("same architecture, random weights, Adam", "ReLU network of equal size, AdamW"):
        head += [f"{method}: best", "s to it", "s of ours to it", "s to reach ours"]
    lines = [[*head, f"ours in ≤ 1/{FACTOR} of both"], ["---"] * (len(head) + 1), *rows]
    first = next(iter(curves.values()))
    most = max(int(table["rows"].iloc[0]) for table in curves.values())
    text = f"""# Error against seconds

nRMSE on test rows; {first.threads.iloc[0]} threads for every method, at most {most:,} training rows. The others' seconds hold their pilot, and the \
best error of each is the least along its curve. "Never" is shown as such and is not a time.

"""
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{text}{table}\n\nOurs reaches the best error of both in at most 1/{FACTOR} of their time on **{wins} of {len(curves)}**.\n"


def plot(curves: dict[str, pd.DataFrame], path: Path) -> None:
    """One panel a set, seconds on a logarithmic axis."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "motifnet"
    import matplotlib.pyplot as plt

    columns = min(3, len(curves))
    lines = -(-len(curves) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(4 * columns, 3 * lines), squeeze=False, layout="constrained"
    )
    for axis, (name, table) in zip(axes.flat, curves.items(), strict=False):
        for method, style in (("ours", "o-"), (TWIN, "-"), (MLP, "-")):
            part = table[table.method == method]
            axis.step(part.seconds, part.nrmse, style, where="post", label=method, markersize=3)
        axis.set(
            title=name, xscale="log", yscale="log", xlabel="seconds", ylabel="nRMSE on test rows"
        )
    for axis in list(axes.flat)[len(curves) :]:
        axis.remove()
    axes[0, 0].legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
