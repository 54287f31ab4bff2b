"""The page of `benchmarks.size`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

_TEXT = (
    "The network of a fit at three sizes: errors on test rows as a share of those of "
    '`size="full"`, parameters a training row, bytes of the '
    "file, and CPU seconds to predict 100,000 rows, one thread, measured on 10,000. Others stand "
    "beside them for the time of a prediction alone: "
    "support vectors on encoded rows, RealMLP after one epoch, CatBoost with its 1,000 trees."
)


def report(rows: pd.DataFrame) -> str:
    """The page of all rows."""
    lines = [
        _line(str(label), str(size), rows[rows.label == label])
        for label, size in rows.groupby(["label", "size"], sort=False).groups
    ]
    head = "| code | network | tables | fits | error / full, mean | largest of a table | parameters a row | kB | s for 100,000 rows | fit, CPU s |"
    return page("Size of a network", _TEXT, checks_table(rows, checks), head, lines, rows)


def ratios(rows: pd.DataFrame, size: str) -> pd.Series:
    """Error / that of the full network, mean over splits of each table, in logarithms."""
    keys = ["set", "split", "preset"]
    pairs = rows[rows["size"] == size].merge(
        rows[rows["size"] == "full"], on=keys, suffixes=("", "_full")
    )
    return np.exp(np.log(pairs.error / pairs.error_full).groupby(pairs.set).mean())


def checks(rows: pd.DataFrame) -> list[Check]:
    """What is asked of the compact and the small network."""
    compact, small = (rows[rows["size"] == size] for size in ("compact", "small"))
    found = []
    if len(of_compact := ratios(rows, "compact")):
        found += [
            Check(
                "compact: error / full, mean", float(np.exp(np.log(of_compact).mean())), most=1.005
            ),
            Check("compact: error / full, largest of a table", float(of_compact.max()), most=1.02),
            Check(
                "compact: parameters a row, largest",
                float((compact.parameters / compact.rows).max()),
                most=100,
            ),
            Check("compact: bytes, largest", float(compact.bytes.max()), most=1e6),
        ]
    if len(of_small := ratios(rows, "small")):
        found += [
            Check(
                "small: share of tables within 1.02",
                float((of_small <= 1.02).mean()),
                least=14 / 16,
            ),
            Check("small: parameters, largest", float(small.parameters.max()), most=20_000),
            Check("small: bytes, largest", float(small.bytes.max()), most=2e5),
        ]
    found += [
        Check("compact: seconds of SVR / ours, mean", _times(rows, "SVR", "compact"), least=2.5),
        Check(
            "compact: seconds of the full network / ours, mean",
            _times(rows, "full", "compact"),
            least=10,
        ),
        Check("compact: our seconds / RealMLP's, mean", _times(rows, "compact", "RealMLP"), most=3),
        Check("small: our seconds / RealMLP's, mean", _times(rows, "small", "RealMLP"), most=1),
    ]
    found = [check for check in found if np.isfinite(check.value)]
    return found


def _times(rows: pd.DataFrame, first: str, second: str) -> float:
    """Seconds of one network as multiples of those of another, geometric mean; NaN where they share
    no table.
    """
    one, other = (rows[rows["size"] == size] for size in (first, second))
    pairs = one.merge(other, on=["set", "split"], suffixes=("", "_other"))
    return (
        float(np.exp(np.log(pairs.microseconds / pairs.microseconds_other).mean()))
        if len(pairs)
        else np.nan
    )


def _line(label: str, size: str, rows: pd.DataFrame) -> str:
    part, of_full = rows[rows["size"] == size], ratios(rows, size)
    shown = (
        "|"
        if of_full.empty or part.bytes.isna().all()
        else f"{np.exp(np.log(of_full).mean()):.3f} | {of_full.max():.3f} ({of_full.idxmax()})"
    )
    cells = [
        _mean(part.parameters / part.rows),
        _mean(part.bytes / 1e3),
        f"{part.microseconds.mean() / 10:.1f}",
    ]
    return f"| {label} | {size} | {part.set.nunique()} | {len(part)} | {shown} | {' | '.join(cells)} | {part.seconds.mean():.1f} |"


def _mean(values: pd.Series) -> str:
    return "" if values.isna().all() else f"{values.mean():.0f}"
