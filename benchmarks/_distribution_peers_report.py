"""The results of `benchmarks.distribution_peers`: each table beside its best peer, and each method
over the tables.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._distribution_report import COVERAGES, MEAN_MISS, PART_MISS
from benchmarks._experiment import Check, checks_table, page

OURS = ("balanced", "fast")
MAX_RATIO, MIN_LOWER, MAX_WORSE = 0.95, 12, 5.0
COVERS = [f"cover{level * 100:.0f}" for level in COVERAGES]
FIFTHS = [f"fifth{i}" for i in range(1, 6)]


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks, a line for each table and preset, and one for each method."""
    lines = [
        line
        for label, part in rows.groupby("label", sort=False)
        for preset in _presets(part)
        for line in _tables(f"{label} | {preset}", beside(part, preset))
    ]
    methods = [
        line for label, part in rows.groupby("label", sort=False) for line in _methods(label, part)
    ]
    return page(
        "Whole distributions against six peers",
        f"Means over random splits, at most {rows.train_rows.max():,} training and "
        f"{rows.test_rows.max():,} test rows. CRPS in standard deviations of the target of the "
        "test rows, NLL in nats and units of the target. The best peer of a table is chosen "
        "afterwards, by the score itself: no method is all of them. PIT: largest distance of the "
        "PIT values of a split from uniform. Coverage of central quantiles at 50, 80, 90 and 95 "
        "%; fifths: the least and the greatest at 90 % of fifths by predicted standard deviation. "
        "Many targets have few values (wine_red 6, pol 11, abalone 28, cpu_act 56, elevators 61): "
        "there the NLL of a density rewards a peak at a value, and the density between quantiles "
        "that coincide is bounded by 100 / sd.",
        checks_table(rows, checks),
        "| code | preset | table | splits | CRPS | best peer | ratio | NLL | best peer | difference "
        "| worst split | coverage | fifths | PIT | PIT of the best peer by NLL |",
        [*lines, "", *_METHODS_HEAD, *methods],
        rows,
    )


def beside(rows: pd.DataFrame, preset: str) -> pd.DataFrame:
    """For each table the mean scores of a preset and of its best peer, for each score; only splits
    that every method has.
    """
    rows = rows.assign(crps=rows.crps / rows.sd)
    methods = [m for m in rows.method.unique() if m not in OURS]
    rows = rows[rows.method.isin([preset, *methods])]
    rows = rows[rows.groupby(["set", "split"]).method.transform("nunique") == len(methods) + 1]
    mean = rows.groupby(["set", "method"], sort=False).mean(numeric_only=True)
    found = mean.xs(preset, level="method").assign(splits=rows.groupby("set").split.nunique())
    for score in ("crps", "nll"):
        peers = mean[score].unstack()[methods]
        found[f"{score}_peer"], found[f"{score}_best"] = peers.idxmin(axis=1), peers.min(axis=1)
    nll = rows.pivot(index=["set", "split"], columns="method", values="nll")
    worse = nll[preset].replace(np.nan, np.inf) - nll[methods].min(axis=1)
    pit = mean["pit"].unstack()
    found["pit_best"] = [pit.loc[name, peer] for name, peer in found.nll_peer.items()]
    return found.assign(
        ratio=found.crps / found.crps_best,
        difference=found.nll - found.nll_best,
        worst=worse.groupby("set").max(),
        far=(worse > MAX_WORSE).groupby("set").sum(),
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label, for each preset."""
    return [check for preset in _presets(rows) for check in _checks(preset, beside(rows, preset))]


def _checks(preset: str, found: pd.DataFrame) -> list[Check]:
    miss = max(abs(found[c].mean() - level) for c, level in zip(COVERS, COVERAGES, strict=True))
    return [
        Check(
            f"{preset}: CRPS over that of the best of six peers, median of the tables",
            found.ratio.median(),
            most=MAX_RATIO,
        ),
        Check(
            f"{preset}: tables with a lower NLL than the best of six peers, of {len(found)}",
            int((found.difference < 0).sum()),
            MIN_LOWER,
        ),
        Check(
            f"{preset}: splits with an infinite NLL, or one 5 nats above the best peer's",
            int(found.far.sum()),
            most=0,
        ),
        Check(f"{preset}: coverage, mean of the tables: largest miss", miss, most=MEAN_MISS),
        Check(
            f"{preset}: coverage of a fifth at 90 %, mean of the tables: largest miss",
            float((found[FIFTHS].mean() - 0.9).abs().max()),
            most=PART_MISS,
        ),
    ]


def _presets(rows: pd.DataFrame) -> list[str]:
    return [preset for preset in OURS if (rows.method == preset).any()]


def _tables(start: str, found: pd.DataFrame) -> list[str]:
    return [
        f"| {start} | {name} | {row.splits} | {row.crps:.4f} | {row.crps_best:.4f} {row.crps_peer} "
        f"| {row.ratio:.3f} | {row.nll:.3f} | {row.nll_best:.3f} {row.nll_peer} "
        f"| {row.difference:+.3f} | {row.worst:+.2f} | {_percents(row[COVERS])} "
        f"| {row[FIFTHS].min():.1%} – {row[FIFTHS].max():.1%} | {row.pit:.3f} | {row.pit_best:.3f} |"
        for name, row in found.iterrows()
    ]


_METHODS_HEAD = (
    "| code | method | splits | CRPS | median of ours over it | our NLL lower | worst NLL of a split "
    "over the best of all | coverage | fifths | width at 50, 80, 90, 95 % in sd | PIT "
    "| fit seconds | predict seconds |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
)


def _methods(label: object, rows: pd.DataFrame) -> list[str]:
    """A method over all tables; "ours" is the first preset that is there."""
    rows = rows.assign(crps=rows.crps / rows.sd, above=rows.nll - _least(rows))
    for level in COVERAGES:
        rows[f"width{level * 100:.0f}"] /= rows.sd
    mean = rows.groupby(["method", "set"], sort=False)[["crps", "nll"]].mean()
    ours = mean.loc[next(iter(_presets(rows)), rows.method.iloc[0])]
    lines = []
    for method, part in rows.groupby("method", sort=False):
        theirs = mean.loc[method]
        gain = (theirs.nll - ours.nll).dropna()
        own = part.groupby("set").mean(numeric_only=True).mean()
        widths = " / ".join(f"{own[c.replace('cover', 'width')]:.2f}" for c in COVERS)
        lines.append(
            f"| {label} | {method} | {len(part)} | {own.crps:.4f} "
            f"| {(ours.crps / theirs.crps).median():.3f} "
            f"| {int((gain > 0).sum())} of {len(gain)} | {part.above.max():.1f} "
            f"| {_percents(own[COVERS])} | {own[FIFTHS].min():.1%} – {own[FIFTHS].max():.1%} "
            f"| {widths} | {own.pit:.3f} | {own.fit_seconds:.1f} | {own.predict_seconds:.2f} |"
        )
    return lines


def _least(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby(["set", "split"]).nll.transform("min")


def _percents(shares: pd.Series) -> str:
    return " / ".join(f"{share:.1%}" for share in shares)
