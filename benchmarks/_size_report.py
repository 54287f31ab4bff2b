"""The page of `benchmarks.size`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

_TEXT = (
    'The network of a fit at three sizes: errors on test rows as a share of those of `size="full"`, parameters a training row, bytes of the '
    "file, and CPU microseconds to predict a row, one thread. Support vectors stand beside them for the time of a prediction."
)


def report(rows: pd.DataFrame) -> str:
    """The page of all rows."""
    lines = [_line(str(label), str(size), rows[rows.label == label]) for label, size in rows.groupby(["label", "size"], sort=False).groups]
    head = "| code | network | tables | fits | error / full, mean | largest of a table | parameters a row | kB | µs a row | fit, CPU s |"
    return page("Size of a network", _TEXT, checks_table(rows, checks), head, lines, rows)


def ratios(rows: pd.DataFrame, size: str) -> pd.Series:
    """Error / that of the full network, mean over splits of each table, in logarithms."""
    keys = ["set", "split", "preset"]
    pairs = rows[rows["size"] == size].merge(rows[rows["size"] == "full"], on=keys, suffixes=("", "_full"))
    return np.exp(np.log(pairs.error / pairs.error_full).groupby(pairs.set).mean())


def checks(rows: pd.DataFrame) -> list[Check]:
    """What is asked of the compact and the small network."""
    compact, small, vectors = (rows[rows["size"] == size] for size in ("compact", "small", "SVR"))
    found = []
    if len(of_compact := ratios(rows, "compact")):
        found += [
            Check("compact: error / full, mean", float(np.exp(np.log(of_compact).mean())), most=1.005),
            Check("compact: error / full, largest of a table", float(of_compact.max()), most=1.02),
            Check("compact: parameters a row, largest", float((compact.parameters / compact.rows).max()), most=100),
            Check("compact: bytes, largest", float(compact.bytes.max()), most=1e6),
        ]
    if len(of_small := ratios(rows, "small")):
        found += [
            Check("small: share of tables within 1.02", float((of_small <= 1.02).mean()), least=14 / 16),
            Check("small: parameters, largest", float(small.parameters.max()), most=20_000),
            Check("small: bytes, largest", float(small.bytes.max()), most=2e5),
        ]
    pairs = compact.merge(vectors, on=["set", "split"], suffixes=("", "_svr"))
    if len(pairs):
        found.append(
            Check("times as fast as SVR, geometric mean", float(np.exp(np.log(pairs.microseconds_svr / pairs.microseconds).mean())), least=2.5)
        )
    return found


def _line(label: str, size: str, rows: pd.DataFrame) -> str:
    part, of_full = rows[rows["size"] == size], ratios(rows, size)
    shown = "|" if of_full.empty or size == "SVR" else f"{np.exp(np.log(of_full).mean()):.3f} | {of_full.max():.3f} ({of_full.idxmax()})"
    cells = [
        f"{(part.parameters / part.rows).mean():.0f}",
        "" if size == "SVR" else f"{part.bytes.mean() / 1e3:.0f}",
        f"{part.microseconds.mean():.0f}",
    ]
    return f"| {label} | {size} | {part.set.nunique()} | {len(part)} | {shown} | {' | '.join(cells)} | {part.seconds.mean():.1f} |"
