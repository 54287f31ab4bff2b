"""The results of `benchmarks.bands` in words and a table."""

from __future__ import annotations

import numpy as np
import pandas as pd


def report(rows: pd.DataFrame) -> str:
    """Share of repetitions in which the band held the function at all rows, one line a truth and number of rows."""
    level, preset = float(rows.coverage.iloc[0]), str(rows.preset.iloc[0])
    lines = [
        f"# Bands at {level:.0%}, preset {preset}",
        "",
        "Two columns, uniform; the function at 100 new rows. *whole function*: share of repetitions in which a simultaneous band held it at all "
        "of them, with its standard error. *by row*: share of rows that a pointwise band held. *half*: mean half width of the simultaneous band in "
        "units of the target, *error*: root mean squared error of its middle. Split: inner layers on one half of the rows, band from the other; "
        "default: both on all rows.",
        "",
        "| truth | rows | repetitions | split: whole function | by row | half | error | default: whole function | by row | half | error |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (truth, n), part in rows.groupby(["truth", "n"], sort=False):
        cells = [_cells(part, which) for which in ("split", "default")]
        lines.append(f"| {truth} | {n:,} | {len(part)} | {' | '.join(cells)} |")
    for which in ("split", "default"):
        shares = rows.groupby(["truth", "n"])[f"{which}_covered"].mean()
        lines += ["", f"- {which}: mean {shares.mean():.1%}, {shares.min():.1%} to {shares.max():.1%}."]
    lines += ["", f"- CPU seconds a repetition: {', '.join(f'{s:.1f} at n = {n:,}' for n, s in rows.groupby('n').seconds.mean().items())}.", ""]
    return "\n".join(lines)


def _cells(part: pd.DataFrame, which: str) -> str:
    share = part[f"{which}_covered"].mean()
    error = np.sqrt(max(share * (1 - share), 0.25 / len(part)) / len(part))
    return (
        f"{share:.1%} ± {error:.1%} | {part[f'{which}_by_row'].mean():.1%} | {part[f'{which}_half'].mean():.3f} | {part[f'{which}_error'].mean():.3f}"
    )
