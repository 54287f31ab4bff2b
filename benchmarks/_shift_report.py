"""The report of the shift benchmark: false alarms, real shifts found, expected against measured
error.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._shift_cases import REAL

LEVEL = 0.05


def report(rows: pd.DataFrame) -> str:
    """Markdown from the rows of shift.csv."""
    parts = [
        "# Shift\n",
        f"Preset {', '.join(rows.preset.unique())}. False alarms should be at most 5 %.\n",
    ]
    for kind, section in (("none", _none), ("real", _real), ("tilted", _tilted)):
        if (part := rows[rows.kind == kind]).size:
            parts.append(section(part))
    if rows.version.nunique() > 1:
        parts.append(
            f"These rows come from several versions: "
            f"{', '.join(sorted(rows.version.astype(str).unique()))}. Use --fresh for "
            "one.\n"
        )
    return "\n".join(parts)


def _none(rows: pd.DataFrame) -> str:
    source = np.where(rows.set == "synthetic", "synthetic", "real tables")
    lines = []
    for name, part in (*rows.groupby(source), *rows[rows.set != "synthetic"].groupby("set")):
        columns, together = (
            part["columns"].astype(float) <= LEVEL,
            part.together.astype(float) <= LEVEL,
        )
        alarm = columns | together
        cells = [f"{alarm.mean():.1%}", f"{columns.mean():.1%}", f"{together.mean():.1%}"]
        lines.append([str(name), str(len(part)), *cells])
    head = ["no shift", "draws", "any alarm", "a column", "columns together"]
    return f"## False alarms\n\n{_table(head, lines)}\n"


def _real(rows: pd.DataFrame) -> str:
    lines = []
    for (name, new), part in rows.groupby(["set", "new"], sort=False):
        wanted = REAL[str(name)][3]
        moved = [set(str(found).split("; ")) for found in part.moved]
        named = "; ".join(
            f"{column} {np.mean([column in found for found in moved]):.0%}" for column in wanted
        )
        refused = (part.reliable.astype(str) == "False").mean()
        lines.append(
            [
                str(name),
                str(new),
                str(len(part)),
                f"{(part.shifted.astype(str) == 'True').mean():.0%}",
                named,
                f"{refused:.0%}",
            ]
        )
    head = ["real shift", "new rows", "draws", "found", "columns named", "error said to be unknown"]
    return f"## Real shifts\n\n{_table(head, lines)}\n"


def _tilted(rows: pd.DataFrame) -> str:
    numbers = ["before", "expected", "low", "high", "measured_before", "measured", "effective"]
    rows = rows.assign(**{name: rows[name].astype(float) for name in numbers})
    rows = rows.assign(
        true=rows.measured / rows.measured_before,
        said=rows.expected / rows.before,
        off=np.abs(np.log((rows.expected / rows.before) / (rows.measured / rows.measured_before))),
        plain=np.abs(np.log(rows.measured / rows.measured_before)),
        holds=(rows.low / rows.before <= rows.measured / rows.measured_before)
        & (rows.measured / rows.measured_before <= rows.high / rows.before),
    )
    lines = []
    for name, part in (*rows.groupby("set", sort=False), ("all", rows)):
        mean = part[["true", "said", "effective", "off", "plain"]].mean()
        found = (part.shifted.astype(str) == "True").mean()
        cells = [
            f"{found:.0%}",
            f"{mean.true:.3f}",
            f"{mean.said:.3f}",
            f"{mean.off:.3f}",
            f"{mean.plain:.3f}",
            f"{part.holds.mean():.0%}",
        ]
        lines.append([str(name), str(len(part)), *cells, f"{mean.effective:.0f}"])
    head = [
        "tilted",
        "draws",
        "found",
        "error, new / old",
        "expected",
        "off",
        "off without a check",
        "in the interval",
        "effective rows",
    ]
    text = "Off: mean of |log| of expected over measured ratio; without a check one expects 1. The interval is that of the estimate."
    return f"## Expected error where only the columns move\n\n{_table(head, lines)}\n\n{text}\n"


def _table(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])
