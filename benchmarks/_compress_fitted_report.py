"""The report of compressed fitted models: kernel machines against what is asked of them, and the
curve of trees.
"""

from __future__ import annotations

import pandas as pd

GOAL, ALLOWED = 5.0, 0.01


def report(rows: pd.DataFrame) -> str:
    """Markdown."""
    knees, curves = rows[rows.asked == "knee"], rows[rows.asked != "knee"]
    text = "CPU seconds of one thread for 100,000 rows; R² on test rows; loss is that of R², in shares of the model's own."
    parts = [f"# Fitted models, compressed\n\n{text}\n"]
    for model, part in knees.groupby("model", sort=False):
        parts.append(f"## {model}\n\n{_knees(part)}\n\n{_verdict(part)}\n")
    if len(curves):
        parts.append(
            f"## Trees: what size costs\n\nR² on test rows / fidelity, R² to the trees / "
            f"times faster.\n\n{_curves(curves)}\n"
        )
    return "\n".join(parts)


def _loss(rows: pd.DataFrame) -> pd.Series:
    return 1 - rows.small_r2 / rows.r2


def _knees(rows: pd.DataFrame) -> str:
    head = "| set | rows | columns | its size | units | R² | R² compressed | loss | fidelity | s | s compressed | times faster | made in s |"
    lines = [head, "| --- |" + " ---: |" * 12]
    for row, loss in zip(rows.itertuples(), _loss(rows), strict=True):
        lines.append(
            f"| {row.set} | {row.rows:,} | {row.columns} | {row.size:,} | {row.units} | "
            f"{row.r2:.4f} | {row.small_r2:.4f} | {loss:+.2%} | "
            f"{row.fidelity:.4f} | {row.seconds:.2f} | {row.small_seconds:.2f} | {row.ratio:.1f} "
            f"| {row.made_in:.0f} |"
        )
    return "\n".join(lines)


def _verdict(rows: pd.DataFrame) -> str:
    loss = _loss(rows)
    return (
        f"At least {GOAL:g} times faster on {(rows.ratio >= GOAL).sum()} of {len(rows)}, at most "
        f"{ALLOWED:.0%} of R² lost on "
        f"{(loss <= ALLOWED).sum()} of {len(rows)}, both on "
        f"**{((rows.ratio >= GOAL) & (loss <= ALLOWED)).sum()}**; "
        f"least ratio {rows.ratio.min():.1f}, largest loss {loss.max():+.2%}."
    )


def _curves(rows: pd.DataFrame) -> str:
    sizes = sorted(rows.asked.unique(), key=int)
    lines = [
        "| set | R² of the trees | " + " | ".join(f"{size} units" for size in sizes) + " |",
        "| --- |" + " ---: |" * (1 + len(sizes)),
    ]
    for name, part in rows.groupby("set", sort=False):
        cells = {
            row.asked: f"{row.small_r2:.4f} / {row.fidelity:.4f} / {row.ratio:.1f}"
            for row in part.itertuples()
        }
        lines.append(
            f"| {name} | {part.r2.iloc[0]:.4f} | "
            + " | ".join(cells.get(size, "") for size in sizes)
            + " |"
        )
    return "\n".join(lines)
