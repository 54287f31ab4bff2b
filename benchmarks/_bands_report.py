"""The results of `benchmarks.bands` in words and a table."""

from __future__ import annotations

import numpy as np
import pandas as pd


def report(rows: pd.DataFrame) -> str:
    """Share of repetitions in which the band held the function at all rows, one line a truth and
    number of rows.
    """
    level, preset = float(rows.coverage.iloc[0]), str(rows.preset.iloc[0])
    lines = [
        f"# Bands at {level:.0%}, preset {preset}",
        "",
        "Two columns, uniform; the function at 100 new rows. *whole function*: share of "
        "repetitions in which a simultaneous band held it at all "
        "of them, with its standard error. *by row*: share of rows that a pointwise band held. "
        "*half*: mean half width of the simultaneous band in "
        "units of the target, *error*: root mean squared error of its middle. Split: feature "
        "layers "
        "on one half of the rows, band from the other; "
        "default: both on all rows.",
        "",
        "| truth | rows | band | repetitions | whole function | by row | half | error |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = rows.sort_values(["n", "truth", "band"], ascending=[True, False, False], kind="stable")
    for (truth, n, band), part in rows.groupby(["truth", "n", "band"], sort=False):
        lines.append(f"| {truth} | {n:,} | {band} | {len(part)} | {_cells(part)} |")
    for band, part in rows.groupby("band", sort=False):
        shares = part.groupby(["truth", "n"]).covered.mean()
        lines += [
            "",
            f"- {band}: mean {shares.mean():.1%}, {shares.min():.1%} to {shares.max():.1%}.",
        ]
    lines += [
        "",
        f"- CPU seconds for a fit with one band: "
        f"{', '.join(f'{s:.1f} at n = {n:,}' for n, s in rows.groupby('n').seconds.mean().items())}.",
        "",
    ]
    return "\n".join(lines)


def _cells(part: pd.DataFrame) -> str:
    share = part.covered.mean()
    error = np.sqrt(max(share * (1 - share), 0.25 / len(part)) / len(part))
    return f"{share:.1%} ± {error:.1%} | {part.by_row.mean():.1%} | {part.half.mean():.3f} | {part.error.mean():.3f}"
